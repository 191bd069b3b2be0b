"""A sweep that is being run: parameter sets are proposed, checked, played and collected."""

from collections.abc import Callable, Sequence
from typing import Any

from btcore.backtest.prepare import PreparedRun
from btcore.backtest.progress import Progress, ProgressCallback, reporter
from btcore.errors import ConfigError
from btcore.research.executors.choice import open_pool
from btcore.research.search.method import Search
from btcore.results.tables import Table

from .collect import Collected
from .goals import values_of
from .options import StoppedEarlyError, SweepOptions
from .study import Study
from .sweep_result import Refusal, SweepResult
from .swept import ParameterSet, Params, Swept
from .trials import Finished, Trials
from .work import SweepWork, returns_again

PART = 16_384  # parameter sets that are asked for at once
MOST_REFUSALS = 1_000  # with `keep` or `out`


class RunningSweep:
    """A sweep that is being run."""

    def __init__(self, prepared: PreparedRun, swept: Swept, search: Search, options: SweepOptions) -> None:
        self._prepared, self._swept, self._search, self._options = prepared, swept, search, options
        self._refused: list[Refusal] = []
        self._failed: list[Refusal] = []
        self._n_refused = self._n_done = 0
        self._is_bounded = options.keep is not None or options.out is not None
        self._work = SweepWork(prepared, swept, options.is_stopped, keep_returns=False)

    def result(self, progress: ProgressCallback | bool | None) -> SweepResult:
        """Plays all trials."""
        self._swept.check_names(self._search.types)
        options, first = self._options, self._ask()
        accepted = self._accepted(first)
        lanes = self._work.lanes_of(accepted[0].struct) if accepted else None
        # Lanes play a trial again in less time than its returns take to be kept.
        # A study has them for later sweeps, which may keep all trials.
        self._work.keep_returns = lanes is None and (not self._is_bounded or options.study is not None)
        goal = options.goals[0]
        kept = Collected(
            self._search.types, goal.metric, highest=goal.highest, keep=options.keep, out=options.out
        )
        study = None if options.study is None else Study(options.study, self._prepared, self._swept)
        pool = open_pool(options.executor, self._work, options.workers)
        report, close = reporter(progress, self._n_runs)
        is_complete = False
        try:
            trials = Trials(self._work, pool, study, options.is_stopped, strict=options.on_error == "raise")
            given = first
            while given:
                finished = trials.play(accepted, self._counter(report))
                self._collect(kept, accepted, finished)
                if options.is_stopped():
                    break
                self._search.tell(self._told(given, accepted, finished))
                given = self._ask()
                accepted = self._accepted(given)
            is_complete = True
        finally:
            pool.close()
            close()
            if study is not None:
                study.close()
            kept.close(is_complete=is_complete)
        return self._made(kept, trials)

    def _ask(self) -> list[Params]:
        return self._search.ask(self._search.batch or PART)

    def _accepted(self, given: Sequence[Params]) -> list[ParameterSet]:
        """The sets that the strategy takes; the others are noted."""
        accepted = []
        for each in given:
            try:
                accepted.append(self._swept.check(each))
            except ConfigError as error:
                self._refuse(each, str(error))
        return accepted

    def _refuse(self, given: Params, reason: str) -> None:
        self._n_refused += 1
        if not self._is_bounded or len(self._refused) < MOST_REFUSALS:
            self._refused.append(Refusal(given, reason))

    def _counter(self, report: ProgressCallback | None) -> Callable[[list[int], Table], None]:
        def count(rows: list[int], table: Table) -> None:
            self._n_done += len(rows)
            if report is not None and rows:
                done = min(1.0, self._n_done / self._n_runs())
                events = self._n_done * self._prepared.tape.n_events
                equity = float(table["final_equity"][rows[-1]])
                report(Progress(done, self._prepared.tape.last_time(), equity, events))

        return count

    def _n_runs(self) -> int:
        """How many runs there are at most, without those that are known not to be played."""
        return max(1, self._search.at_most - self._n_refused - self._search.left_out)

    def _collect(self, kept: Collected, sets: Sequence[ParameterSet], finished: Finished) -> None:
        for row in sorted(finished.errors):
            text = str(finished.errors[row])
            if row in finished.refused:
                self._refuse(sets[row].given, text)
            else:
                self._failed.append(Refusal(sets[row].given, text))
        good = [i for i, played in enumerate(finished.is_played) if played and i not in finished.errors]
        if len(good) == len(sets):
            kept.add(sets, finished.table, finished.returns, finished.seconds)
        elif good:
            returns = None if finished.returns is None else finished.returns[good]
            kept.add([sets[i] for i in good], finished.table[good], returns, finished.seconds[good])

    def _told(self, given: Sequence[Params], accepted: Sequence[ParameterSet], finished: Finished) -> Any:
        """The objectives of all sets that were asked for, in their order."""
        if not self._search.goals_needed:
            return []
        places = {id(each.given): i for i, each in enumerate(accepted)}
        told: list[tuple[Params, list[float | None] | None]] = []
        for each in given:
            i = places.get(id(each))
            is_good = i is not None and i not in finished.errors
            told.append((each, values_of(self._options.goals, finished.table[i]) if is_good else None))
        return told

    def _made(self, kept: Collected, trials: Trials) -> SweepResult:
        sets = kept.sets
        if not sets:
            if self._options.is_stopped():
                raise StoppedEarlyError("sweep: stopped before the first trial had ended")
            reasons = [*self._refused, *self._failed]
            raise ConfigError(
                f"params: every parameter set is refused, the first because {reasons[0].reason}"
            )
        return SweepResult(
            params=kept.params,
            table=kept.table,
            refused=self._refused,
            run=lambda i: self._work.result(sets[i].given),
            failed=self._failed,
            numbers=kept.numbers,
            seconds=kept.seconds,
            n_refused=self._n_refused,
            goals=self._options.goals,
            sharpe_ratios=kept.sharpe_ratios,
            returns=self._returns(kept),
            returns_of=self._returns_of(kept),
            is_played_again=not self._work.keep_returns,
            n_found=trials.n_found,
            notes=list(self._search.notes),
            is_stopped=self._options.is_stopped(),
        )

    def _returns(self, kept: Collected) -> Callable[[], Any]:
        """A function that returns the period returns of all trials; those of lanes are played again."""
        if self._work.keep_returns or not kept.is_all:
            return lambda: kept.returns
        return lambda: returns_again(self._work, kept.sets)

    def _returns_of(self, kept: Collected) -> Callable[[int], Any]:
        """A function that returns the period returns of one trial; None if the engine had to play it."""
        if self._work.keep_returns:
            return lambda i: None if kept.returns is None else kept.returns[i]

        def played(i: int) -> Any:
            found = returns_again(self._work, [kept.sets[i]])
            return None if found is None else found[0]

        return played
