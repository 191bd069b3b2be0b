"""The options of `btcore sweep` and `walk-forward` about the search of parameters and its workers."""

import argparse
from collections.abc import Sequence
from typing import Any

from btcore.errors import ConfigError, not_one_of

# As in btcore.research, which is not imported for the parser.
METHODS = ("grid", "random", "latin_hypercube", "sobol", "optuna")
EXECUTORS = ("threads", "processes", "ray")
DIRECTIONS = ("maximize", "minimize")


def add_search_options(command: argparse.ArgumentParser) -> None:
    """Adds the options."""
    command.add_argument(
        "--method",
        choices=METHODS,
        default=METHODS[0],
        metavar="NAME",
        help=f"how parameter sets are chosen: {', '.join(METHODS)} (default: {METHODS[0]})",
    )
    command.add_argument(
        "--trials", metavar="N", type=int, help="number of parameter sets (default: all of a grid)"
    )
    command.add_argument("--seed", metavar="N", type=int, default=0, help="seed of the method (default: 0)")
    command.add_argument(
        "--constraint",
        action="append",
        default=[],
        metavar="TEXT",
        help="a condition of the parameters, such as 'short_period < long_period'",
    )
    command.add_argument(
        "--executor",
        choices=EXECUTORS,
        default=EXECUTORS[0],
        metavar="NAME",
        help=f"what plays the runs: {', '.join(EXECUTORS)} (default: {EXECUTORS[0]})",
    )
    command.add_argument(
        "--workers", metavar="N", type=int, help="number of threads or processes (default: one per processor)"
    )
    command.add_argument(
        "--study", metavar="FILE", help="keep every run in this file; what it has is not run again"
    )
    command.add_argument(
        "--on-error",
        choices=("raise", "record"),
        default="raise",
        metavar="WORD",
        help="raise the error of a run that fails, or record it and go on (default: raise)",
    )
    command.add_argument("--no-progress", action="store_true", help="never draw a progress bar")


def search_keywords(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `sweep` that the options give."""
    if arguments.trials is None and arguments.method != METHODS[0]:
        raise ConfigError(f"--trials: --method {arguments.method} needs the number of parameter sets")
    return {
        "method": arguments.method,
        "trials": arguments.trials,
        "seed": arguments.seed,
        "constraints": arguments.constraint[0] if len(arguments.constraint) == 1 else arguments.constraint,
        "executor": arguments.executor,
        "workers": arguments.workers,
        "study": arguments.study,
        "on_error": arguments.on_error,
        "progress": False if arguments.no_progress else None,
    }


def objectives(given: Sequence[str]) -> dict[str, str]:
    """Metrics and directions of texts such as `sharpe_ratio` and `max_drawdown:minimize`."""
    from btcore.research.sweeps.goals import LOW
    from btcore.research.sweeps.records import check_metric

    found: dict[str, str] = {}
    for text in given:
        metric, colon, direction = text.partition(":")
        check_metric(metric, "--objective")
        if not colon and metric in LOW:
            raise ConfigError(f"--objective: {metric} is better when it is low; write {metric}:minimize")
        if colon and direction not in DIRECTIONS:
            raise ConfigError(f"--objective {metric}: {not_one_of(direction, DIRECTIONS)}")
        if metric in found:
            raise ConfigError(f"--objective: {metric} is given twice")
        found[metric] = direction or DIRECTIONS[0]
    return found
