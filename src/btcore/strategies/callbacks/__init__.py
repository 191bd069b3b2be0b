"""Strategies that are Python classes with callbacks: `Strategy`, its `Context` and its events."""
