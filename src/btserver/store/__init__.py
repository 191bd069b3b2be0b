"""Runs, results and events in LMDB."""
