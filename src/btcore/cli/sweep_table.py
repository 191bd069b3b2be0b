"""What `btcore sweep` prints: the best runs, the front of several goals, the odds, and what was run."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from btcore.pictures import text_table

from .terminal import wrapped

if TYPE_CHECKING:
    from btcore.research.sweeps.sweep_result import SweepResult, SweepRun

SHOWN = ("sharpe_ratio", "total_return", "max_drawdown", "win_rate", "total_trades")
ALL_ODDS = "--all-odds"


def best_table(result: "SweepResult", metric: str, top: int, *, lowest: bool) -> str:
    """A table of the best `top` runs by `metric`."""
    runs = (result[int(i)] for i in result.order(metric, not lowest)[:top])
    return _table(result, [metric, *SHOWN], runs)


def front_text(result: "SweepResult", top: int) -> str:
    """The first `top` runs of the front of several goals, best by the first goal first; "" for one goal."""
    if len(result.goals) < 2:
        return ""
    goals = " and ".join(f"{goal.metric} ({goal.direction})" for goal in result.goals)
    first = result.goals[0]
    front = {run.row: run for run in result.pareto()}
    runs = [front[i] for i in result.order(first.metric, first.highest).tolist() if i in front]
    kept = " of those kept" if len(result) < result.n_trials else ""
    head = f"The front of {goals}: {len(runs):,} runs{kept} that no other is better than"
    shown = f" ({top:,} shown)" if len(runs) > top else ""
    names = [*(goal.metric for goal in result.goals), *SHOWN]
    return "\n".join([*wrapped(f"{head}{shown}"), _table(result, names, runs[:top])])


def odds_text(result: "SweepResult", *, everything: bool) -> str:
    """The odds that the best run by the first goal is luck; "" for a single run."""
    from btcore.research.sweeps.odds_lines import TITLE, odds_lines

    lines = odds_lines(result, ALL_ODDS)
    if lines and everything:
        lines = result.odds.lines()
    if not lines:
        return ""
    goal = result.goals[0]
    best = f"the best has the {'highest' if goal.highest else 'lowest'} {goal.metric}"
    return "\n".join([f"{TITLE} ({best})", *(part for line in lines for part in wrapped(line, "  "))])


def counts_text(result: "SweepResult", study: str | None) -> str:
    """How many runs there are, found in the study, refused and failed; notes of the search."""
    parts = ["1 run" if result.n_trials == 1 else f"{result.n_trials:,} runs"]
    if len(result) < result.n_trials:
        parts.append(f"the best {len(result):,} kept")
    if study is not None:
        parts.append(f"{result.n_found:,} found in {study}")
    if result.n_refused:
        parts.append(f"{result.n_refused:,} parameter sets refused")
    if result.failed:
        parts.append(f"{len(result.failed):,} failed")
    lines = [", ".join(parts)]
    if result.failed:
        params, reason = result.failed[0]
        given = ", ".join(f"{name}={value}" for name, value in params.items())
        lines += wrapped(f"the first that failed, {given}: {reason}")
    return "\n".join([*lines, *(part for note in result.notes for part in wrapped(note))])


def _table(result: "SweepResult", names: Iterable[str], runs: "Iterable[SweepRun]") -> str:
    from btcore.results.summary import format_metric

    metrics = list(dict.fromkeys(names))
    rows = [[*result.params, *metrics]]
    rows += [
        [*map(str, run.params.values()), *(format_metric(run.metrics[name]) for name in metrics)]
        for run in runs
    ]
    return text_table(rows)
