"""Import of a LEAN data folder."""
