"""`run` and `sweep`, and the same for a `RunRequest`.

Begin with `run_one.run`; `prepare` checks data and settings, `fast_paths` chooses the player.
"""
