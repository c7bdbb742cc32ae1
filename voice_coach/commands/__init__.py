"""What each command does, once its line has been parsed. Each returns an exit code."""
