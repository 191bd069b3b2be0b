"""A run's symbols as a planner of trades sees them: what a unit is worth and what trading it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.data.base import Container
from btcore.data.containers import Bars, Quotes
from btcore.data.timestamps import moment_ns

Floats = NDArray[np.float64]
Markets = Sequence[tuple[str, tuple[Container, ...]]]
Rates = Mapping[str, Any]  # of a currency: the run's money for one of it, a number or (moment, number) steps
_RANKS = {"quotes": 0, "trades": 1, "bars": 2}  # the first of these that a symbol has gives its mark
_SPREAD_OUT = 10  # times its mean: longer than almost any draw of the jitter


class Listing:
    """Columns with an item a symbol, in the order of the run. All money is in the run's currency."""

    def __init__(
        self,
        markets: Markets,
        instruments: Sequence[Instrument],
        timezone: str,
        execution: Execution,
        fx: Rates | None = None,
    ) -> None:
        self.symbols = tuple(symbol for symbol, _ in markets)
        self.execution = execution
        self.leverage = 1.0 if execution.account == "cash" else execution.leverage
        self.fee = execution.commission_min or 0.0  # of an order, whatever its size
        self.lots = np.array([i.lot_size for i in instruments])
        # What a unit of notional counts in buying power.
        self.loads = np.array(
            [self.leverage * i.initial_margin if i.initial_margin else 1.0 for i in instruments]
        )
        self._multipliers = np.array([i.multiplier for i in instruments])
        self._ticks = np.array([i.tick_size for i in instruments]) * execution.slippage_ticks
        self._smallest = np.array([i.min_notional for i in instruments])
        self._sources = [min(streams, key=lambda s: _RANKS[s.kind]) for _, streams in markets]
        self._rates = [_steps((fx or {}).get(i.currency or "", 1.0), timezone) for i in instruments]

    def first_mark(self, symbol: int) -> int:
        """When the event is delivered that gives the symbol its first price, ns UTC."""
        source = self._sources[symbol]
        return int(source.timestamp[0]) + (source.interval if isinstance(source, Bars) else 0)

    def travel(self) -> int:
        """Nanoseconds until an order has arrived and what it did is known; the longest of the run."""
        terms = self.execution
        jitter = terms.latency_jitter_ms + terms.response_jitter_ms
        slack = jitter if terms.jitter == "uniform" else _SPREAD_OUT * jitter
        return round((_longest(terms.latency_ms) + _longest(terms.response_latency_ms) + slack) * 1e6)

    def point_values(self, now: int) -> Floats:
        """Money for one point of the price of one unit."""
        rates = [rate[max(int(np.searchsorted(since, now, "right")) - 1, 0)] for since, rate in self._rates]
        values: Floats = self._multipliers * np.array(rates)
        return values

    def smallest(self, now: int) -> Floats:
        """The least money that an order may be of."""
        smallest: Floats = self._smallest * self.point_values(now) / self._multipliers
        return smallest

    def costs(self, prices: Floats, now: int) -> Floats:
        """What a taker pays of the notional, beside half the spread and what depends on size."""
        terms = self.execution
        taker = terms.commission_bps if terms.taker_bps is None else terms.taker_bps
        bps = max(0.0, taker, *(tier.taker_bps for tier in terms.commission_tiers))
        share = max(0.0, terms.commission_per_share) / (np.abs(prices) * self.point_values(now))
        return (terms.slippage_bps + bps) / 1e4 + share + self._ticks / np.abs(prices)

    def half_spreads(self, now: int) -> Floats:
        """Of the quotes that a timer at `now` finds standing, relative to their mids; 0 without quotes."""
        return np.array([_half_spread(source, now) for source in self._sources])


def _half_spread(source: Container, now: int) -> float:
    if not isinstance(source, Quotes):
        return 0.0
    row = int(np.searchsorted(source.timestamp, now)) - 1  # a timer comes before the quotes of its instant
    if row < 0:
        return 0.0
    bid, ask = float(source.bid[row]), float(source.ask[row])
    return (ask - bid) / (ask + bid)


def _longest(milliseconds: Any) -> float:
    """Of a number or of dated steps."""
    if isinstance(milliseconds, Sequence):
        return max((float(value) for _, value in milliseconds), default=0.0)
    return float(milliseconds)


def _steps(rate: Any, timezone: str) -> tuple[NDArray[np.int64], Floats]:
    """Since when, and what; the first holds before its moment too."""
    steps = rate if isinstance(rate, Sequence) else [(0, rate)]
    moments = [moment_ns(moment, timezone, "fx") for moment, _ in steps]
    return np.array(moments, np.int64), np.array([value for _, value in steps], np.float64)
