"""Six ways to write a strategy, one folder each:

    builtin     a name and parameters, such as "ma_crossover"; compiled
    callbacks   a class with Python callbacks (`Strategy`)
    arrays      columns of orders that are known before the run (`Orders`)
    signals     columns of entries and exits, one row per bar (`Signals`)
    targets     columns of target positions that are known before the run (`Targets`)
    compiled    a Numba function, also one made of a plain function (`compiled`), or a C function of a Cython
                module (`Compiled`)

In each folder but `builtin` the module `handler` has the code that is called during a run. `builtin` has one
module per strategy instead.
"""

from btcore.strategies.builtin.registry import STRATEGIES, TargetWeights, check_params, make_handler

__all__ = ["STRATEGIES", "TargetWeights", "check_params", "make_handler"]
