"""The trading rules as pure functions: matching, order checks, accounting, commission, slippage and latency."""
