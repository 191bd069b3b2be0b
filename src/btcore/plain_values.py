"""Documents of other people's JSON writers: null for what is not given, and 5.0 for a whole number."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from msgspec import inspect

REFUSED = {"initial_capital"}  # as null: an amount of money is not guessed
_EXACT = 2**53  # whole numbers up to it are exact in JSON of any writer


def as_written(document: Any, kind: Any, *, nulls: bool = True) -> Any:
    """The document, decoded JSON for `kind`, without these two habits.

    With `nulls`, a null is left out where the field has a default and no null of its own. A number with the
    fraction 0 is an integer where an integer is expected. What is invalid is returned as it is, to be refused
    by its name.
    """
    return _written(document, _type_of(kind), nulls)


@cache
def _type_of(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _written(value: Any, kind: inspect.Type, nulls: bool) -> Any:
    options = list(_options(kind))
    if isinstance(value, float):
        takes_float = any(isinstance(option, inspect.FloatType | inspect.AnyType) for option in options)
        takes_int = any(isinstance(option, inspect.IntType) for option in options)
        is_whole = takes_int and not takes_float and value.is_integer() and abs(value) <= _EXACT
        return int(value) if is_whole else value
    if isinstance(value, dict):
        for option in options:
            if isinstance(option, inspect.StructType):
                return _struct(value, option, nulls)
            if isinstance(option, inspect.DictType):
                return {key: _written(item, option.value_type, nulls) for key, item in value.items()}
    if isinstance(value, list):
        for option in options:
            if isinstance(option, inspect.ListType):
                return [_written(item, option.item_type, nulls) for item in value]
    return value


def _struct(value: dict[str, Any], kind: inspect.StructType, nulls: bool) -> dict[str, Any]:
    fields = {field.encode_name: field for field in kind.fields}
    left_out = {
        name
        for name, field in fields.items()
        if nulls and not field.required and name not in REFUSED and not _takes_null(field.type)
    }
    return {
        name: _written(item, fields[name].type, nulls) if name in fields else item
        for name, item in value.items()
        if item is not None or name not in left_out
    }


def _takes_null(kind: inspect.Type) -> bool:
    return any(isinstance(option, inspect.NoneType | inspect.AnyType) for option in _options(kind))


def _options(kind: inspect.Type) -> Iterable[inspect.Type]:
    """The types that a value may have."""

    def each(one: inspect.Type) -> Iterator[inspect.Type]:
        if isinstance(one, inspect.UnionType):
            for option in one.types:
                yield from each(option)
        elif isinstance(one, inspect.Metadata):
            yield from each(one.type)
        else:
            yield one

    return each(kind)
