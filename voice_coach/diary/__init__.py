"""What happened in which night: kept on this computer, for the person and their doctor."""
