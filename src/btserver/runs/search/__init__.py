"""The search of an optimization, by the engine: its modules and `runs.engine` alone import that.

`checks` refuses a request before it is stored; `play`, in a worker process, searches and sums up.
"""
