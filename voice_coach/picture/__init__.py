"""The conversation on paper: pictures and a table, for whoever reviews it."""
