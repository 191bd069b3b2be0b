"""`btcore.jit`: the records and order functions that Numba strategies use. Needs numba."""

from .strategies.compiled.numba import *  # noqa: F403
