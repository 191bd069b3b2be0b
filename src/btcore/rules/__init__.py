"""The trading rules as pure functions: matching, order checks, accounting, costs and latency."""
