"""The life of a run: queue, worker processes, retries.

Begin with `lifecycle.Runs`; `process` is the server's side of a worker, `worker` the process itself.
"""
