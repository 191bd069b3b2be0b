"""`btcore ladder`: its options."""

import argparse
from collections.abc import Sequence
from typing import Any

import msgspec

from btcore.errors import ConfigError, near_name


def add_ladder_options(ladder: argparse.ArgumentParser) -> None:
    """Adds the options that `btcore ladder` has in addition to those of a request."""
    ladder.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="K=V",
        help="what is used where the settings have none: spread_bps (default: 2), commission_bps (1), "
        "latency_ms (100, of ticks), volume_share (0.1), displayed_size (true); V is null to assume none",
    )
    ladder.add_argument(
        "--stress",
        action="append",
        default=[],
        metavar="K=V",
        help="a setting of the stresses: delay_ms (default: 1000, of ticks), skip, the share of the round "
        "trips that is left out (0.1), block, in periods (by their number), draws (1000), seed (0)",
    )
    ladder.add_argument(
        "--json", action="store_true", help="print steps and stresses as JSON and nothing else"
    )
    ladder.add_argument("--out", metavar="FILE", help="write the page of the ladder to this .html file")
    ladder.add_argument("--no-progress", action="store_true", help="never draw a progress bar")


def ladder_keywords(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `ladder` that the options give; ConfigError for an unknown name or a wrong value."""
    from btcore.research.stress.assumptions import Assumptions
    from btcore.research.stress.stresses import Draws

    assumed = _values("--assume", arguments.assume, Assumptions._fields)
    stressed = _values("--stress", arguments.stress, Draws._fields)
    for flag, check in (
        ("--assume", Assumptions(**assumed).check),
        ("--stress", Draws(**stressed).check),
    ):
        try:
            check()
        except ConfigError as error:
            raise ConfigError(f"{flag} {error}") from error
    return {"progress": False if arguments.no_progress else None, **assumed, **stressed}


def _values(flag: str, given: Sequence[str], known: Sequence[str]) -> dict[str, Any]:
    """The values of KEY=VALUE texts, JSON, by key."""
    values = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if name not in known:
            raise ConfigError(f"{flag}: {name!r} is not one of {', '.join(known)}{near_name(name, known)}")
        try:
            values[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            wrong = f"{text!r} is not a number, true, false or null" if equals else "it has no value"
            raise ConfigError(f"{flag} {name}: {wrong}") from None
    return values
