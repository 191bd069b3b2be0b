"""The built-in strategies, compiled: one file each, plus what they share."""
