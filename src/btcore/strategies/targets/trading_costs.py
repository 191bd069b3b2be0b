"""Per symbol: point value, lot size, spread, fees and margin weight, for planning trades."""

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
# By currency: the price of one unit in the run's currency, a number or (moment, number) steps.
Rates = Mapping[str, Any]
_MARK_RANKS = {"quotes": 0, "trades": 1, "bars": 2}  # the first kind that a symbol has sets its mark
_LONGEST_DRAW = 10  # of exponential jitter, in means; longer draws are rarer than 1 in 20,000


class TradingCosts:
    """Arrays with one item per symbol, in the order of the run. Money is in the run's currency."""

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
        self.fee = execution.commission_min or 0.0  # per order, whatever its size
        self.lots = np.array([i.lot_size for i in instruments])
        # Buying power that one unit of notional uses.
        self.margin_weights = np.array(
            [self.leverage * i.initial_margin if i.initial_margin else 1.0 for i in instruments]
        )
        self._multipliers = np.array([i.multiplier for i in instruments])
        self._slippage = np.array([i.tick_size for i in instruments]) * execution.slippage_ticks
        self._min_notionals = np.array([i.min_notional for i in instruments])
        self._sources = [min(streams, key=lambda s: _MARK_RANKS[s.kind]) for _, streams in markets]
        self._rates = [_rate_steps((fx or {}).get(i.currency or "", 1.0), timezone) for i in instruments]

    def first_mark_time(self, symbol: int) -> int:
        """When the symbol gets its first price, ns UTC. A bar is delivered at its end."""
        source = self._sources[symbol]
        return int((source.end if isinstance(source, Bars) else source.timestamp)[0])

    def max_round_trip(self) -> int:
        """The longest time in ns between sending an order and knowing its outcome."""
        execution = self.execution
        jitter = execution.latency_jitter_ms + execution.response_jitter_ms
        if execution.jitter != "uniform":
            jitter *= _LONGEST_DRAW
        latency = _longest(execution.latency_ms) + _longest(execution.response_latency_ms)
        return round((latency + jitter) * 1e6)

    def point_values(self, now: int) -> Floats:
        """The money that one unit gains when its price rises by 1."""
        rates = [rate[max(int(np.searchsorted(since, now, "right")) - 1, 0)] for since, rate in self._rates]
        values: Floats = self._multipliers * np.array(rates)
        return values

    def min_notionals(self, now: int) -> Floats:
        """The smallest notional that an order may have."""
        notionals: Floats = self._min_notionals * self.point_values(now) / self._multipliers
        return notionals

    def costs(self, prices: Floats, now: int) -> Floats:
        """A taker's costs as a share of the notional, without half the spread and without `fee`."""
        execution = self.execution
        taker = execution.commission_bps if execution.taker_bps is None else execution.taker_bps
        bps = max(0.0, taker, *(tier.taker_bps for tier in execution.commission_tiers))
        per_share = max(0.0, execution.commission_per_share) / (np.abs(prices) * self.point_values(now))
        return (execution.slippage_bps + bps) / 1e4 + per_share + self._slippage / np.abs(prices)

    def half_spreads(self, now: int) -> Floats:
        """Half the spreads of the latest quotes before `now`, as shares of mids; 0 if none or crossed."""
        return np.array([_half_spread(source, now) for source in self._sources])


def _half_spread(source: Container, now: int) -> float:
    if not isinstance(source, Quotes):
        return 0.0
    row = int(np.searchsorted(source.timestamp, now)) - 1  # a timer at `now` runs before quotes at `now`
    if row < 0:
        return 0.0
    bid, ask = float(source.bid[row]), float(source.ask[row])
    return max(ask - bid, 0.0) / (ask + bid)


def _longest(milliseconds: Any) -> float:
    """The number, or the largest of (moment, number) steps."""
    if isinstance(milliseconds, Sequence):
        return max((float(value) for _, value in milliseconds), default=0.0)
    return float(milliseconds)


def _rate_steps(rate: Any, timezone: str) -> tuple[NDArray[np.int64], Floats]:
    """The moments at which the rate changes, and its values. The first value also holds before its moment."""
    steps = rate if isinstance(rate, Sequence) else [(0, rate)]
    moments = [moment_ns(moment, timezone, "fx") for moment, _ in steps]
    return np.array(moments, np.int64), np.array([value for _, value in steps], np.float64)
