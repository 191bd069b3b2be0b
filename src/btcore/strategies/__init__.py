"""The built-in strategies by name: what each is asked, and the compiled handler that plays it."""

from btcore.strategies.builtin.registry import STRATEGIES, TargetWeights, check_params, make_handler

__all__ = ["STRATEGIES", "TargetWeights", "check_params", "make_handler"]
