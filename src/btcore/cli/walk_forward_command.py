"""`btcore walk-forward`: its options, its run, and the table of its folds."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.errors import ConfigError
from btcore.pictures import text_table

from .interrupts import INTERRUPTED, stop_at_interrupt
from .output_path import output_path
from .param_ranges import PARAM_HELP
from .request_options import add_request_options, data_text, flags_in_errors, request_body
from .search_options import add_search_options, objectives, search_keywords
from .searched import open_search
from .terminal import wrapped

if TYPE_CHECKING:
    from btcore.research.validation.validations import WalkForward

LENGTH = 'a length of time ("2y", "6mo", "90d", "4h"), rows ("500 bars") or a number of periods'
METRICS = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "round_trips", "final_equity")


def add_walk_forward_options(walk: argparse.ArgumentParser) -> None:
    """Adds the options of `btcore walk-forward`."""
    walk.set_defaults(command=run_walk_forward)
    add_request_options(walk, PARAM_HELP)
    for flag, text in (
        ("--train", f"how long parameters are chosen on: {LENGTH}"),
        ("--test", "how long they are tested after that, likewise"),
        ("--step", "from one test to the next, likewise (default: --test)"),
        ("--purge", "what is left out between training and test, likewise (default: nothing)"),
        ("--embargo", "the same; both widen one gap (default: nothing)"),
    ):
        walk.add_argument(flag, metavar="LENGTH", help=text)
    for flag, text in (
        ("--anchored", "begin every training at the start of the data"),
        ("--keep-short", "play a last test that the data do not fill"),
        ("--leave-open", "value positions at the end of a test at the last mark, without closing them"),
        ("--no-ranks", "do not sweep the tests for the rank of the chosen set"),
        ("--no-leak-check", "do not check chosen strategies of your own for look-ahead"),
    ):
        walk.add_argument(flag, action="store_true", help=text)
    walk.add_argument(
        "--warm-up",
        metavar="ROWS",
        type=int,
        help="rows before a test that its run can read (default: those of the training and the gap)",
    )
    walk.add_argument(
        "--objective",
        metavar="NAME",
        default="sharpe_ratio",
        help="the metric that chooses; NAME:minimize for one that is better when it is low "
        "(default: sharpe_ratio)",
    )
    add_search_options(walk)
    walk.add_argument(
        "--json", action="store_true", help="print folds and joined result as JSON, nothing else"
    )
    walk.add_argument("--out", metavar="FILE", help="save the joined result in this .npz or .parquet file")
    walk.add_argument(
        "--plot", metavar="FILE", help="write the page of the folds (.html) or the joined equity (.svg)"
    )


def run_walk_forward(arguments: argparse.Namespace) -> int | None:
    """Walks forward, prints and writes what it has; 130 if Ctrl-C has stopped it."""
    for name in ("train", "test"):
        if getattr(arguments, name) is None:
            raise ConfigError(f"--{name}: is required, {LENGTH}")
    body = request_body(arguments)
    out = output_path("--out", arguments.out, (".npz", ".parquet"))
    plot = output_path("--plot", arguments.plot, (".html", ".svg"))
    how = search_keywords(arguments) | _window_keywords(arguments)
    opened = open_search(arguments, body)

    from btcore.research.sweeps.options import StoppedEarlyError
    from btcore.research.validation.forward import walk_forward

    with flags_in_errors(arguments), stop_at_interrupt() as stop:
        try:
            walk = walk_forward(
                opened.source, opened.strategy, opened.params(), stop=stop, **how, **opened.options
            )
        except StoppedEarlyError:
            raise KeyboardInterrupt from None
    if out is not None:
        walk.result.save(out)
    if plot is not None:
        (walk.report if plot.suffix == ".html" else walk.result.plot)(plot)
    if arguments.json:
        print(msgspec.json.encode(_document(walk)).decode())
    else:
        print(_text(walk))
        print()
        print(data_text(arguments, opened.source))
        for path in (out, plot):
            if path is not None:
                print(f"wrote {path}")
    if not walk.is_stopped:
        return None
    again = "" if arguments.study else "; with --study FILE the trainings so far would not be run again"
    print(f"btcore: stopped after {len(walk)} windows{again}", file=sys.stderr)
    return INTERRUPTED


def _window_keywords(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `walk_forward` about windows and their tests."""
    ((objective, direction),) = objectives([arguments.objective]).items()
    return {
        **{name: _length(getattr(arguments, name)) for name in ("train", "test", "step", "purge", "embargo")},
        "anchored": arguments.anchored,
        "keep_short": arguments.keep_short,
        "close_at_end": not arguments.leave_open,
        "ranks": not arguments.no_ranks,
        "check_leaks": not arguments.no_leak_check,
        "warm_up": arguments.warm_up,
        "objective": objective,
        "direction": direction,
    }


def _length(text: str | None) -> str | int | None:
    """A length as `walk_forward` takes it: a number is one of periods."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return text


def _text(walk: "WalkForward") -> str:
    """The folds, the stability in words, the notes, and metrics of the joined result."""
    from btcore.research.validation.page import fold_rows
    from btcore.results.summary import format_metric

    heads, rows = fold_rows(walk.folds)
    names = dict.fromkeys((*METRICS, walk.objective))
    metrics = [[name, format_metric(walk.result.metrics[name])] for name in names]
    lines = [*walk.stability.lines(), *walk.notes]
    return "\n".join(
        [
            text_table([heads, *rows], words=3),
            "",
            *(part for line in lines for part in wrapped(line)),
            "",
            "Out of sample, all tests joined",
            text_table([[f"  {name}", value] for name, value in metrics], words=1),
        ]
    )


def _document(walk: "WalkForward") -> dict[str, Any]:
    """Folds and joined result for JSON; times are ns UTC."""
    return {
        "objective": walk.objective,
        "direction": walk.direction,
        "folds": [
            {
                "number": fold.number,
                "train": list(fold.train[0]),
                "test": list(fold.test[0]),
                "params": fold.params,
                "in_sample": _plain(fold.in_sample),
                "out_of_sample": _plain(fold.out_of_sample),
                "rank": fold.rank,
                "sets": fold.sets,
            }
            for fold in walk.folds
        ],
        "stability": walk.stability.lines(),
        "notes": list(walk.notes),
        "is_stopped": walk.is_stopped,
        "result": walk.result.document(),
    }


def _plain(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN
