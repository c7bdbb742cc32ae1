"""A conversation goes on after its process has died: the journal, the clocks, the way back in."""
