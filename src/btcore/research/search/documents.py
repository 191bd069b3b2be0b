"""Parameter spaces as JSON: a list of `{name, kind, low, high, step, values}`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from btcore.errors import ConfigError, not_one_of
from btcore.plain_values import as_written
from btcore.validation import checked

from .ranges import KINDS, Choice, IntRange, Range
from .space import RANGES, make_space

WHERE = "search_space.parameters"


def space_of(parameters: Any, where: str = WHERE) -> dict[str, Range]:
    """The ranges by name, of decoded JSON: `[{"name": "period", "kind": "int_range", "low": 5, "high": 50}]`.

    A null stands for what is not given, and 5.0 for 5. Raises ConfigError, whose message begins with the
    place of the fault: `search_space.parameters[2].low: ...`.
    """
    if not isinstance(parameters, list | tuple):
        raise ConfigError(f"{where}: {parameters!r} is not a list of parameters")
    if not parameters:
        raise ConfigError(f"{where}: the list is empty")
    space: dict[str, Range] = {}
    for i, given in enumerate(parameters):
        place = f"{where}[{i}]"
        if not isinstance(given, Mapping):
            raise ConfigError(f"{place}: {given!r} is not a mapping of name, kind and what the kind has")
        fields = {key: value for key, value in given.items() if value is not None}
        name = _required(place, fields, "name")
        del fields["name"]
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{place}.name: {name!r} is not a name")
        if name in space:
            raise ConfigError(f"{place}.name: {name!r} is that of {where}[{list(space).index(name)}] too")
        kind = _required(place, fields, "kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise ConfigError(f"{place}.kind: {not_one_of(kind, KINDS)}")
        space[name] = checked(place, as_written(fields, KINDS[kind]), KINDS[kind])
    return space


def describe(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The inverse of `space_of`, for JSON; ascending `range`s become `int_range`, other values `choice`.

    Raises ConfigError for a value that JSON cannot hold.
    """
    described = []
    for axis in make_space(params, distinct=True).axes:
        given = params[axis.name]
        struct = given if isinstance(given, RANGES) else _struct(axis.values)
        try:
            fields = msgspec.json.decode(msgspec.json.encode(struct))
        except TypeError as error:
            raise ConfigError(f"params.{axis.name}: cannot be written as JSON: {error}") from error
        described.append(
            {"name": axis.name, **{key: item for key, item in fields.items() if item is not None}}
        )
    return described


def _struct(values: Any) -> Range:
    if isinstance(values, range) and values.step > 0 and len(values) > 1:
        return IntRange(values[0], values[-1], values.step)
    return Choice(tuple(values))


def _required(place: str, fields: Mapping[str, Any], name: str) -> Any:
    if name not in fields:
        raise ConfigError(f"{place}.{name}: is required")
    return fields[name]
