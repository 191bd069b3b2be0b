"""Names and parameters of indicators, checked; an unknown one is an error that names the near one."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any

from btcore.errors import ConfigError, near_name

from .table import HIGHEST, INDICATORS, OTHER_NAMES, Description, Parameter

SYNONYMS = {
    "fastperiod": "fast",
    "length": "period",
    "n": "period",
    "nbdev": "deviations",
    "nbdevup": "deviations",
    "num_std": "deviations",
    "signalperiod": "signal",
    "slowperiod": "slow",
    "span": "period",
    "std": "deviations",
    "timeperiod": "period",
    "window": "period",
}


def unknown(where: str, name: str, names: Iterable[str]) -> str:
    """The text of an error about a parameter that does not exist."""
    known = list(names)
    has = f"its parameters are {', '.join(known)}" if known else "it has no parameters"
    return f"{where}: unknown parameter {name!r}{near_name(name, known, SYNONYMS)}; {has}"


def find(name: str) -> Description:
    """The indicator of that name; ConfigError if there is none."""
    if name not in INDICATORS:
        meant = near_name(str(name), INDICATORS, OTHER_NAMES)
        raise ConfigError(f"indicator: {name!r} is not one{meant}; choose from {', '.join(INDICATORS)}")
    return INDICATORS[name]


def read_parameters(
    described: Description, given: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, int | float]:
    """All parameters by name, with defaults for those that are not given; ConfigError for an invalid one."""
    names = [parameter.name for parameter in described.parameters]
    where = described.name
    if len(given) > len(names):
        raise ConfigError(
            f"{where}: takes {', '.join(names) or 'no parameters'}, not {len(given)} parameters"
        )
    values = dict(zip(names, given, strict=False))
    for name, value in named.items():
        if name not in names:
            raise ConfigError(unknown(where, name, names))
        if name in values:
            raise ConfigError(f"{where}.{name}: given twice")
        values[name] = value
    read = {each.name: _read(where, each, values) for each in described.parameters}
    if where in ("macd", "kama") and not read["fast"] < read["slow"]:
        raise ConfigError(f"{where}.fast: {read['fast']} is not below slow, {read['slow']}")
    return read


def _read(where: str, parameter: Parameter, values: Mapping[str, Any]) -> int | float:
    value = values.get(parameter.name, parameter.default)
    if value is None:
        raise ConfigError(f"{where}.{parameter.name}: is required")
    place = f"{where}.{parameter.name}: {value!r} is not"
    if parameter.whole:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise ConfigError(f"{place} a whole number")
        value = int(value)
        if not parameter.least <= value <= HIGHEST:
            name, least = parameter.name, parameter.least
            raise ConfigError(f"{place} from {least:g} to {HIGHEST:,}: {name} must be >= {least:g}")
        return value
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        raise ConfigError(f"{place} a finite number")
    if value < parameter.least:
        raise ConfigError(f"{place} {parameter.least:g} or more")
    return float(value)
