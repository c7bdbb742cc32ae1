"""Is it well said? What a safe conversation can still get wrong: its wording, and how it sounds."""
