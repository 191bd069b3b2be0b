"""Sweeps that `lanes` can play: which those are, what their runs share, and the portions for threads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars
from btcore.fastpath.plain import is_plain
from btcore.fastpath.sweep_lanes import Lanes
from btcore.metrics.run_metrics import Period
from btcore.results.summary import GRIDS
from btcore.strategies import STRATEGIES, make_handler
from btcore.strategies.builtin.signal import Signal
from btcore.times.zones import midnights

from .run_one import Setting

CROSSING = "ma_crossover"  # known to the lanes: its means are shared
WIDEST = 2
CLOSES_BYTES = 16 << 20  # of a portion's equity at period ends
WORK, ABREAST = 2 * 10**8, 64  # a portion: about so many bars in all, but at least so many runs

Rows = NDArray[np.int64]


def period_ends(delivered: Rows, timezone: str, closes: Rows | None) -> tuple[int, Rows]:
    """The kind of period that `summary.period_returns` takes, and the bars that end one."""
    n = len(delivered)
    past = midnights(int(delivered[0]), int(delivered[-1]), timezone) if closes is None else closes
    ends = np.unique(np.append(np.searchsorted(delivered, past, side="right"), n))
    ends = ends[ends > 0] - 1
    if len(ends) >= 2:
        return Period.DAY if closes is None else Period.SESSION, ends
    for name, interval in GRIDS:
        cell = (delivered - 1) // interval
        ends = np.append(np.flatnonzero(cell[1:] != cell[:-1]), n - 1)
        if len(ends) >= 2:
            return Period[name.upper()], ends
    return Period.POINT, np.arange(n)


def lanes_of(setting: Setting, strategy: Any, params: Sequence[Any], width: int = WIDEST) -> Lanes | None:
    """Every run of a built-in strategy, ready to be played; None where it takes the general engine.

    Lanes play strategies that turn prices into a stance, over one symbol's bars in plain terms. `width` is
    that of the registers, 0 to 2, as far as the processor has them.
    """
    if not isinstance(strategy, str) or not STRATEGIES[strategy].module or setting.every != 0:
        return None
    if not is_plain(setting.tape, setting.steps, setting.terms, setting.dated):
        return None
    bars = setting.markets[0][1][0]
    if not isinstance(bars, Bars) or not isinstance(make_handler(strategy, params[0], 1), Signal):
        return None
    period, ends = period_ends(bars.timestamp + bars.interval, setting.timezone, setting.closes)
    own = params if strategy == CROSSING else [make_handler(strategy, p, 1) for p in params]
    return Lanes(
        bars, own, setting.steps[0], setting.terms, setting.capital, setting.first, int(period), ends, width
    )


def portions(lanes: Lanes, threads: int) -> list[Rows]:
    """The runs in portions for threads to take, those of the same long mean together.

    A portion takes a fraction of a second: between two progress is told and an interrupt is heard.
    """
    n = len(lanes.params)
    order = sorted(range(n), key=lambda i: _periods(lanes.params[i]))
    fitting = CLOSES_BYTES // (8 * (lanes.n_ends + 1))
    brief = max(ABREAST, WORK // lanes.n_bars)
    size = max(1, min(fitting, brief, -(-n // (2 * threads))))
    return [np.array(order[at : at + size], np.int64) for at in range(0, n, size)]


def _periods(own: Any) -> tuple[int, int]:
    return getattr(own, "long_period", 0), getattr(own, "short_period", 0)
