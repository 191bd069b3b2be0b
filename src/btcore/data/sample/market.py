"""The synthetic market: any symbol, open on weekdays from 14:30 to 21:00 UTC, from 1990 to 2099.

Every price is a function of symbol, seed and time, so any range is a slice of the same market. The bars of
each resolution are exact aggregates of the trades. A quote precedes each trade, which hits it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.resampling import resample
from btcore.data.source import AnyContainer, check_resolution, check_symbol
from btcore.data.timestamps import Moment, moment_ns
from btcore.errors import DataError
from btcore.times.clock import moment_text
from btcore.times.intervals import (
    DAY_NS,
    MINUTE_NS,
    RESOLUTION_NS,
    SECOND_NS,
    Interval,
    interval_name,
    interval_ns,
)

from .levels import (
    END_DAY,
    EPOCH_DAY,
    MINUTES,
    OPEN_NS,
    SECONDS,
    Candles,
    Ticks,
    days_of,
    minutes_of,
    ticks_of,
    weekdays,
)

MAX_ROWS = 20_000_000
_CHUNK = 40  # days per batch of ticks: about a million rows
_ROWS_A_DAY = {"day": 1, "hour": 7, "minute": MINUTES, "second": MINUTES * SECONDS, "tick": MINUTES * SECONDS}


def sample_bars(
    symbol: str = "SAMPLE",
    start: Moment = "2024-01-01",
    end: Moment = "2024-12-31",
    interval: Interval = "1d",
    seed: int = 0,
) -> Bars:
    """Bars of the synthetic market with `start <= timestamp < end`, one for each interval with trades."""
    length = interval_ns(interval)
    base = next((name for name in reversed(RESOLUTION_NS) if length % RESOLUTION_NS[name] == 0), None)
    if base is None:
        raise DataError(
            f"interval: the sample market has no bars of {interval_name(length)}, only whole seconds"
        )
    start_ns, end_ns = moment_ns(start, name="start"), moment_ns(end, name="end")
    if length == RESOLUTION_NS[base]:
        return SampleMarket(seed).bars(symbol, base, start_ns, end_ns)
    # The last bar that begins in the range may need finer bars from after its end.
    whole = SampleMarket(seed).bars(symbol, base, start_ns // length * length, -(-end_ns // length) * length)
    return resample(whole, length).slice(start_ns, end_ns)


def sample_quotes(
    symbol: str = "SAMPLE", start: Moment = "2024-01-02", end: Moment = "2024-01-03", seed: int = 0
) -> Quotes:
    """Quotes of the synthetic market with `start <= timestamp < end`, at most one per second."""
    return SampleMarket(seed).quotes(symbol, moment_ns(start, name="start"), moment_ns(end, name="end"))


def sample_trades(
    symbol: str = "SAMPLE", start: Moment = "2024-01-02", end: Moment = "2024-01-03", seed: int = 0
) -> Trades:
    """Trades of the synthetic market with `start <= timestamp < end`, at most one per second."""
    return SampleMarket(seed).trades(symbol, moment_ns(start, name="start"), moment_ns(end, name="end"))


class SampleMarket:
    """The synthetic market as a `Source`; every valid symbol has data."""

    def __init__(self, seed: int = 0) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise DataError(f"seed: {seed!r} is not a whole number")
        self.seed: int = int(seed)

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """The containers that a run reads: bars, or quotes and trades; DataError if there are no rows."""
        resolution = _made(resolution)
        found: tuple[AnyContainer, ...]
        if resolution == "tick":
            quotes, trades = _ticks(self, symbol, start_ns, end_ns, ("quotes", "trades"))
            found = (quotes.slice(start_ns, end_ns), trades.slice(start_ns, end_ns))
        else:
            found = (self.bars(symbol, resolution, start_ns, end_ns),)
        present = tuple(container for container in found if len(container))
        if not present:
            raise DataError(
                f"no {resolution} data of {symbol!r} from {moment_text(start_ns)} to {moment_text(end_ns)};"
                " the sample market is open on weekdays from 14:30 to 21:00 UTC, from 1990 to 2099"
            )
        return present

    def check(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> None:
        """Raises the DataError that `load` would; generates data only if the range has no whole weekday."""
        first, last = _day_range(_made(resolution), symbol, start_ns, end_ns)
        whole = weekdays(first + (first * DAY_NS < start_ns), last - (last * DAY_NS > end_ns))
        if len(whole) == 0:
            self.load(symbol, resolution, start_ns, end_ns)

    def read(
        self,
        symbol: str,
        resolution: str,
        start: Moment | None = None,
        end: Moment | None = None,
        kind: str | None = None,
    ) -> AnyContainer:
        """The rows with `start <= timestamp < end`, possibly none; of ticks the quotes if `kind` is None."""
        resolution = _made(resolution)
        start_ns = EPOCH_DAY * DAY_NS if start is None else moment_ns(start, name="start")
        end_ns = END_DAY * DAY_NS if end is None else moment_ns(end, name="end")
        kinds = ("quotes", "trades") if resolution == "tick" else ("bars",)
        kind = kind or kinds[0]
        if kind not in kinds:
            raise DataError(f"no {resolution} {kind} of {symbol!r}; there is {resolution} {', '.join(kinds)}")
        if kind == "bars":
            return self.bars(symbol, resolution, start_ns, end_ns)
        make = self.quotes if kind == "quotes" else self.trades
        return make(symbol, start_ns, end_ns)

    def list(self) -> Sequence[Any]:
        """Always empty: data are generated on demand."""
        return []

    def symbols(self, resolution: str | None = None) -> Sequence[str]:
        """["SAMPLE"], an example: every valid symbol has data."""
        if resolution is not None:
            _made(resolution)
        return ["SAMPLE"]

    @property
    def data_source(self) -> str:
        """ "synthetic sample data", as the manifest of a run says."""
        return "synthetic sample data"

    def bars(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> Bars:
        """The bars of a resolution, which is not "tick", with `start_ns <= timestamp < end_ns`."""
        if (resolution := _made(resolution)) == "tick":
            raise DataError("resolution: ticks are no bars; load gives their quotes and trades")
        length = RESOLUTION_NS[resolution]
        if resolution == "second":
            (trades,) = _ticks(self, symbol, start_ns, end_ns, ("trades",))
            return resample(trades, length).slice(start_ns, end_ns)
        first, last = _day_range(resolution, symbol, start_ns, end_ns)
        days, candles = days_of(self.seed, symbol, first, last)
        times = days * DAY_NS
        if resolution == "day":
            return _bars(times, candles, length).slice(start_ns, end_ns)
        opens = OPEN_NS + MINUTE_NS * np.arange(MINUTES, dtype=np.int64)
        minutes = _bars((times[:, None] + opens).ravel(), minutes_of(candles).flat(), MINUTE_NS)
        return (minutes if resolution == "minute" else resample(minutes, length)).slice(start_ns, end_ns)

    def quotes(self, symbol: str, start_ns: int, end_ns: int) -> Quotes:
        """The quotes with `start_ns <= timestamp < end_ns`."""
        (quotes,) = _ticks(self, symbol, start_ns, end_ns, ("quotes",))
        assert isinstance(quotes, Quotes)
        return quotes.slice(start_ns, end_ns)

    def trades(self, symbol: str, start_ns: int, end_ns: int) -> Trades:
        """The trades with `start_ns <= timestamp < end_ns`."""
        (trades,) = _ticks(self, symbol, start_ns, end_ns, ("trades",))
        assert isinstance(trades, Trades)
        return trades.slice(start_ns, end_ns)

    def __repr__(self) -> str:
        return f"SampleMarket(seed={self.seed})"


def _made(resolution: str) -> str:
    """The resolution; DataError unless the sample market makes it."""
    if (found := check_resolution(resolution)) not in _ROWS_A_DAY:
        raise DataError(f"resolution: the sample market has {', '.join(_ROWS_A_DAY)}, not {resolution}")
    return found


def _day_range(resolution: str, symbol: str, start_ns: int, end_ns: int) -> tuple[int, int]:
    """The first day of the range and the one after its last; DataError for more than MAX_ROWS rows."""
    check_symbol(symbol)
    first, last = start_ns // DAY_NS, -(-end_ns // DAY_NS)
    rows = len(weekdays(first, last)) * _ROWS_A_DAY[resolution]
    if rows > MAX_ROWS:
        raise DataError(
            f"{symbol!r} {resolution} from {moment_text(start_ns)} to {moment_text(end_ns)} could be {rows:,}"
            f" rows; the limit is {MAX_ROWS:,}: choose less time or a coarser resolution"
        )
    return first, last


def _bars(times: NDArray[np.int64], candles: Candles, length: int) -> Bars:
    """Bars of the candles. They are valid by construction, which tests prove, and are not checked here."""
    columns: dict[str, NDArray[Any]] = {"timestamp": times}
    for name in ("open", "high", "low", "close"):
        columns[name] = getattr(candles, name) / 100.0
    columns["volume"] = candles.volume.astype(np.float64)
    return Bars._trusted(columns, {"interval": length, "source": "trade"})


def _ticks(
    market: SampleMarket, symbol: str, start_ns: int, end_ns: int, kinds: Sequence[str]
) -> list[Quotes | Trades]:
    """The ticks of each kind on all days of the range, whole days."""
    first, last = _day_range("tick", symbol, start_ns, end_ns)
    days, candles = days_of(market.seed, symbol, first, last)
    parts: dict[str, list[dict[str, NDArray[Any]]]] = {kind: [] for kind in kinds}
    for begin in range(0, max(len(days), 1), _CHUNK):  # once even without days, for the column names
        chunk = slice(begin, begin + _CHUNK)
        opens = days[chunk, None] * DAY_NS + OPEN_NS + MINUTE_NS * np.arange(MINUTES, dtype=np.int64)
        ticks = ticks_of(minutes_of(candles.part(chunk)).flat())
        seconds = opens.ravel()[ticks.row] + ticks.second * SECOND_NS
        for kind in kinds:
            parts[kind].append(_quotes(seconds, ticks) if kind == "quotes" else _trades(seconds, ticks))
    containers: list[Quotes | Trades] = []
    for kind in kinds:
        columns = {name: np.concatenate([part[name] for part in parts[kind]]) for name in parts[kind][0]}
        containers.append(Quotes._trusted(columns) if kind == "quotes" else Trades._trusted(columns))
    return containers


def _quotes(seconds: NDArray[np.int64], ticks: Ticks) -> dict[str, NDArray[Any]]:
    """The quote before each trade: a buyer hits the ask, a seller the bid, with enough size displayed."""
    bought = ticks.side > 0
    shown = ticks.size.astype(np.float64)
    behind = shown + 100.0
    return {
        "timestamp": seconds + ticks.quote_ms * 10**6,
        "bid": (ticks.price - np.where(bought, ticks.spread, 0)) / 100.0,
        "ask": (ticks.price + np.where(bought, 0, ticks.spread)) / 100.0,
        "bid_size": np.where(bought, behind, shown),
        "ask_size": np.where(bought, shown, behind),
    }


def _trades(seconds: NDArray[np.int64], ticks: Ticks) -> dict[str, NDArray[Any]]:
    return {
        "timestamp": seconds + ticks.trade_ms * 10**6,
        "price": ticks.price / 100.0,
        "size": ticks.size.astype(np.float64),
        "side": ticks.side,
    }
