"""The Numba type of the state of a `btcore.compiled` strategy.

A state is a record of numbers with its arrays behind it. Only the record is part of the type, and it says
where the arrays are, so that code compiled once serves arrays of any length.
"""

# mypy: disable-error-code="untyped-decorator,misc,no-untyped-call,override"

from collections.abc import Mapping
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr as register_attributes
from numba.extending import intrinsic, lower_getattr_generic, lower_setattr_generic, register_model
from numba.np.arrayobj import make_array, populate_array

from .compile_errors import plain
from .numba_refusals import refuse, unknown_field
from .state_layout import AT, COUNT, LENGTH, SIZE


class StateType(types.Type):
    """The state of a strategy: a record of numbers, and arrays that are behind it."""

    def __init__(self, head: Any, arrays: Mapping[str, Any], parameters: frozenset[str]) -> None:
        self.head, self.arrays, self.parameters = head, dict(arrays), parameters
        self.known = [name for name in head.fields if not name.startswith("@")] + list(arrays)
        super().__init__(f"state({head}, {sorted(arrays.items())}, {sorted(parameters)})")


@register_model(StateType)
class StateModel(models.StructModel):
    def __init__(self, manager: Any, kind: StateType) -> None:
        super().__init__(manager, kind, [("record", kind.head)])


def part_of(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    """A member of a view."""
    return getattr(cgutils.create_struct_proxy(kind)(context, builder, value=value), name)


def state_view(state: StateType) -> Any:
    """A function of (address, index): the state of that index; IndexError is up to the caller."""

    @intrinsic
    def view(typing: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
            made = cgutils.create_struct_proxy(state)(context, builder)
            pointer = context.data_model_manager[state.head].get_value_type()
            first = builder.bitcast(args[0], pointer)
            size = context.get_getattr(state.head, SIZE)(context, builder, state.head, first, SIZE)
            made.record = builder.bitcast(builder.gep(args[0], [builder.mul(size, args[1])]), pointer)
            return made._getvalue()

        return state(types.voidptr, types.int64), generate

    return view


def state_count(state: StateType) -> Any:
    """A function of the address: the number of states."""

    @intrinsic
    def count(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
            first = builder.bitcast(args[0], context.data_model_manager[state.head].get_value_type())
            return context.get_getattr(state.head, COUNT)(context, builder, state.head, first, COUNT)

        return types.int64(types.voidptr), generate

    return count


@register_attributes
class StateAttributes(AttributeTemplate):
    key = StateType

    def generic_resolve(self, state: StateType, name: str) -> Any:
        if name in state.arrays:
            return types.Array(state.arrays[name], 1, "C")
        if name not in state.known:
            raise unknown_field("state", name, state.known)
        return state.head.typeof(name)


@lower_getattr_generic(StateType)
def read_state(context: Any, builder: Any, state: StateType, value: Any, name: str) -> Any:
    record, head = part_of(context, builder, state, value, "record"), state.head
    if name not in state.arrays:
        return context.get_getattr(head, name)(context, builder, head, record, name)
    at, length = (
        context.get_getattr(head, each)(context, builder, head, record, each)
        for each in (AT.format(name), LENGTH.format(name))
    )
    kind = types.Array(state.arrays[name], 1, "C")
    array = make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    start = builder.gep(builder.bitcast(record, cgutils.voidptr_t), [at])
    populate_array(
        array,
        data=builder.bitcast(start, context.get_data_type(kind.dtype).as_pointer()),
        shape=[length],
        strides=[size],
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


@lower_setattr_generic(StateType)
def write_state(context: Any, builder: Any, sig: Any, args: Any, name: str) -> Any:
    state, given = sig.args
    record = part_of(context, builder, state, args[0], "record")
    put = context.get_setattr(name, types.void(state.head, given))
    return put(builder, (record, args[1]))


def check_write(target: Any, name: str, given: Any, loc: Any) -> None:
    """TypingError for a field that a strategy must not set, or not to a value of that type."""
    if not isinstance(target, StateType):
        raise refuse(
            f"{target.name.partition('(')[0]}.{name} cannot be set; a strategy sets fields of its state", loc
        )
    where, given = f"state.{name}", types.unliteral(given)
    if name in target.parameters:
        raise refuse(f"{where} is a parameter, which cannot be set; state= declares fields that can", loc)
    if name in target.arrays:
        raise refuse(f"{where} is an array: set its elements, {where}[i] or {where}[:]", loc)
    wanted = target.head.typeof(name)
    if not isinstance(given, types.Number | types.Boolean):
        raise refuse(f"{where} is a number, {wanted}, and is set to {plain(str(given))}", loc)
    if isinstance(given, types.Float) and not isinstance(wanted, types.Float):
        raise refuse(
            f"{where} starts as a whole number or a flag, and the decimal number that it is set to would be "
            "cut off; let it start as a decimal number, such as 0.0",
            loc,
        )
