"""The life of a run: queue, worker processes, retries."""
