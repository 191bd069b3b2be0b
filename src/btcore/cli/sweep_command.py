"""`btcore sweep`: a table of the best of many parameter sets."""

import argparse
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.errors import ConfigError

if TYPE_CHECKING:
    from btcore.backtest.sweep_result import SweepResult

SHOWN = ("sharpe_ratio", "total_return", "max_drawdown", "win_rate", "total_trades")


def add_sweep_options(sweep: argparse.ArgumentParser) -> None:
    """What `btcore sweep` has beside the options of a run."""
    sweep.add_argument("--metric", metavar="NAME", default=SHOWN[0], help=f"what to rank by ({SHOWN[0]})")
    sweep.add_argument("--lowest", action="store_true", help="the lowest is the best")
    sweep.add_argument("--top", metavar="N", type=int, default=10, help="how many are shown (10)")
    sweep.add_argument("--workers", metavar="N", type=int, help="threads (one a processor)")
    sweep.add_argument(
        "--json", action="store_true", help="print every run as a line of JSON and nothing else"
    )
    sweep.add_argument("--no-progress", action="store_true", help="draw no bar, not even on a terminal")


def spread(params: dict[str, Any]) -> dict[str, Any]:
    """Values for a grid: START:STOP or START:STOP:STEP are the whole numbers before STOP."""
    return {
        name: _whole_numbers(name, value) if isinstance(value, str) and ":" in value else value
        for name, value in params.items()
    }


def _whole_numbers(name: str, text: str) -> list[int]:
    try:
        start, stop, *step = map(int, text.split(":"))
        return list(range(start, stop, *step))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"--param {name}: {text!r} is not START:STOP or START:STOP:STEP") from error


def lines(result: "SweepResult") -> str:
    """Every run as a line of JSON, in order."""
    rows = ({"params": run.params, "metrics": run.metrics} for run in result)
    return "\n".join(msgspec.json.encode(row).decode() for row in rows)


def best_table(result: "SweepResult", metric: str, top: int, *, lowest: bool) -> str:
    """The first `top` runs by that metric, and how many there were."""
    from btcore.results.summary import show

    names = list(dict.fromkeys((metric, *SHOWN)))
    rows = [[*result.params, *names]]
    for i in result.order(metric, not lowest)[: max(top, 0)]:
        run = result[int(i)]
        rows.append([*map(str, run.params.values()), *(show(run.metrics[name]) for name in names)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    told = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    refused = f", {len(result.refused):,} parameter sets refused" if result.refused else ""
    return "\n".join([*told, "", f"{len(result):,} runs{refused}"])
