"""`btcore data`: its commands."""

import argparse
from typing import Any

from btcore.config import RunRequest, checked

from .data_catalog import add_catalog_commands
from .data_check import add_check_command
from .data_define import add_define_command
from .data_import import add_import_command
from .data_tables import show_entries


def add_data_commands(commands: Any) -> None:
    """Adds the commands to the subparsers of `btcore data`."""
    add_import_command(commands)
    add_check_command(commands)
    add_catalog_commands(commands)
    add_define_command(commands)
    sample = commands.add_parser("sample", help="write synthetic sample data into a catalog")
    sample.set_defaults(command=_sample)
    sample.add_argument("--symbols", required=True, metavar="A,B,...", help="symbols, which may be any names")
    sample.add_argument("--start", required=True, metavar="TIME", help="first time, ISO 8601, UTC")
    sample.add_argument(
        "--end", required=True, metavar="TIME", help="time before which the data end, likewise"
    )
    sample.add_argument(
        "--resolution", default="day", help="tick, second, minute, hour or day (default: day)"
    )
    sample.add_argument("--into", required=True, metavar="DIR", help="catalog folder; created if missing")


def _sample(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog, SampleMarket

    request: RunRequest = checked(
        "",
        {
            "symbols": [symbol for symbol in arguments.symbols.split(",") if symbol],
            "start_date": arguments.start,
            "end_date": arguments.end,
            "resolution": arguments.resolution,
        },
        RunRequest,
    )
    catalog, market = Catalog(arguments.into), SampleMarket()
    for symbol in request.symbols:
        found = market.load(symbol, request.resolution, request.start_ns, request.end_ns)
        show_entries(catalog.write(symbol, found))
