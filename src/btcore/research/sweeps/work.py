"""What all trials of a sweep have in common, and how a batch is played; workers are sent this once."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from btcore.backtest.fast_paths import LaneTerms, lane_terms, portions
from btcore.backtest.handlers import prepare_strategy
from btcore.backtest.prepare import PreparedRun
from btcore.backtest.progress import Progress, ProgressCallback
from btcore.backtest.run_one import play_prepared
from btcore.backtest.strategy_checks import check_strategy
from btcore.errors import ConfigError, OrderError, StrategyError
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.research.executors.pools import processors
from btcore.results.result import Result
from btcore.results.summary import returns_of
from btcore.results.tables import Table

from .records import as_record
from .swept import ParameterSet, Params, Swept

Floats = NDArray[np.float64]
MOST_RETURNS = 1 << 28  # bytes of period returns that a sweep keeps in memory


class Batch(NamedTuple):
    """Trials that one worker plays: their rows among those that are played together, and their parameters."""

    rows: Sequence[int]
    given: Sequence[Params]
    structs: Sequence[Struct] | None  # for a built-in strategy


class Fault(NamedTuple):
    """A trial that was not played: its place in the batch, and why."""

    place: int
    error: Exception
    is_refused: bool  # the strategy does not take these parameters


class Played(NamedTuple):
    """What a batch returns, an item for each trial: metrics, period returns, and seconds of work.

    returns: (trials, periods), None if they are not kept or their number differs.
    """

    table: Table  # RUN_METRICS_DTYPE
    returns: Floats | None
    seconds: Floats
    faults: list[Fault]


class StoppedError(Exception):
    """The sweep has been stopped while a trial was played."""


class SweepWork:
    """The prepared run and the strategy of a sweep."""

    def __init__(
        self, prepared: PreparedRun, swept: Swept, is_stopped: Callable[[], bool], *, keep_returns: bool
    ) -> None:
        self.prepared: PreparedRun = prepared
        self.swept: Swept = swept
        self.keep_returns: bool = keep_returns
        self._is_stopped: Callable[[], bool] | None = is_stopped

    @property
    def is_python(self) -> bool:
        """True for Python callbacks, of which one runs at a time in a process."""
        return self.swept.is_python

    def __getstate__(self) -> dict[str, Any]:
        # A worker reads neither hashes nor the log, and the caller's function to stop is not for it.
        run = self.prepared
        sent = run._replace(data_hashes=_Constant([]), other_bar_records=_Constant(run.other_bar_records()))
        return {"prepared": sent, "swept": self.swept, "keep_returns": self.keep_returns}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _is_stopped=None)

    def lanes_of(self, struct: Struct | None) -> LaneTerms | None:
        """The terms of lanes, None if the engine plays the trials; `struct` are the parameters of any."""
        if struct is None:
            return None
        if "_lanes" not in vars(self):
            self._lanes = lane_terms(self.prepared, self.swept.strategy, struct)
        return self._lanes

    def play(self, batch: Batch) -> Played:
        """Plays each trial of the batch: in lanes where these can, else in the engine."""
        n = len(batch.rows)
        table, seconds, faults = np.zeros(n, RUN_METRICS_DTYPE), np.zeros(n), list[Fault]()
        returns: list[Floats | None] = [None] * n
        for_engine: Sequence[int] = range(n)
        terms = None if batch.structs is None else self.lanes_of(batch.structs[0])
        if batch.structs is not None and terms is not None:
            started = time.perf_counter()
            lanes = terms.lanes(batch.structs, keep_returns=self.keep_returns)
            lanes.play(np.arange(n))
            table = lanes.metrics
            seconds[:] = (time.perf_counter() - started) / n
            if lanes.returns is not None:
                returns = list(lanes.returns)
            for_engine = np.flatnonzero(lanes.codes).tolist()
        for i in for_engine:
            started = time.perf_counter()
            try:
                result = self.result(batch.given[i], self._report, describes=False)
                table[i] = as_record(result.metrics)
                if self.keep_returns and result.journal is not None:
                    returns[i] = returns_of(result.journal, self.prepared.timezone)
            except StoppedError:
                raise
            except Exception as error:  # a strategy may raise anything
                table[i] = UNDEFINED
                refuses = self.swept.is_function and isinstance(error, ConfigError | OrderError)
                faults.append(Fault(i, error, refuses))
            seconds[i] += time.perf_counter() - started
        return Played(table, _joined(returns), seconds, faults)

    @property
    def _report(self) -> ProgressCallback | None:
        stopped = self._is_stopped
        if stopped is None:
            return None

        def look(_: Progress) -> None:
            if stopped():
                raise StoppedError

        return look

    def result(
        self, given: Params, report: ProgressCallback | None = None, *, describes: bool = True
    ) -> Result:
        """The result of one trial, equal to that of `run`; without `describes` it has no manifest."""
        strategy, params = self.swept.make(given)
        if self.swept.is_function:
            check_strategy(self.prepared, strategy, params)
        try:
            ready = prepare_strategy(self.prepared, strategy, params, describes=describes)
            return play_prepared(self.prepared, *ready, report)
        except StrategyError as error:
            raise StrategyError(f"{given}: {error}") from error


def returns_again(work: SweepWork, sets: Sequence[ParameterSet]) -> Floats | None:
    """(trials, periods) of trials that lanes have played, played again; None if they cannot play one of them.

    None also if they take more than MOST_RETURNS bytes.
    """
    structs = [each.struct for each in sets if each.struct is not None]
    terms = work.lanes_of(structs[0]) if structs else None
    if terms is None or 8 * len(sets) * len(terms.ends) > MOST_RETURNS:
        return None
    returns = np.empty((len(sets), len(terms.ends)))
    pieces = portions(terms, structs, processors())
    with ThreadPoolExecutor(processors()) as pool:
        made = [terms.lanes([structs[i] for i in rows], keep_returns=True) for rows in pieces]
        list(pool.map(lambda lanes: lanes.play(np.arange(len(lanes.params))), made))
    for rows, lanes in zip(pieces, made, strict=True):
        returns[rows] = lanes.returns
        for i in np.flatnonzero(lanes.codes):
            journal = work.result(sets[int(rows[i])].given).journal
            assert journal is not None
            returns[rows[i]] = returns_of(journal, work.prepared.timezone)
    return returns


class _Constant:
    """A function without arguments that returns a value, and can be sent to other processes."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self) -> Any:
        return self._value


def _joined(returns: list[Floats | None]) -> Floats | None:
    """One row for each trial, NaN for those that were not played; None if their lengths differ."""
    sizes = {len(each) for each in returns if each is not None}
    if len(sizes) != 1:
        return None
    missing = np.full(sizes.pop(), np.nan)
    return np.array([missing if each is None else each for each in returns])


UNDEFINED = np.zeros((), RUN_METRICS_DTYPE)
for _name in RUN_METRICS_DTYPE.names or ():
    if RUN_METRICS_DTYPE[_name].kind == "f":
        UNDEFINED[_name] = np.nan
