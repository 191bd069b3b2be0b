"""Converts plain values to msgspec types. Errors name the place, the value and what is allowed."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from msgspec import Struct, ValidationError, convert, structs

from .errors import ConfigError, near_name

if TYPE_CHECKING:
    from msgspec.inspect import Type

LONGEST_VALUE = 60  # characters of a value shown in a message
PATTERN_WORDS: dict[str, str] = {}  # a pattern -> the texts that match it, in words for a message
NEAR_PATTERN: dict[str, Callable[[Any], str]] = {}  # a pattern -> `near_name` of the texts that match it

_MESSAGE = re.compile(r"(?P<text>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<field>\w+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_OWN_TEXT = re.compile(r"[a-z]\w*(\[[^]]*\])*: ")  # what a __post_init__ raises begins with the field
_BOUND = re.compile(r"Expected `\w+` (?P<sign>[<>]=?) (?P<bound>\S+)")
_LENGTH = re.compile(r"Expected `\w+` of length (?P<bound>[<>]= \d+|\d+)(, got \d+)?")
_TYPE = re.compile(r"Expected `(?P<names>[\w| ]+)`(, got `\w+`)?")
_PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.*)", re.DOTALL)
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<field>.*)`", re.DOTALL)
_SIGNS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
_NAMES = {
    "array": "a list",
    "bool": "a boolean",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "a mapping",
    "str": "a string",
}


def checked(where: str, value: Any, kind: Any) -> Any:
    """`value` converted to `kind`, a type that msgspec supports.

    The fields of a Struct that was constructed in Python have not been validated; they are validated here.
    Raises ConfigError, whose message begins with the place at or below `where`.
    """
    plain = _plain(value)
    for keys, number in _floats(plain, ()):
        if not isfinite(number):  # bounds let infinity through
            raise ConfigError(f"{_place(where, kind, keys)[0]}: {number} is not a finite number")
    try:
        return convert(plain, kind)
    except ValidationError as error:
        raise ConfigError(fault(error, plain, kind, where)) from error


def check_names(where: str, value: Any) -> None:
    """ConfigError unless `value` is a mapping of names to values."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {_shown(value)} is not a mapping of names to values")
    for name in value:
        if not isinstance(name, str):
            raise ConfigError(f"{where}: the name {_shown(name)} is not a string")


def fault(error: ValidationError, value: Any, kind: Any, where: str = "") -> str:
    """The text of `error` as `place: what`, for the error that converting `value` to `kind` raised.

    `value` consists of dicts, lists and scalars, such as decoded JSON. msgspec writes `[...]` for every key
    of a mapping; here the key is found and shown: `fx['EUR']: 0 is not above 0`. The place begins with
    `where`.
    """
    try:
        convert(value, kind)
    except ValidationError as same:  # decoding words some errors differently
        error = same
    match = _MESSAGE.fullmatch(str(error))
    assert match is not None  # the pattern takes any text
    keys: list[Any] = []
    for step in _STEP.finditer(match["path"] or ""):
        if step["index"] is not None:
            keys.append(int(step["index"]))
        else:
            keys.append(step["field"] or _failing_key(error, value, kind, keys))
    if match["key"]:
        keys.append(_failing_key(error, value, kind, keys))
    place, types = _place(where, kind, keys)
    text = match["text"]
    if _OWN_TEXT.match(text):
        return f"{place}.{text}".lstrip(".")
    if field := _FIELD.fullmatch(text):
        names = [name for one in types for name in _fields(one)]
        what = f"unknown field{near_name(field['field'], names)}; choose from {', '.join(names)}"
        what = "is required" if "missing" in field["what"] else what
        return f"{place}.{field['field']}: {what}".lstrip(".")
    found = keys[-1] if match["key"] else _at(value, keys)
    return f"{place}: {_sentence(text, found, types)}".removeprefix(": ")


