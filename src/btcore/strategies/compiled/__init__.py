"""Strategies as Numba functions, or C functions of other Cython modules."""
