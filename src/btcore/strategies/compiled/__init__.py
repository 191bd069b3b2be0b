"""Strategies that are Numba functions, or C functions of other Cython modules: `Compiled`.

`decorator` has `compiled`, which makes one of a plain function: `state_layout` lays out its state,
`compile_function` compiles it with the Numba types of `numba_state`, `numba_views` and `numba_account`, and
`compile_errors` says what is wrong with it.
"""
