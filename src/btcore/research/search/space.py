"""A parameter space: the ranges of all parameters, and its points."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from btcore.errors import ConfigError
from btcore.validation import check_names

from .ranges import Choice, Continuum, FloatRange, IntRange, LogUniform, Values, plain_items, value_key

Params = dict[str, Any]
Point = tuple[int | float, ...]  # for each parameter a position among its values, or a number of a continuum
RANGES = (FloatRange, IntRange, LogUniform, Choice)


class Axis(NamedTuple):
    """A parameter with its values, or the continuum that it is drawn from."""

    name: str
    values: Values | None
    continuum: Continuum | None = None

    @property
    def n_values(self) -> int | None:
        """The number of values; None for a continuum."""
        return None if self.values is None else len(self.values)

    def at(self, share: float) -> int | float:
        """The position or the number at a share of the range, from 0 to below 1."""
        if self.values is None:
            assert self.continuum is not None
            return self.continuum.at(share)
        count = len(self.values)
        return min(int(share * count), count - 1)  # the product can be rounded up to the count

    @property
    def types(self) -> set[type]:
        """The types of listed values; empty for a range, whose values have one."""
        return {type(value) for value in self.values} if isinstance(self.values, tuple) else set()

    def value(self, at: int | float) -> Any:
        return at if self.values is None else self.values[int(at)]


class Space:
    """The parameters of a search, and the parameter sets they make.

    size: the number of parameter sets; None with a continuum.
    types: the types of the listed values of each parameter.
    free: the indices of the parameters that can take more than one value.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.axes = axes
        self.names: list[str] = [axis.name for axis in axes]
        self.free: list[int] = [i for i, axis in enumerate(axes) if axis.n_values != 1]
        self._counts = [axis.n_values or 0 for axis in axes]
        self.size: int | None = prod(self._counts) or None
        self.types: dict[str, set[type]] = {axis.name: axis.types for axis in axes}

    def point(self, index: int) -> Point:
        """That of the set at `index` of a space without a continuum; the last parameter varies fastest."""
        positions = []
        for count in reversed(self._counts):
            index, position = divmod(index, count)
            positions.append(position)
        return tuple(reversed(positions))

    def point_at(self, shares: Sequence[float]) -> Point:
        """That at the shares of the ranges of the parameters in `free`, each from 0 to below 1."""
        point: list[int | float] = [0] * len(self.axes)
        for i, share in zip(self.free, shares, strict=True):
            point[i] = self.axes[i].at(share)
        return tuple(point)

    def params(self, point: Point) -> Params:
        return {axis.name: axis.value(at) for axis, at in zip(self.axes, point, strict=True)}


def make_space(params: Mapping[str, Any], *, distinct: bool) -> Space:
    """The space of a mapping of names to ranges, values (a text, a number or a mapping is one) or lists.

    distinct: a value that a list has twice counts once. Raises ConfigError for an empty list, and if a name
    is not a string.
    """
    check_names("params", params)
    return Space([_axis(name, value, distinct) for name, value in params.items()])


def _axis(name: str, value: Any, distinct: bool) -> Axis:
    if isinstance(value, RANGES):
        values = value.grid_values()
        if values is None:
            assert isinstance(value, FloatRange | LogUniform)
            return Axis(name, None, value)
        return Axis(name, values)
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return Axis(name, plain_items([value]))
    items = value if isinstance(value, range) else plain_items(value)
    if not items:
        raise ConfigError(f"params.{name}: the list of values is empty")
    if distinct and not isinstance(items, range):
        items = tuple({value_key(item): item for item in items}.values())
    return Axis(name, items)


class ParameterSets(Sequence[Params]):
    """The parameter sets of a grid, made when they are looked up: `sets[0]`, `len(sets)`.

    size: their number, also where it is more than `len` can say.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self.types: dict[str, set[type]] = space.types
        self.size: int = space.size or 0

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(index)
        return self._space.params(self._space.point(index % self.size))

    def __iter__(self) -> Iterator[Params]:
        return (self[i] for i in range(self.size))


def types_of(sets: Sequence[Params]) -> dict[str, set[type]]:
    """The names of all sets in order, and the types of their values; those of a range are left out."""
    if isinstance(sets, ParameterSets):
        return sets.types
    types: dict[str, set[type]] = {}
    for each in sets:
        for name, value in each.items():
            types.setdefault(name, set()).add(type(value))
    return types


def parameter_sets(params: Any) -> Sequence[Params]:
    """One mapping for each run of a grid, of which the last name varies fastest, or of a sequence of sets.

    Those of a grid are not stored. Raises ConfigError for a range without steps, and for what is neither a
    mapping of names to values nor a sequence of mappings.
    """
    if isinstance(params, Mapping):
        space = make_space(params, distinct=False)
        for axis in space.axes:
            if axis.values is None:
                raise ConfigError(f"params.{axis.name}: {_without_steps(axis.continuum)}")
        return ParameterSets(space)
    if isinstance(params, str) or not isinstance(params, Iterable):
        raise ConfigError(
            f"params: {params!r} is not a mapping of names to values or a sequence of parameter sets"
        )
    sets = list(params)
    for i, item in enumerate(sets):
        check_names(f"params[{i}]", item)
    if not sets:
        raise ConfigError("params: the sequence of parameter sets is empty")
    return [dict(item) for item in sets]


def _without_steps(range_: Continuum | None) -> str:
    step = "give it a step" if isinstance(range_, FloatRange) else "give a list of values in its place"
    return f"a grid needs values, and {range_!r} has no steps; {step}, or choose a method that draws"
