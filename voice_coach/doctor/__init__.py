"""A self-test: what works, what does not, and the one thing to do about it."""
