"""Checks of a strategy and of this installation: look-ahead check, conformance cases."""
