"""Runs in plain terms, played without an exchange: the same laws, records of a few bytes an order."""
