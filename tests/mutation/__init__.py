"""Planted faults: how many of them the tests notice. `scripts/mutate` runs this package."""
