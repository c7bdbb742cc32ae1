"""Measurements: speed, memory and accuracy, side by side with a peer."""
