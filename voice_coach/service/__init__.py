"""The coach as a service of the system: there at three in the morning, on the hundredth night."""