def _sentence(text: str, value: Any, types: "list[Type]") -> str:
    """What is wrong with `value`: msgspec's text, reworded like the other messages."""
    shown = _shown(value)
    if match := _BOUND.fullmatch(text):
        bound = match["bound"].removesuffix(".0")
        return f"{shown} is not {_SIGNS[match['sign']]} {bound}"
    if match := _LENGTH.fullmatch(text):
        sign, _, bound = match["bound"].rpartition(" ")
        return f"length {len(value)} is not {_SIGNS[sign] + ' ' if sign else ''}{bound}"
    if match := _TYPE.fullmatch(text):
        return f"{shown} is not {' or '.join(_NAMES.get(name, name) for name in match['names'].split(' | '))}"
    if match := _PATTERN.fullmatch(text):
        pattern = match["pattern"][1:-1].replace("\\\\", "\\")
        if pattern in PATTERN_WORDS:
            near = NEAR_PATTERN[pattern](value) if pattern in NEAR_PATTERN else ""
            return f"{shown} is not {PATTERN_WORDS[pattern]}{near}"
        pattern = pattern.replace(r"(?![\s\S])", "$")
        return f"{shown} does not match {pattern}"
    if text.startswith("Invalid enum value"):
        choices = [str(choice) for one in types for choice in getattr(one, "values", ())]
        return f"{shown} is not one of {', '.join(choices)}{near_name(value, choices)}"
    return text


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _place(where: str, kind: Any, keys: Any) -> "tuple[str, list[Type]]":
    """`where`, followed by the keys as `.field`, `[index]` or `['key']`; and the types allowed there."""
    from msgspec.inspect import type_info  # not at the top: only errors need it

    types = list(_alternatives(type_info(kind)))
    for key in keys:
        if any(key in _fields(one) for one in types):
            where += f".{key}"
        else:
            where += "[...]" if key is None else f"[{_shown(key)}]"
        types = [below for one in types for below in _below(one, key)]
    return where.lstrip("."), types


def _alternatives(one: "Type") -> "Iterator[Type]":
    """The members of a union; any other type itself."""
    inner = getattr(one, "type", None)  # a type with metadata
    for each in getattr(one, "types", (one if inner is None else inner,)):
        if each is one:
            yield one
        else:
            yield from _alternatives(each)


def _fields(one: "Type") -> "Mapping[str, Type]":
    """The fields of a Struct by name; of other types, none."""
    return {each.encode_name: each.type for each in getattr(one, "fields", ())}


def _below(one: "Type", key: Any) -> "Iterator[Type]":
    """The types allowed at `key` of a value of that type."""
    for inner in (_fields(one).get(key), getattr(one, "value_type", None), getattr(one, "item_type", None)):
        if inner is not None:
            yield from _alternatives(inner)
    items = getattr(one, "item_types", ())
    if isinstance(key, int) and 0 <= key < len(items):
        yield from _alternatives(items[key])


def _failing_key(error: ValidationError, value: Any, kind: Any, keys: list[Any]) -> Any:
    """The key of the mapping at `keys` that causes the error; None if it is not found.

    Items are converted in order, so the first `n` of them raise the error once they include that key.
    """
    items = list(_at(value, keys).items())

    def raise_it(count: int) -> bool:
        try:
            convert(_replaced(value, keys, dict(items[:count])), kind)
        except ValidationError as other:
            return str(other) == str(error)
        return False

    at = bisect_left(range(1, len(items) + 1), True, key=raise_it)
    return items[at][0] if at < len(items) else None


def _at(value: Any, keys: list[Any]) -> Any:
    for key in keys:
        value = value[key] if isinstance(value, list) else value.get(key, {})
    return value


def _replaced(value: Any, keys: list[Any], item: Any) -> Any:
    """A copy of `value` with `item` at `keys`."""
    if not keys:
        return item
    copy = value.copy()
    copy[keys[0]] = _replaced(value[keys[0]], keys[1:], item)
    return copy


def _plain(value: Any) -> Any:
    """As dicts, lists and scalars of Python, without Structs, sets and numpy values."""
    if isinstance(value, Struct):
        value = structs.asdict(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.item() if value.size == 1 else _plain(value.tolist())
    return value


def _floats(value: Any, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], float]]:
    """Every float in a plain value, with the keys that lead to it."""
    if isinstance(value, float):
        yield keys, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _floats(item, (*keys, key))


def check_finite(struct: Struct) -> None:
    """ConfigError for a number that is not finite; the times of dated values are checked by a run."""
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, float) and not isfinite(value):
            raise ConfigError(f"{name}: {value} is not a finite number")
        for i, number in dated_numbers(value):
            if isinstance(number, float) and not isfinite(number):
                raise ConfigError(f"{name}[{i}]: {number} is not a finite number")


def dated_numbers(value: Any) -> list[tuple[int, float]]:
    """Index and number of each of the dated values; none of another value.

    A Struct made in Python may hold values of any type, which `checked` refuses later.
    """
    items = value if isinstance(value, list) else []
    pairs = [(i, item) for i, item in enumerate(items) if isinstance(item, tuple) and len(item) == 2]
    return [(i, number) for i, (_, number) in pairs if is_number(number)]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)
