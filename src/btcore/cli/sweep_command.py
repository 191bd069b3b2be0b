"""`btcore sweep`: its options, its run, and the files that it writes."""

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.errors import ConfigError

from .interrupts import INTERRUPTED, stop_at_interrupt
from .output_path import output_path
from .param_ranges import PARAM_HELP
from .request_options import add_request_options, data_text, flags_in_errors, request_body
from .search_options import add_search_options, objectives, search_keywords
from .searched import open_search
from .sweep_table import ALL_ODDS, SHOWN, best_table, counts_text, front_text, odds_text

if TYPE_CHECKING:
    from btcore.research.sweeps.sweep_result import SweepResult


def add_sweep_options(sweep: argparse.ArgumentParser) -> None:
    """Adds the options of `btcore sweep`."""
    sweep.set_defaults(command=run_sweep)
    add_request_options(sweep, PARAM_HELP)
    add_search_options(sweep)
    sweep.add_argument(
        "--objective",
        action="append",
        default=[],
        metavar="NAME",
        help="a metric that is sought, once for each goal; NAME:minimize if it is better when it is low "
        "(default: --metric)",
    )
    sweep.add_argument(
        "--metric", metavar="NAME", help=f"metric to rank by (default: the first objective, else {SHOWN[0]})"
    )
    sweep.add_argument("--lowest", action="store_true", help="rank the lowest value of --metric first")
    sweep.add_argument("--top", metavar="N", type=int, default=10, help="number of runs shown (default: 10)")
    sweep.add_argument(
        ALL_ODDS, action="store_true", help="compute every figure of the odds, however long it takes"
    )
    sweep.add_argument(
        "--keep", metavar="N", type=int, help="keep only the best N runs by the first objective in memory"
    )
    sweep.add_argument(
        "--json", action="store_true", help="print one line of JSON for each run and nothing else"
    )
    sweep.add_argument(
        "--out", metavar="FILE", help="write a row for each run to this .parquet, .csv or .jsonl file"
    )
    sweep.add_argument(
        "--plot", metavar="FILE", help="write a page with a heat map and more to this .html file"
    )


def run_sweep(arguments: argparse.Namespace) -> int | None:
    """Runs the sweep, prints and writes what it has; 130 if Ctrl-C has stopped it."""
    if arguments.top < 1:
        raise ConfigError(f"--top: {arguments.top} is not a whole number above 0")
    body = request_body(arguments)
    out = output_path("--out", arguments.out, (".parquet", ".csv", ".jsonl"))
    plot = output_path("--plot", arguments.plot, (".html",))
    if arguments.keep is not None and out is not None and out.suffix != ".parquet":
        raise ConfigError(f"--out: with --keep all runs go to a .parquet file as they finish, not to {out}")
    how = search_keywords(arguments)
    metric, lowest, goals = _ranking(arguments)
    opened = open_search(arguments, body)

    from btcore.research.sweeps.options import StoppedEarlyError
    from btcore.research.sweeps.run_many import sweep

    streamed = out if arguments.keep is not None else None
    with flags_in_errors(arguments), stop_at_interrupt() as stop:
        how |= {"objective": goals, "keep": arguments.keep, "out": streamed, "stop": stop}
        try:
            result = sweep(opened.source, opened.strategy, opened.params(), **how, **opened.options)
        except StoppedEarlyError:
            raise KeyboardInterrupt from None
    if out is not None and streamed is None:
        write_rows(result, out)
    if plot is not None:
        result.report(plot, metric, highest=not lowest)
    if arguments.json:
        print(json_lines(result))
    else:
        print(best_table(result, metric, arguments.top, lowest=lowest), flush=True)
        for part in (
            front_text(result, arguments.top),
            odds_text(result, everything=arguments.all_odds),
            counts_text(result, arguments.study),
        ):
            if part:
                print(f"\n{part}")
        print(data_text(arguments, opened.source))
        for path in (out, plot):
            if path is not None:
                print(f"wrote {path}")
    if not result.is_stopped:
        return None
    go_on = (
        "the same command goes on from there" if arguments.study else "with --study FILE the next could go on"
    )
    print(f"btcore: stopped after {result.n_trials:,} runs; {go_on}", file=sys.stderr)
    return INTERRUPTED


def _ranking(arguments: argparse.Namespace) -> tuple[str, bool, dict[str, str]]:
    """The metric of the table, whether its lowest value is first, and the objectives."""
    from btcore.research.sweeps.records import check_metric

    goals = objectives(arguments.objective)
    if arguments.metric is not None:
        check_metric(arguments.metric, "--metric")
    elif goals:
        if arguments.lowest:
            raise ConfigError("--lowest: the direction is that of --objective; it goes with --metric")
        metric, direction = next(iter(goals.items()))
        return metric, direction == "minimize", goals
    metric = arguments.metric or SHOWN[0]
    return metric, arguments.lowest, goals or {metric: "minimize" if arguments.lowest else "maximize"}


def json_lines(result: "SweepResult") -> str:
    """One line of JSON for each run, in the order of the parameter sets."""
    rows = ({"params": run.params, "metrics": run.metrics} for run in result)
    return "\n".join(msgspec.json.encode(row).decode() for row in rows)


def write_rows(result: "SweepResult", path: Path) -> None:
    """Writes parameters and metrics of every run, completely or not at all; the suffix says in which form.

    Parquet and CSV have the columns of `SweepResult.table`; a parameter that is neither a number nor a text
    is JSON there. An undefined metric is null, in CSV an empty field. `.jsonl` has what --json prints.
    """
    from btcore.results.writing import write_text, write_whole

    if path.suffix == ".jsonl":
        write_text(path, json_lines(result) + "\n")
        return
    table = result.table
    columns = {name: _plain_column(table[name]) for name in table.dtype.names or ()}
    if path.suffix == ".parquet":
        from btcore.data.conversions import DATA_EXTRA, import_library

        arrow, parquet = (import_library(name, DATA_EXTRA) for name in ("pyarrow", "pyarrow.parquet"))
        made = {name: arrow.array(values) for name, values in columns.items()}
        write_whole(path, lambda stream: parquet.write_table(arrow.table(made), stream))
        return

    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))  # None is an empty field
    write_text(path, text.getvalue())


def _plain_column(column: Any) -> list[Any]:
    """The values as numbers, texts and None; other objects as JSON."""
    if column.dtype.kind == "f":
        return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - NaN
    if column.dtype.kind != "O":
        values: list[Any] = column.tolist()
        return values
    return [None if value is None else msgspec.json.encode(value).decode() for value in column.tolist()]
