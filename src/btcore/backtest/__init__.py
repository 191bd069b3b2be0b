"""What a user calls: `run`, `sweep`, and the same for a `RunRequest`."""
