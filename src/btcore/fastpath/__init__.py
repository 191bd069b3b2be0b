"""Fast paths: shortcuts for common runs, which must leave the same bytes as the engine.

A fast path simulates a run that `backtest.fast_paths` calls plain: one symbol, one stream, and only fills
change the account. It applies the functions of `rules` to the prices that matter and reads no other rows.
`plain_run` is for arrays of market orders and for built-in signal strategies, `sweep_lanes` for many
parameter sets of one such strategy over bars. `plain_records` computes the tables of a plain run when they
are read, and `plain_curve` the sums that its metrics need, without tables.

A fast path defines no rules, does not approximate, and gives the same result however its work is cut into
portions. In a case that it does not simulate (a margin call, an order cut to the available cash) it stops,
and the engine simulates the run from the start. Tests compare all its records with the engine's.
"""
