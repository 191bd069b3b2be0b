"""Strategies that are Numba functions, or C functions of other Cython modules: `Compiled`."""
