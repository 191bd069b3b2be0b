"""Sweeps that `lanes` can play: which those are, what their runs share, and the portions for threads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backtest import Setting
from ..data.containers import Bars
from ..data.zones import midnights
from ..measures import Period
from ..strategies import make_handler
from ..summary import GRIDS
from .lanes import Lanes
from .plain import is_plain

SIGNALS = ("ma_crossover", "momentum", "mean_reversion", "rsi")  # decide by prices alone
WIDEST = 2
CLOSES_BYTES = 16 << 20  # of a portion's equity at period ends

Rows = NDArray[np.int64]


def playable(setting: Setting, strategy: Any) -> Bars | None:
    """The bars of a sweep that lanes can play; None where it takes the general engine."""
    if not isinstance(strategy, str) or strategy not in SIGNALS or setting.every != 0:
        return None
    if not is_plain(setting.tape, setting.steps, setting.terms, setting.dated):
        return None
    only = setting.markets[0][1][0]
    return only if isinstance(only, Bars) else None  # never overlapping: an order meets the next one's open


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


def lanes_of(
    setting: Setting, bars: Bars, strategy: str, params: Sequence[Any], width: int = WIDEST
) -> Lanes:
    """Every run, ready to be played, in registers of that width (0 to 2) if the processor has them."""
    period, ends = period_ends(bars.timestamp + bars.interval, setting.timezone, setting.closes)
    own = params if strategy == "ma_crossover" else [make_handler(strategy, p, 1) for p in params]
    return Lanes(
        bars, own, setting.steps[0], setting.terms, setting.capital, setting.first, int(period), ends, width
    )


def portions(lanes: Lanes, threads: int) -> list[Rows]:
    """The runs in portions for threads to take, those of the same long mean together."""
    n = len(lanes.params)
    order = sorted(range(n), key=lambda i: _periods(lanes.params[i]))
    fitting = CLOSES_BYTES // (8 * (lanes.n_ends + 1))
    size = max(1, min(fitting, -(-n // (2 * threads))))
    return [np.array(order[at : at + size], np.int64) for at in range(0, n, size)]


def _periods(own: Any) -> tuple[int, int]:
    return getattr(own, "long_period", 0), getattr(own, "short_period", 0)
