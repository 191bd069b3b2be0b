"""The runs of a validation: the data read once, training sweeps, and runs over windows of the same data."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.audit.lookahead import LeakReport, leakcheck
from btcore.backtest.handlers import StrategyLike
from btcore.backtest.opening import open_data_of_run, prepare_run
from btcore.backtest.prepare import PreparedRun
from btcore.backtest.run_one import RunTerms, run
from btcore.config import Execution
from btcore.data.containers import Bars
from btcore.data.run_data import RunData
from btcore.data.run_source import as_source
from btcore.data.source import AnyContainer
from btcore.errors import BtcoreError, ConfigError, DataError
from btcore.metrics.annual import Year, period_rates, year_of
from btcore.metrics.period_returns import Period, period_ends
from btcore.research.sweeps.options import StoppedEarlyError
from btcore.research.sweeps.run_many import sweep
from btcore.research.sweeps.sweep_result import SweepResult
from btcore.results.result import Result
from btcore.strategies.callbacks.strategy import Strategy
from btcore.times.intervals import RESOLUTION_NS
from btcore.times.zones import midnights

from .objectives import Returns
from .spans import Timeline, Times

Params = dict[str, Any]
T = TypeVar("T")
NEVER = np.iinfo(np.int64).max
GRIDS = {Period[name.upper()]: ns for name, ns in RESOLUTION_NS.items() if name != "day"}
# What a sweep over a list of parameter sets takes of the options of a search.
OF_RUNNING = ("workers", "executor", "on_error", "stop")
# With these a sweep has the best of all data or one file for all windows, and a choice is among all sets.
REFUSED = ("keep", "out")


class Periods(NamedTuple):
    """The periods of the returns over the data of a run.

    ends: when the last row of each is delivered; limits: when each is over, at or after that; ns UTC.
    rates: the risk-free return of each, None for 0; year: how many a year has.
    """

    ends: Times
    limits: Times
    rates: NDArray[np.float64] | None
    year: Year
    kind: Period


class WindowRuns:
    """Sweeps and runs over windows of one data set, with the same terms.

    Data other than those of a Source are read once. `whole` is the prepared run over all of them, `line` the
    times of its rows and periods.
    """

    def __init__(
        self,
        data: RunData,
        strategy: Any,
        selection: Mapping[str, Any],
        options: Mapping[str, Any],
        *,
        close_at_end: bool,
    ) -> None:
        terms = {name: value for name, value in options.items() if name in RunTerms.__annotations__}
        self.sweep_options: Params = {name: value for name, value in options.items() if name not in terms}
        for name in REFUSED:
            if self.sweep_options.get(name) is not None:
                raise ConfigError(f"{name}: parameters are chosen among all sets, so that none are left out")
        self.strategy: Any = strategy
        self.takes_data: bool = _takes_data(strategy)
        opened = open_data_of_run(data, {**terms, "warm_up": 1}, **selection)
        self._opened = opened
        is_source = as_source(data) is not None
        self._data = data if is_source else opened.data
        self._selection = dict(selection) if is_source else {}
        self.whole: PreparedRun = prepare_run(self._data, **self._selection, **terms)
        self.streams: list[AnyContainer] = [c for _, streams in self.whole.markets for c in streams]
        self.periods: Periods = _periods_of(self.whole, self.streams)
        self.line: Timeline = _timeline(self.whole, self.streams, self.periods)
        self.terms: Params = terms
        execution = terms.get("execution") or Execution()
        self.closed: Execution = replace(execution, close_at_end=True) if close_at_end else execution
        self.leaks: dict[str, LeakReport | str] = {}

    def with_periods_per_year(self) -> None:
        """Has every run use the number of periods a year of all data, which a short window would not show."""
        periods = self.periods.year.periods
        is_daily = self.periods.kind in (Period.DAY, Period.SESSION)
        if is_daily and np.isfinite(periods) and self.terms.get("periods_per_year") is None:
            self.terms["periods_per_year"] = periods
            annual = self.whole.annual._replace(periods_per_year=periods)
            self.whole = self.whole._replace(annual=annual)

    def clean_end(self, at: int) -> int:
        """`at`, or the beginning of the first row that begins before it and ends after it, ns UTC."""
        for stream in self.streams:
            if isinstance(stream, Bars):
                over = int(np.searchsorted(stream.end, at, "right"))
                if over < int(np.searchsorted(stream.timestamp, at)):
                    at = min(at, int(stream.timestamp[over]))
        return at

    def rows_between(self, start: int, end: int) -> int:
        """The largest number of rows of a stream that begin in [start, end)."""
        return max(int(np.diff(np.searchsorted(c.timestamp, [start, end]))[0]) for c in self.streams)

    def sweep(self, params: Any, **terms: Any) -> SweepResult:
        """`bt.sweep` with the search options, over [start, end) of the terms."""
        return self._sweep(params, self.sweep_options, terms)

    def sweep_again(self, params: Sequence[Params], **terms: Any) -> SweepResult:
        """`bt.sweep` of these sets, with the options that say how runs are played, over a test window."""
        options = {name: self.sweep_options[name] for name in OF_RUNNING if name in self.sweep_options}
        return self._sweep(params, options, {"execution": self.closed, **terms})

    def _sweep(self, params: Any, options: Mapping[str, Any], terms: Mapping[str, Any]) -> SweepResult:
        strategy = self.strategy
        if self.takes_data:
            strategy = partial(strategy, data=self._rows_until(terms.get("end")))
        swept = sweep(
            self._data, strategy, params,
            **{"progress": False, **self._selection, **options, **self.terms, **terms},
        )  # fmt: skip
        if swept.is_stopped:
            raise StoppedEarlyError(f"sweep: stopped after {len(swept):,} trials, before all had ended")
        return swept

    def play(self, params: Params, start: int, end: int, **terms: Any) -> Result:
        """The run of one parameter set over [start, end)."""
        strategy, given = self.made(params, end)
        given_terms = {**self.terms, "execution": self.closed, **terms, "start": start, "end": end}
        return run(self._data, strategy, given, progress=False, **self._selection, **given_terms)

    def made(self, params: Params, end: int | None) -> tuple[StrategyLike, Params | None]:
        """The strategy with these parameters, as `run` takes it; functions of data see rows before `end`."""
        if not _is_function(self.strategy):
            return self.strategy, params
        data = {"data": self._rows_until(end)} if self.takes_data else {}
        made: StrategyLike = self.strategy(**params, **data)
        return made, None

    def _rows_until(self, end: int | None) -> dict[str, Any]:
        """The data by symbol, as the function of `leakcheck` has them: rows that begin before `end`."""
        if end is None:
            return dict(self._opened.by_symbol())
        return {
            symbol: tuple(c.slice(None, end) for c in value)
            if isinstance(value, tuple | list)
            else value.slice(None, end)
            for symbol, value in self._opened.by_symbol().items()
        }

    def check_leaks(self, params: Params) -> None:
        """Raises LookaheadError if the strategy with these parameters depends on later data.

        Once for each set, over all data; a built-in strategy is not checked. What cannot be checked is said
        in `leaks`.
        """
        name = ", ".join(f"{key}={value!r}" for key, value in params.items())
        if isinstance(self.strategy, str) or name in self.leaks:
            return
        strategy, given = self.strategy, None if _is_function(self.strategy) else params
        if self.takes_data:
            strategy = _of_data(strategy, params)
        elif _is_function(strategy):
            strategy = strategy(**params)
        try:
            self.leaks[name] = leakcheck(self._data, strategy, given, **self._selection, **self.terms)
        except (ConfigError, DataError) as error:
            self.leaks[name] = f"not checked for look-ahead: {error}"

    def leak_lines(self) -> list[str]:
        """Lines of the log about the checks for look-ahead."""
        lines = []
        for name, found in self.leaks.items():
            text = (
                found
                if isinstance(found, str)
                else repr(found).removeprefix("<LeakReport: ").removesuffix(">")
            )
            lines.append(f"look-ahead of {name or 'the strategy'}: {text}")
        return lines

    def returns_of(self, result: Result) -> NDArray[np.float64]:
        """The return of each period of `periods` in a run over all data, float64."""
        curve = result.columns()
        place = np.searchsorted(curve["timestamp"], self.periods.limits, "right") - 1
        worth = np.append(curve["equity"][0], curve["equity"][place])
        with np.errstate(all="ignore"):
            return np.asarray(worth[1:] / worth[:-1] - 1.0, np.float64)

    def with_rates(self, simple: NDArray[np.float64]) -> Returns:
        """The returns of all periods as objectives take them."""
        rates = self.periods.rates
        return Returns(simple, simple if rates is None else simple - rates, float(self.periods.year.periods))


def _is_function(strategy: Any) -> bool:
    return callable(strategy) and not isinstance(strategy, type | Strategy)


def _takes_data(strategy: Any) -> bool:
    return _is_function(strategy) and "data" in inspect.signature(strategy).parameters


def _of_data(strategy: Callable[..., Any], params: Params) -> Callable[[Any], StrategyLike]:
    def made(data: Any) -> StrategyLike:
        found: StrategyLike = strategy(**params, data=data)
        return found

    return made


def _delivered(stream: AnyContainer) -> Times:
    return stream.end if isinstance(stream, Bars) else stream.timestamp


def _periods_of(whole: PreparedRun, streams: Sequence[AnyContainer]) -> Periods:
    times = np.unique(np.concatenate([_delivered(stream) for stream in streams]))
    closes = whole.calendar_closes
    kind, rows = period_ends(times, whole.timezone, closes)
    ends = times[rows]
    year = year_of(kind, whole.first_ts, ends, whole.annual, closes)
    rates = period_rates(whole.annual.risk_free, whole.first_ts, ends, year.periods)
    if kind in GRIDS:
        limits = (ends - 1) // GRIDS[kind] * GRIDS[kind] + GRIDS[kind]
    elif kind == Period.POINT:
        limits = ends
    else:
        table = midnights(int(ends[0]), int(ends[-1]), whole.timezone) if closes is None else closes
        limits = np.append(table, NEVER)[np.searchsorted(table, ends)]
    return Periods(ends, limits.astype(np.int64), rates, year, kind)


def _timeline(whole: PreparedRun, streams: Sequence[AnyContainer], periods: Periods) -> Timeline:
    rows = np.unique(np.concatenate([stream.timestamp for stream in streams]))
    starts = np.full(len(periods.ends), NEVER)
    starts[0] = rows[0]
    before = periods.ends[:-1]
    for stream in streams:
        place = np.maximum(
            np.searchsorted(_delivered(stream), before, "right"), np.searchsorted(stream.timestamp, before)
        )
        starts[1:] = np.minimum(starts[1:], np.append(stream.timestamp, NEVER)[place])
    return Timeline(rows, starts, whole.first_ts, int(periods.ends[-1]), whole.timezone)


def in_window(name: str, play: Callable[[], T]) -> T:
    """What `play` returns; the text of an error begins with the name of the window."""
    try:
        return play()
    except BtcoreError as error:
        raise type(error)(f"{name}: {error}") from error
