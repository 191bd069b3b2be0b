"""Strategies that are columns of orders: `Orders`."""
