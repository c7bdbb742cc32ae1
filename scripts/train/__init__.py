"""Training of the coach's own acoustic model, from corpora to a Vosk model folder."""
