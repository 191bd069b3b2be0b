"""`btcore data define`: what a catalog knows of a symbol beside its data."""

import argparse
from collections.abc import Sequence
from typing import Any

import msgspec

from btcore.config import Instrument, checked
from btcore.errors import ConfigError

from .data_catalog import open_catalog
from .flag_words import errors_in_flags
from .json_input import read_object

FIELDS = Instrument.__struct_fields__


def add_define_command(commands: Any) -> None:
    """Adds `define` to the subparsers of `btcore data`."""
    text = "set terms of a symbol, which a run over the catalog uses; the others stay as they are"
    define = commands.add_parser("define", help=text, description=text)
    define.set_defaults(command=errors_in_flags(_define))
    define.add_argument("catalog", metavar="CATALOG", help="catalog folder; created if missing")
    define.add_argument("symbol", metavar="SYMBOL", help="the symbol, which needs no data")
    define.add_argument(
        "terms",
        nargs="*",
        metavar="FIELD=VALUE",
        help=f"a term, whose value is JSON, otherwise a text; FIELD= sets its default: {', '.join(FIELDS)}",
    )
    define.add_argument(
        "--instrument",
        metavar="FILE",
        help="JSON object with all terms, in place of those before; - for stdin",
    )
    define.add_argument("--timezone", metavar="ZONE", help="IANA name of the clock of its market")
    define.add_argument(
        "--name",
        action="append",
        metavar="DATE=TICKER",
        help="a ticker that it had up to and including that date, once for each in order; in place of those "
        "before",
    )


def _define(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog

    given = (arguments.terms, arguments.instrument, arguments.timezone, arguments.name)
    if not any(given):
        raise ConfigError(
            "define: nothing is given; FIELD=VALUE, --instrument, --timezone or --name is needed"
        )
    catalog = Catalog(arguments.catalog)
    before = catalog.definition(arguments.symbol)
    if arguments.instrument:
        terms = read_object("--instrument", arguments.instrument, " with terms such as tick_size")
    else:
        terms = {} if before is None else msgspec.to_builtins(before.instrument)
    for name, value in _terms(arguments.terms).items():
        terms.pop(name, None)
        terms |= {} if value is None else {name: value[0]}
    names = _names(arguments.name) if arguments.name else () if before is None else before.names
    timezone = arguments.timezone or (None if before is None else before.timezone)
    instrument: Instrument = checked(arguments.symbol, terms, Instrument)
    catalog.define(arguments.symbol, instrument, timezone=timezone, names=names)
    print(open_catalog(arguments.catalog).describe(arguments.symbol))


def _terms(given: Sequence[str]) -> dict[str, tuple[Any] | None]:
    """The values by field; None for the default."""
    terms: dict[str, tuple[Any] | None] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or name not in FIELDS or name in terms:
            known = ", ".join(FIELDS)
            raise ConfigError(f"{pair!r} is not FIELD=VALUE, each FIELD once; the fields are {known}")
        try:
            terms[name] = (msgspec.json.decode(value),) if value else None
        except msgspec.DecodeError:
            terms[name] = (value,)
    return terms


def _names(given: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for pair in given:
        until, equals, ticker = pair.partition("=")
        if not equals:
            raise ConfigError(f"--name: {pair!r} is not DATE=TICKER, as in 2022-06-08=FB")
        pairs.append((until, ticker))
    return pairs
