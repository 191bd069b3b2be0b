"""Strategies that are columns of target positions: `Targets`, and the plan that leads to its orders."""
