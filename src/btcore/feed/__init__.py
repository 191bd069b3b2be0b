"""Columns of market data as the engine reads them, and the events of a run in order of time."""
