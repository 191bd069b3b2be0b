"""Where the trials of a sweep run: threads, processes, a Ray cluster, or an object like `concurrent.futures`.

A pool takes batches of trials and returns futures; `dispatch` keeps its workers busy, and runs again what was
lost with a worker. The work (data, settings, strategy) is sent to a worker once, not with each batch.
"""
