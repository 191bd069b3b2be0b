"""Strategies as Python classes with callbacks."""
