"""Strategies as arrays of target positions, rebalanced on a schedule."""
