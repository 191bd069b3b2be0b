"""What a user calls: `run` and `sweep`."""
