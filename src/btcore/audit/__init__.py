"""Checks: a strategy for look-ahead, and this installation against cases worked out by hand."""
