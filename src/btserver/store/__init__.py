"""Runs, optimizations, results and events in LMDB, an embedded key-value database.

Begin with `store.Store`; `records` has the reads and writes of a kind of job, `transitions` the changes of
one, `follow` the live events, `studies` the files with the trials of optimizations.
"""
