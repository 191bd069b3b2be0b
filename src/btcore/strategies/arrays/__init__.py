"""Strategies as arrays of orders."""
