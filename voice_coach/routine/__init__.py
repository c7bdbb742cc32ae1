"""The daily stretch, for days without a cramp: led by voice, remembered, and reminded of."""
