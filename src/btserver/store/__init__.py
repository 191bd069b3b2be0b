"""Runs, results and events in LMDB, an embedded key-value database.

Begin with `store.Store`; `transitions` has the changes of a run, `follow` the live events.
"""
