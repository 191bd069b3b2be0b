"""`sweep`: one strategy with many parameter sets, and its result."""
