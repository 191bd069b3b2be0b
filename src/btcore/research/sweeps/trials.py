"""Plays parameter sets: those of the study are read, the others are handed to the workers of a pool."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.backtest.fast_paths import portions
from btcore.errors import BtcoreError
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.research.executors.dispatch import Dispatch, WorkerLostError
from btcore.research.executors.pools import Pool
from btcore.results.tables import Table

from .study import StoredTrial, Study
from .swept import ParameterSet
from .work import UNDEFINED, Batch, Fault, Played, SweepWork

MOST_TRIALS = 4096  # in a batch
Rows = list[int]


class Finished(NamedTuple):
    """Trials that were played together, in the order of their sets.

    is_played: False for a trial that the sweep was stopped before.
    errors: of trials that failed or were refused, by row; `refused` are the rows of the latter.
    returns: (trials, periods) where they are kept and have one length, else None.
    """

    table: Table
    is_played: NDArray[np.bool_]
    returns: NDArray[np.float64] | None
    seconds: NDArray[np.float64]
    errors: dict[int, Exception]
    refused: set[int]


class Trials:
    """Plays the trials of one sweep."""

    def __init__(
        self,
        work: SweepWork,
        pool: Pool,
        study: Study | None,
        is_stopped: Callable[[], bool],
        *,
        strict: bool,
    ) -> None:
        """With `strict` the first trial that fails ends the sweep, else it is noted."""
        self._work, self._pool, self._study, self._strict = work, pool, study, strict
        self._dispatch = Dispatch(pool, is_stopped, _single)
        self._per_trial = 0.0  # seconds, of those so far
        self._has_failed = False
        self.n_found = 0  # trials that were in the study

    def play(self, sets: Sequence[ParameterSet], count: Callable[[Rows, Table], object]) -> Finished:
        """The trials of these sets; `count` is called with rows as they finish.

        With `strict` the error of the first failed set in their order is raised, whichever fails first.
        """
        n = len(sets)
        table = np.zeros(n, RUN_METRICS_DTYPE)
        finished = Finished(table, np.zeros(n, bool), None, np.zeros(n), {}, set())
        returns: list[NDArray[np.float64] | None] = [None] * n
        keys = [] if self._study is None else [self._study.key(each) for each in sets]
        found = {} if self._study is None else self._study.find(keys)
        known = [i for i in range(n) if keys and keys[i] in found]
        for i in known:
            self._put(finished, returns, i, found[keys[i]])
        self.n_found += len(known)
        if known:
            count(known, table)
        left = [i for i in range(n) if not keys or keys[i] not in found]
        if keys:  # equal sets are run once
            first = {keys[i]: i for i in reversed(left)}
            twins = [i for i in left if first[keys[i]] != i]
            left = [i for i in left if first[keys[i]] == i]
        self._has_failed = False
        for batch, value in self._dispatch.play(self._batches(sets, left)):
            played = _given_up(batch, value) if isinstance(value, WorkerLostError) else value
            self._note(batch, played, finished, returns)
            if self._study is not None:
                for row, kept in zip(batch.rows, _stored(played), strict=True):
                    if kept is not None:
                        self._study.add(keys[row], sets[row], kept)
            count(list(batch.rows), table)
        if keys:
            for i in twins:
                j = first[keys[i]]
                if finished.is_played[j]:
                    self._copy(finished, returns, j, i)
                    count([i], table)
        if self._strict and (failed := [i for i in sorted(finished.errors) if i not in finished.refused]):
            raise finished.errors[failed[0]]
        return finished._replace(returns=_matrix(returns, finished))

    def _note(self, batch: Batch, played: Played, finished: Finished, returns: list[Any]) -> None:
        rows = np.array(batch.rows)
        finished.table[rows], finished.is_played[rows] = played.table, True
        finished.seconds[rows] = played.seconds
        for place, row in enumerate(batch.rows):
            returns[row] = None if played.returns is None else played.returns[place]
        for fault in played.faults:
            row = batch.rows[fault.place]
            finished.errors[row] = fault.error
            if fault.is_refused:
                finished.refused.add(row)
            else:
                self._has_failed = True
        self._per_trial = float(np.mean(played.seconds))

    @staticmethod
    def _put(finished: Finished, returns: list[Any], i: int, trial: StoredTrial) -> None:
        finished.table[i], finished.is_played[i], finished.seconds[i] = trial.metrics, True, trial.seconds
        returns[i] = trial.returns
        if trial.error is not None:
            finished.errors[i] = trial.exception()
            if trial.is_refused:
                finished.refused.add(i)

    @staticmethod
    def _copy(finished: Finished, returns: list[Any], source: int, i: int) -> None:
        finished.table[i], finished.is_played[i] = finished.table[source], True
        returns[i] = returns[source]
        if source in finished.errors:
            finished.errors[i] = finished.errors[source]
        if source in finished.refused:
            finished.refused.add(i)

    def _batches(self, sets: Sequence[ParameterSet], rows: Rows) -> Iterator[Batch]:
        """Batches of these rows: portions for lanes, else as many as fit into `batch_seconds` of the pool."""
        if not rows:
            return
        lanes = self._work.lanes_of(sets[rows[0]].struct)
        if lanes is not None:
            structs = [sets[i].struct for i in rows]
            for portion in portions(lanes, structs, self._pool.workers):
                yield _batch(sets, [rows[i] for i in portion.tolist()])
            return
        at = 0
        while at < len(rows) and not (self._strict and self._has_failed):
            fair = max(1, (len(rows) - at) // (2 * self._pool.workers))
            fits = int(self._pool.batch_seconds / self._per_trial) if self._per_trial else 1
            size = max(1, min(fits, fair, MOST_TRIALS))
            yield _batch(sets, rows[at : at + size])
            at += size


def _batch(sets: Sequence[ParameterSet], rows: Rows) -> Batch:
    chosen = [sets[i] for i in rows]
    structs = [each.struct for each in chosen if each.struct is not None]
    return Batch(rows, [each.given for each in chosen], structs or None)


def _single(batch: Batch) -> list[Batch]:
    """A batch for each trial."""
    structs = [None] * len(batch.rows) if batch.structs is None else [[each] for each in batch.structs]
    return [
        Batch([row], [given], struct)
        for row, given, struct in zip(batch.rows, batch.given, structs, strict=True)
    ]


def _given_up(batch: Batch, error: WorkerLostError) -> Played:
    """A trial whose workers end, as one that has failed."""
    named = WorkerLostError(f"{batch.given[0]}: {error}")
    named.__cause__ = error.__cause__
    return Played(np.full(1, UNDEFINED), None, np.zeros(1), [Fault(0, named, False)])


def _stored(played: Played) -> Iterator[StoredTrial | None]:
    """Each trial as a study keeps it; None for one that failed for a reason outside of the strategy."""
    errors = {fault.place: fault for fault in played.faults}
    for i, record in enumerate(played.table):
        fault = errors.get(i)
        if fault is not None and _is_outside(fault.error):
            yield None
            continue
        kept = None if played.returns is None or fault is not None else played.returns[i]
        text = None if fault is None else str(fault.error)
        is_refused = fault is not None and fault.is_refused
        kind = "" if fault is None else type(fault.error).__name__
        yield StoredTrial(record, kept, float(played.seconds[i]), text, is_refused, kind)


def _is_outside(error: Exception) -> bool:
    """True for an error that another attempt may not have, such as too little memory."""
    return not isinstance(error, BtcoreError) or isinstance(error, WorkerLostError)


def _matrix(returns: list[Any], finished: Finished) -> NDArray[np.float64] | None:
    """The period returns of all trials, NaN where there are none; None if not kept, or of several lengths."""
    sizes = {len(each) for each in returns if each is not None}
    good = [i for i in np.flatnonzero(finished.is_played).tolist() if i not in finished.errors]
    if len(sizes) != 1 or any(returns[i] is None for i in good):
        return None
    missing = np.full(sizes.pop(), np.nan)
    return np.array([missing if each is None else each for each in returns])
