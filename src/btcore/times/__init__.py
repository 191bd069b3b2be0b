"""Lengths of time, time zones and trading sessions.

Begin with `intervals` (lengths in nanoseconds) and `clock` (one instant); `zones` converts columns of times.
`lengths` gives bars their ends, and `buckets` are the periods of resampling.
"""
