"""Per symbol: point value, lot size, spread, fees and margin weight, for planning trades."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.config import Commission, Execution, Instrument, commission_of, slippage_of
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
        self._commissions = [commission_of(i, execution) for i in instruments]
        # Per order, whatever its size.
        self.fees = np.array([max(c.minimum or 0.0, c.per_order) for c in self._commissions])
        self.lots = np.array([i.lot_size for i in instruments])
        # Buying power that one unit of notional uses.
        self.margin_weights = np.array(
            [self.leverage * i.initial_margin if i.initial_margin else 1.0 for i in instruments]
        )
        self._multipliers = np.array([i.multiplier for i in instruments])
        slippages = [slippage_of(i, execution) for i in instruments]
        self._slippage = np.array([i.tick_size for i in instruments]) * [s.ticks for s in slippages]
        self._slippage_bps = np.array([s.bps + s.entry_bps for s in slippages])
        self._taker_bps = np.array(
            [taker_bps(i, c, execution) for i, c in zip(instruments, self._commissions, strict=True)]
        )
        self._per_share = np.array([max(0.0, c.per_share) for c in self._commissions])
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
        """A taker's costs as a share of the notional, without half the spread and without `fees`."""
        per_share = self._per_share / (np.abs(prices) * self.point_values(now))
        found: Floats = (
            (self._slippage_bps + self._taker_bps) / 1e4 + per_share + self._slippage / np.abs(prices)
        )
        return found

    def half_spreads(self, now: int) -> Floats:
        """Half the spreads of the latest quotes before `now`, as shares of mids; 0 if none or crossed."""
        return np.array([_half_spread(source, now) for source in self._sources])


def taker_bps(instrument: Instrument, commission: Commission, execution: Execution) -> float:
    """The highest rate that a taker may pay, in bps; a rebate counts as 0."""
    rate = commission.bps if commission.taker_bps is None else commission.taker_bps
    if instrument.taker_bps is not None:
        return max(0.0, instrument.taker_bps)
    tiers = execution.commission_tiers if instrument.commission is None else []
    return max(0.0, rate, *(tier.taker_bps for tier in tiers))


def _half_spread(source: Container, now: int) -> float:
    """Of the latest quote, or of the close of the latest bar of bid and ask, before `now`."""
    times, sides = source.timestamp, None
    if isinstance(source, Quotes):
        sides = source.bid, source.ask
    elif isinstance(source, Bars) and source.bid is not None and source.ask is not None:
        times, sides = source.end, (source.bid.close, source.ask.close)
    row = int(np.searchsorted(times, now)) - 1  # a timer at `now` runs before rows at `now`
    if sides is None or row < 0:
        return 0.0
    bid, ask = (float(side[row]) for side in sides)
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
