"""The options of the readers as options of a command: one table, `OPTIONS`."""

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from btcore.errors import ConfigError

TEXT_ONLY = ("delimiter", "has_header", "comment", "skip_rows", "encoding")


class ReaderOption(NamedTuple):
    """An option of the readers, and how it is given on the command line.

    Without a `metavar` it has no value: it is True if it is given. `parse` makes the value of the text;
    ConfigError says what the text must be. The readers check the value.
    """

    name: str
    metavar: str | None
    help: str
    parse: Callable[[str], Any] = str

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return f"--{self.name.replace('_', '-')}"


def _columns(text: str) -> dict[str, str | tuple[str, str] | None]:
    """The names in the file by those in btcore, of the text NAME=THEIRS,...; see the help of --columns."""
    columns: dict[str, str | tuple[str, str] | None] = {}
    for pair in _split(text, ","):
        name, *theirs = _split(pair, "=", 1)
        parts = _split(theirs[0], "+") if theirs and name == "timestamp" else []
        if not theirs or not name or len(parts) > 2 or name in columns:
            raise ConfigError(
                f"--columns: {pair!r} is not NAME=NAME_IN_FILE, timestamp=DATE+TIME or NAME= "
                r"(\, \= and \+ are these signs in a name), each NAME once"
            )
        if len(parts) == 2:
            columns[name] = (_plain(parts[0]), _plain(parts[1]))
        else:
            columns[name] = _plain(theirs[0]) or None
    return columns


def _split(text: str, sign: str, times: int = 0) -> list[str]:
    """The parts of the text between such signs that no backslash precedes."""
    return re.split(rf"(?<!\\){re.escape(sign)}", text, maxsplit=times)


def _plain(text: str) -> str:
    """The text without the backslashes before signs."""
    return re.sub(r"\\([,=+\\])", r"\1", text)


def _sides(text: str) -> dict[str, int]:
    sides = {}
    for pair in _split(text, ","):
        value, *side = _split(pair, "=", 1)
        if not side or side[0] not in {"1", "+1", "-1", "0"} or _plain(value) in sides:
            raise ConfigError(f"--sides: {pair!r} is not VALUE=1 (buy), VALUE=-1 (sell) or VALUE=0 (unknown)")
        sides[_plain(value)] = int(side[0])
    return sides


def _years(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4}):(\d{1,4})", text)
    if not found or int(found[1]) > int(found[2]):
        raise ConfigError(f"--years: {text!r} is not FIRST:LAST, such as 1990:2030")
    return int(found[1]), int(found[2])


def _rows(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise ConfigError(f"--skip-rows: {text!r} is not a number of rows, 0 or more")
    return int(text)


def _divisor(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--price-divisor: {text!r} is not a positive number") from None


def _sign(text: str) -> str:
    """The character that the text is or names."""
    return {"tab": "\t", r"\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}.get(text, text)


OPTIONS = (
    ReaderOption("interval", "LENGTH", "length of bars, such as 1min, 4h, 1d (default: inferred)"),
    ReaderOption(
        "timezone",
        "ZONE",
        "IANA name of the clock of times without an offset (default: the format's, or UTC)",
    ),
    ReaderOption(
        "columns",
        "K=V,...",
        "names of columns in the file: close=Last; timestamp=Date+Time are two; volume= leaves it out",
        _columns,
    ),
    ReaderOption(
        "unit", "UNIT", "of times that are numbers: s, ms, us, ns, excel, by_row (default: by size)"
    ),
    ReaderOption(
        "time_format", "FORMAT", "how times are written, such as '%%d.%%m.%%Y %%H:%%M' (default: ISO 8601)"
    ),
    ReaderOption(
        "dst",
        "RULE",
        "a local time that occurs twice or never: raise, earlier, later, infer (default: raise)",
    ),
    ReaderOption("years", "FIRST:LAST", "years that times may have (default: 1800:2100)", _years),
    ReaderOption("stamp", "END", "what the times of bars are: open or close (default: by their times)"),
    ReaderOption("calendar", "CODE", "exchange whose sessions end the bars, such as XNYS"),
    ReaderOption("source", "NAME", "prices that bars aggregate: trade, mid, bid, ask (default: trade)"),
    ReaderOption("sort", None, "order the rows by time"),
    ReaderOption("duplicates", "RULE", "bars with one timestamp: refuse, first, last (default: refuse)"),
    ReaderOption("missing", "RULE", "rows without a needed value: refuse, drop (default: refuse)"),
    ReaderOption("crossed", "RULE", "quotes with bid above ask: refuse, keep, drop (default: refuse)"),
    ReaderOption(
        "sides", "V=SIDE,...", "what values of the side mean: 1 buy, -1 sell, 0 unknown; B=1,S=-1", _sides
    ),
    ReaderOption("decimal", "SIGN", "decimal point of numbers that are texts: . or , (default: inferred)"),
    ReaderOption(
        "thousands",
        "SIGN",
        "what separates thousands: , . ' _ or the word space (default: inferred)",
        _sign,
    ),
    ReaderOption("price_divisor", "NUMBER", "prices are divided by it (default: 1)", _divisor),
    ReaderOption("negative_prices", None, "allow prices of 0 and below"),
    ReaderOption("delimiter", "SIGN", "between two values; the word tab is a tab (default: inferred)", _sign),
    ReaderOption("has_header", None, "whether the first line names the columns (default: inferred)"),
    ReaderOption("comment", "TEXT", "lines that begin with it are skipped"),
    ReaderOption("skip_rows", "N", "lines above the header or the first row (default: 0)", _rows),
    ReaderOption("encoding", "NAME", "of a text file, such as cp1252 (default: UTF-8, or by its mark)"),
)
ELSEWHERE = ("format", "symbol", "by")  # options of the readers that the commands treat themselves


def add_reader_options(parser: argparse.ArgumentParser, helps: Mapping[str, str] | None = None) -> None:
    """Adds the options of the readers; one that is not given is None. `helps` replace texts of `OPTIONS`."""
    group = parser.add_argument_group("how the files are written")
    for option in OPTIONS:
        settings: dict[str, Any] = {"dest": option.name, "default": None}
        settings["help"] = (helps or {}).get(option.name, option.help)
        if option.name == "has_header":
            settings["help"] = settings["help"].replace(" (default", ", or not (default")
            group.add_argument("--header", "--no-header", action=_HasHeader, nargs=0, **settings)
        elif option.metavar is None:
            group.add_argument(option.flag, action="store_const", const=True, **settings)
        else:
            group.add_argument(option.flag, metavar=option.metavar, **settings)


class _HasHeader(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, option_string == "--header")


def reader_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of the readers that are given; ConfigError names one whose text has another form."""
    given = {option: getattr(arguments, option.name) for option in OPTIONS}
    return {
        option.name: option.parse(value) if option.metavar is not None else value
        for option, value in given.items()
        if value is not None
    }


def flag_of(name: str, value: Any = None) -> str:
    """An option of the readers as it is given on the command line, with its value if there is one."""
    if name == "has_header":
        return {True: "--header", False: "--no-header"}.get(value, "--header or --no-header")
    return f"--{name.replace('_', '-')}"


def refuse_options(names: Iterable[str], given: Mapping[str, Any], what: str) -> None:
    """ConfigError for the first of these options that is given: it has no meaning for `what`."""
    for name in names:
        if name in given:
            raise ConfigError(f"{flag_of(name, given[name])}: it is not for {what}")
