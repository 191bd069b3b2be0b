"""The benchmark of a run: which data it is, and what it would have been worth."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.config import Instrument
from btcore.data.containers import Bars, Quotes
from btcore.data.run_data import open_data
from btcore.data.run_source import OpenedData, as_source, open_run
from btcore.data.source import AnyContainer
from btcore.errors import ConfigError, near_name

from .inputs import execution_source
from .scheduled import dated_values

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


class Benchmark(NamedTuple):
    """A symbol whose returns a run is compared with: its prices, splits and dividends."""

    symbol: str
    prices: AnyContainer
    splits: list[tuple[int, float]]
    dividends: list[tuple[int, float]]

    def values(self, times: Times, capital: float) -> Floats:
        """What `capital` at the first of the times would be worth at each, ns UTC, with dividends reinvested.

        The price at a time is that of the last row delivered by then, at first the first price of the data.
        """
        delivered, price, first = _columns(self.prices)
        worth = price * self._units()
        row = np.searchsorted(delivered, times, "right") - 1
        at_times = np.where(row < 0, first, worth[np.maximum(row, 0)])
        found: Floats = capital * (at_times / at_times[0])
        return found

    def _units(self) -> Floats:
        """The units held at each row, for one at the first: splits and dividends are in later prices."""
        began, price = self.prices.timestamp, _columns(self.prices)[1]
        units = np.ones(len(began))
        for at, ratio in self.splits:
            units[np.searchsorted(began, at) :] *= ratio
        for at, amount in self.dividends:
            row = int(np.searchsorted(began, at))
            if row:  # a price before it, without which there is nothing to reinvest at
                units[row:] *= 1.0 + amount / (price[row - 1] - amount)
        return units

    def describe(self) -> dict[str, Any]:
        """The entry of a manifest."""
        return {"symbol": self.symbol, "sha256": self.prices.content_hash}


def _columns(prices: AnyContainer) -> tuple[Times, Floats, float]:
    """When each price is delivered, the prices, and the first price of the data."""
    if isinstance(prices, Bars):
        return prices.end, prices.close, float(prices.open[0])
    if isinstance(prices, Quotes):
        mid = 0.5 * (prices.bid + prices.ask)
        return prices.timestamp, mid, float(mid[0])
    return prices.timestamp, prices.price, float(prices.price[0])


def open_benchmark(
    given: Any, data: Any, opened: OpenedData, settings: Mapping[str, Any], resolution: Any
) -> Benchmark:
    """The benchmark: a symbol of the data, or of their Source, or {symbol: data}; else ConfigError."""
    zone = opened.zone.timezone
    if isinstance(given, Mapping):
        if len(given) != 1:
            raise ConfigError(
                f"benchmark: {len(given)} symbols are given; one is needed, as in {{'SPY': bars}}"
            )
        ((symbol, value),) = open_data(given, None, zone).items()
        return _made(symbol, value, Instrument(), zone)
    if not isinstance(given, str):
        raise ConfigError(f"benchmark: {given!r} is not a symbol, or a mapping of one to its data")
    if given not in opened.data and as_source(data) is not None:
        period = {name: settings.get(name) for name in ("start", "end")}
        try:
            beside = open_run(data, symbols=[given], resolution=resolution, timezone=zone, **period)
        except Exception as error:
            raise type(error)(f"benchmark: {str(error).removeprefix('symbols[0]: ')}") from error
        return _made(given, beside.data[given], beside.instruments.get(given, Instrument()), zone)
    if given not in opened.data:
        known = ", ".join(opened.data)
        meant = near_name(given, opened.data)
        raise ConfigError(f"benchmark: {given!r} is not a symbol of the data{meant}, which are {known}")
    instruments = {**opened.instruments, **(settings.get("instruments") or {})}
    return _made(given, opened.data[given], instruments.get(given, Instrument()), zone)


def _made(symbol: str, value: Any, instrument: Instrument, timezone: str) -> Benchmark:
    streams: Sequence[AnyContainer] = value if isinstance(value, tuple | list) else (value,)
    prices = execution_source(tuple(streams))
    if not len(prices):
        raise ConfigError(f"benchmark: the data of {symbol} have no rows")
    where = f"benchmark {symbol}"
    splits, dividends = (
        dated_values(f"{where}.{name}", getattr(instrument, name), timezone)
        for name in ("splits", "dividends")
    )
    return Benchmark(symbol, prices, splits, dividends)
