"""`btcore sweep`: its options, and its table of the best runs."""

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.errors import ConfigError
from btcore.pictures import text_table

if TYPE_CHECKING:
    from btcore.research.sweeps.sweep_result import SweepResult

MAX_VALUES = 1_000_000  # of one parameter, before they are stored
SHOWN = ("sharpe_ratio", "total_return", "max_drawdown", "win_rate", "total_trades")


def add_sweep_options(sweep: argparse.ArgumentParser) -> None:
    """Adds the options that `btcore sweep` has in addition to those of a request."""
    sweep.add_argument(
        "--metric", metavar="NAME", default=SHOWN[0], help=f"metric to rank by (default: {SHOWN[0]})"
    )
    sweep.add_argument("--lowest", action="store_true", help="rank the lowest value first")
    sweep.add_argument("--top", metavar="N", type=int, default=10, help="number of runs shown (default: 10)")
    sweep.add_argument(
        "--workers", metavar="N", type=int, help="number of threads (default: one per processor)"
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
    sweep.add_argument("--no-progress", action="store_true", help="never draw a progress bar")


def expand_ranges(params: dict[str, Any]) -> dict[str, Any]:
    """`params` with lists for START:STOP and START:STOP:STEP: whole numbers from START, without STOP."""
    return {
        name: _whole_numbers(name, value) if isinstance(value, str) and ":" in value else value
        for name, value in params.items()
    }


def _whole_numbers(name: str, text: str) -> list[int]:
    try:
        start, stop, *step = map(int, text.split(":"))
        values = range(start, stop, *step)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"--param {name}: {text!r} is not START:STOP or START:STOP:STEP") from error
    if values[MAX_VALUES:]:  # a long range has no len()
        raise ConfigError(f"--param {name}: {text!r} is more than {MAX_VALUES:,} values")
    return list(values)


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


def best_table(result: "SweepResult", metric: str, top: int, *, lowest: bool) -> str:
    """A table of the best `top` runs by `metric`, and the number of all runs."""
    from btcore.results.summary import format_metric

    names = list(dict.fromkeys((metric, *SHOWN)))
    rows = [[*result.params, *names]]
    for i in result.order(metric, not lowest)[:top]:
        run = result[int(i)]
        rows.append([*map(str, run.params.values()), *(format_metric(run.metrics[name]) for name in names)])
    refused = f", {len(result.refused):,} parameter sets refused" if result.refused else ""
    return "\n".join([text_table(rows), "", f"{len(result):,} runs{refused}"])
