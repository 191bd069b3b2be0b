"""The odds of a sweep as it shows them: all figures that take little time, else those of the best run."""

from typing import TYPE_CHECKING

from btcore.research.executors.pools import processors

if TYPE_CHECKING:
    from .sweep_result import SweepResult

TITLE = "The odds that the best is luck"
MOST_CELLS = 5_000_000  # runs times periods: PBO, reality check and SPA of more take over 2 seconds
MOST_SECONDS = 2.0  # of runs that are played again for their returns
IN_PYTHON = "print(sweep.odds)"


def odds_lines(sweep: "SweepResult", how: str = IN_PYTHON) -> list[str]:
    """Sentences of `SweepResult.odds`; none for a single run, or without a best one.

    `how` is what computes those that are left out, as they would take longer than MOST_SECONDS.
    """
    best = sweep._best_row
    if best is None or sweep.n_trials < 2:
        return []
    of_best = sweep._odds_of_best
    if of_best is None:
        seconds = float(sweep.seconds[best])
        if 0.0 < seconds <= MOST_SECONDS:  # 0 is not known
            return sweep.odds.lines()
        return [f"the returns of the runs are not kept; {how} plays the best one again for its odds"]
    if len(sweep) < sweep.n_trials:
        return of_best.lines()
    periods = len(of_best.returns)
    again = float(sweep.seconds.sum()) / processors() if sweep._is_played_again else 0.0
    if len(sweep) * periods <= MOST_CELLS and again <= MOST_SECONDS:
        return sweep.odds.lines()
    return [
        *of_best.lines(of_best=True),
        f"PBO, SPA and reality check compare {len(sweep):,} runs over {periods:,} periods, which takes "
        f"longer: {how}",
    ]
