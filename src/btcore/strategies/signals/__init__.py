"""Strategies that are columns of signals, one row per bar: `Signals`."""
