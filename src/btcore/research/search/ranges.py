"""What a parameter may be: a range of numbers, in steps or without, or one of a list of values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import exp, isfinite, lcm, log
from typing import Any, Protocol

import numpy as np
from msgspec.structs import force_setattr

from btcore.errors import ConfigError
from btcore.names import Settings

MOST_VALUES = 2**53  # of a range with steps: positions up to it are exact as floats
MOST_INT = 2**63 - 1  # tables hold int64


class Values(Protocol):
    """The values of a parameter by position; those of a range are not stored."""

    def __len__(self) -> int: ...
    def __getitem__(self, position: int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


class DecimalSteps:
    """`low + k * step` computed in decimals, up to `high`: 0.3 where floats give 0.30000000000000004."""

    def __init__(self, low: float, high: float, step: float) -> None:
        first, last, width = (Fraction(repr(number)) for number in (low, high, step))
        self._scale = lcm(first.denominator, width.denominator)
        self._first = int(first * self._scale)
        self._width = int(width * self._scale)
        self.count: int = (last - first) // width + 1  # may be more than `len` can say

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, position: int) -> float:
        if not 0 <= position < self.count:
            raise IndexError(position)
        return (self._first + position * self._width) / self._scale  # of two ints: rounded once

    def __iter__(self) -> Iterator[float]:
        return (self[position] for position in range(self.count))


class FloatRange(Settings, frozen=True, tag="float_range", tag_field="kind", forbid_unknown_fields=True):
    """A number from `low` to `high`, both included.

    step: None for any number between them; else the values are low, low + step, ... in decimals, and the last
        is the largest that is not above `high`. It is at most high - low.

    Raises ConfigError if a bound is not a finite number or low is above high.
    """

    low: float
    high: float
    step: float | None = None

    def __post_init__(self) -> None:
        low, high = _number("low", self.low), _number("high", self.high)
        step = None if self.step is None else _number("step", self.step)
        _check_order(low, high)
        if step is not None:
            _check_step(low, high, step)
            _check_count(DecimalSteps(low, high, step).count)
        _keep(self, low=low, high=high, step=step)

    def grid_values(self) -> Values | None:
        """The values in order, each a float; None without a step."""
        if self.step is None:
            return (self.low,) if self.low == self.high else None
        return DecimalSteps(self.low, self.high, self.step)

    def at(self, share: float) -> float:
        """The number below which this share of the range lies; share is from 0 to 1."""
        return _within(self.low * (1 - share) + self.high * share, self.low, self.high)


class IntRange(Settings, frozen=True, tag="int_range", tag_field="kind", forbid_unknown_fields=True):
    """A whole number from `low` to `high`, both included.

    step: the values are low, low + step, ...; the last is the largest that is not above `high`. It is at most
        high - low.

    Raises ConfigError if a bound is not a whole number of 64 bits or low is above high.
    """

    low: int
    high: int
    step: int = 1

    def __post_init__(self) -> None:
        low, high, step = (_whole(name, getattr(self, name)) for name in ("low", "high", "step"))
        _check_order(low, high)
        _check_step(low, high, step)
        _check_count((high - low) // step + 1)
        _keep(self, low=low, high=high, step=step)

    def grid_values(self) -> Values:
        """The values in order, each an int."""
        return range(self.low, self.high + 1, self.step)


class LogUniform(Settings, frozen=True, tag="log_uniform", tag_field="kind", forbid_unknown_fields=True):
    """A number from `low` to `high`, both included, whose logarithm is uniform; low is above 0.

    Raises ConfigError if a bound is not a finite number above 0 or low is above high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        low, high = _number("low", self.low), _number("high", self.high)
        if low <= 0:
            raise ConfigError(f"low: {low} is not above 0, where logarithms are defined")
        _check_order(low, high)
        _keep(self, low=low, high=high)

    def grid_values(self) -> Values | None:
        """None: there are no steps; the one value if low equals high."""
        return (self.low,) if self.low == self.high else None

    def at(self, share: float) -> float:
        """The number below which this share of the logarithms lies; share is from 0 to 1."""
        return _within(exp(log(self.low) * (1 - share) + log(self.high) * share), self.low, self.high)


class Choice(Settings, frozen=True, tag="choice", tag_field="kind", forbid_unknown_fields=True):
    """One of `values`, which are of any type; each has the same chance.

    Raises ConfigError if there are none, or one is there twice.
    """

    values: Sequence[Any]

    def __post_init__(self) -> None:
        if isinstance(self.values, str | bytes | Mapping) or not isinstance(self.values, Iterable):
            raise ConfigError(f"values: {self.values!r} is not a list of values")
        values = plain_items(self.values)
        if not values:
            raise ConfigError("values: the list is empty")
        first_of: dict[Any, int] = {}
        for i, value in enumerate(values):
            if (first := first_of.setdefault(value_key(value), i)) != i:
                raise ConfigError(f"values[{i}]: {value!r} is there already, as values[{first}]")
        _keep(self, values=values)

    def grid_values(self) -> Values:
        """The values as they were given."""
        return self.values


Continuum = FloatRange | LogUniform
Range = FloatRange | IntRange | LogUniform | Choice
KINDS: dict[str, type[Range]] = {
    "float_range": FloatRange,
    "int_range": IntRange,
    "log_uniform": LogUniform,
    "choice": Choice,
}


def plain_items(values: Iterable[Any]) -> tuple[Any, ...]:
    """The items, with Python's numbers in place of numpy's."""
    return tuple(item.item() if isinstance(item, np.generic) else item for item in values)


def value_key(value: Any) -> Any:
    """What two values have in common if they are the same: 1 and True are not."""
    try:
        hash(value)
    except TypeError:
        return type(value), repr(value)
    return type(value), value


def _keep(struct: Settings, **fields: Any) -> None:
    """Replaces what the caller gave, such as numpy's numbers, before anyone can have seen it."""
    for name, value in fields.items():
        force_setattr(struct, name, value)


def _number(name: str, value: Any) -> float:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise ConfigError(f"{name}: {value!r} is not a number")
    try:
        number = float(plain)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise ConfigError(f"{name}: {value!r} is not a finite number")
    return number


def _whole(name: str, value: Any) -> int:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise ConfigError(f"{name}: {value!r} is not a whole number")
    if abs(plain) > MOST_INT:
        raise ConfigError(f"{name}: {value!r} is beyond 64 bits, {MOST_INT}")
    return plain


def _check_order(low: float, high: float) -> None:
    if low > high:
        raise ConfigError(f"low: {low} is above high {high}")


def _check_step(low: float, high: float, step: float) -> None:
    if step <= 0:
        raise ConfigError(f"step: {step} is not above 0")
    if low < high and Fraction(repr(step)) > Fraction(repr(high)) - Fraction(repr(low)):
        raise ConfigError(f"step: {step} is wider than the range from {low} to {high}")


def _check_count(count: int) -> None:
    if count > MOST_VALUES:
        raise ConfigError(f"step: {count} values are more than {MOST_VALUES}")


def _within(number: float, low: float, high: float) -> float:
    return min(max(number, low), high)
