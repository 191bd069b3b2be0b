"""Messages of the library in the words of the command line: `skip_rows=3` is `--skip-rows 3`."""

import ast
import re
import shlex
from collections.abc import Callable
from functools import wraps
from typing import Any

from btcore.errors import ConfigError, DataError

from .reader_options import ELSEWHERE, OPTIONS, flag_of

_LEAN = {
    "quote_bars": "--quote-bars",
    "adjust": "--adjust",
    "hours": "--hours",
    "symbols": "--symbol",
    "resolutions": "--resolution",
    "markets": "--market",
    "resolution": "--resolution",
    "kind": "--kind",
}
_NAMES = {**_LEAN, **{name: flag_of(name) for name in (*(x.name for x in OPTIONS), *ELSEWHERE)}}
_ONE = "|".join(sorted(_NAMES, key=len, reverse=True))
_VALUE = r"""\{[^{}]*\}|"[^"]*"|'[^']*'|True\b|False\b|None\b|[+-]?\d[\w.+-]*"""
_GIVEN = re.compile(rf"(?<!--columns )(?<![\w'\"-])({_ONE})=(?!=)(?:({_VALUE}))?")
_BEGINS = re.compile(rf"(?<![\w-])({_ONE})(?:\[('[^']*'|\"[^\"]*\")\])?(?=: )")
_PHRASES = (
    (re.compile(r"use read_(parquet|arrow|csv|npz)"), r"pass --format \1"),
    (re.compile(r"(--columns .+?): None, but"), r"\1: it is left out, but"),
    (re.compile(r"; read it into a table and use from_frame"), ""),
    (re.compile(r",? or use from_frame\(\.\.\., ([^()]*)\)"), r" or \1"),
)


def in_flags(message: str) -> str:
    """The message with options of the command line in place of options of Python.

    `columns={'timestamp': 'Date'}` is `--columns timestamp=Date`, `has_header=False` is `--no-header`, and
    "skip_rows: ..." at the beginning or after the name of a file is "--skip-rows: ...".
    """
    return note_in_flags(_BEGINS.sub(lambda found: _beginning(found, message), message))


def note_in_flags(note: str) -> str:
    """The same for a note, whose first word is what it is about: "interval: 1min, inferred"."""
    for pattern, words in _PHRASES:
        note = pattern.sub(words, note)
    return _GIVEN.sub(_given, note)


def errors_in_flags(command: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The command, whose errors name options as the command line does."""

    @wraps(command)
    def run(arguments: Any) -> Any:
        try:
            return command(arguments)
        except ConfigError as error:
            raise ConfigError(in_flags(str(error))) from error
        except DataError as error:
            raise DataError(in_flags(str(error))) from error

    return run


def _beginning(found: re.Match[str], message: str) -> str:
    """The option that a message is about, which stands at its beginning or after the name of a file."""
    before = message[: found.start()]
    if before and (not before.endswith(": ") or re.search(r" (row|line) \d+: $", before)):
        return found[0]  # what is wrong with a row begins with the name of its column
    return f"{_NAMES[found[1]]} {shlex.quote(found[2][1:-1])}" if found[2] else _NAMES[found[1]]


def _given(found: re.Match[str]) -> str:
    name, text = found[1], found[2]
    if text is None:
        return _NAMES[name]
    value = _value(text)
    if name == "has_header":
        return flag_of(name, value)
    if value is True:
        return _NAMES[name]
    if isinstance(value, dict | set):
        return f"{_NAMES[name]} {shlex.quote(_pairs(value)) if value != {...} else 'K=V,...'}"
    return f"{_NAMES[name]} {shlex.quote(_sign(value)) if isinstance(value, str) else text}"


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _pairs(values: Any) -> str:
    """A mapping as the command line takes it; "..." stands for what the reader of the message knows."""
    return ",".join(f"{_escaped(str(name))}={_theirs(theirs)}" for name, theirs in values.items())


def _theirs(theirs: Any) -> str:
    if theirs is None:
        return ""
    if theirs is ...:
        return "NAME"
    return "+".join(map(_escaped, theirs)) if isinstance(theirs, tuple) else _escaped(str(theirs))


def _escaped(text: str) -> str:
    return re.sub(r"([,=+])", r"\\\1", text)


def _sign(text: str) -> str:
    return {"\t": "tab", " ": "space"}.get(text, text)
