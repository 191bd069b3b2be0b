"""The Numba types of the event and the account of a `btcore.compiled` strategy.

They are views of the records of `numba`, with the names that users know from the events and from `Context`.
"""

# mypy: disable-error-code="untyped-decorator,misc,no-untyped-call,override"

from collections.abc import Callable
from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr as register_attributes
from numba.extending import intrinsic, lower_getattr_generic, overload_method, register_model

from . import numba as records
from . import numba_orders as orders
from .handler import EVENTS
from .numba import ACCOUNT, MARKET, OUTBOX
from .numba_refusals import refuse, unknown_field
from .numba_state import part_of

Reader = Callable[..., Any]


@njit
def _fill(market: Any) -> Any:
    """The fill of the event; ValueError if it is an event of another kind, which has none."""
    if market.kind != records.FILL:
        raise ValueError("the event is not a fill")
    return records.fill(market)


@njit
def _other_bar(market: Any) -> Any:
    """The bar of another resolution; ValueError if the event is of another kind, which has none."""
    if market.kind != records.OTHER_BAR:
        raise ValueError("the event is not a bar of another resolution")
    return records.other_bar(market)


FIELDS: dict[str, dict[str, Reader]] = {  # of each kind of event: functions of the market
    "bars": {
        "timestamp": njit(lambda market: records.bar(market).ts),
        "open": njit(lambda market: records.bar(market).open),
        "high": njit(lambda market: records.bar(market).high),
        "low": njit(lambda market: records.bar(market).low),
        "close": njit(lambda market: records.bar(market).close),
        "volume": njit(lambda market: records.bar(market).volume),
    },
    "quotes": {
        "timestamp": njit(lambda market: records.quote(market).ts),
        "bid": records.bid,
        "ask": records.ask,
        "bid_size": njit(lambda market: records.quote(market).bid_qty),
        "ask_size": njit(lambda market: records.quote(market).ask_qty),
        "mid": records.mid,
    },
    "trades": {
        "timestamp": njit(lambda market: records.trade(market).ts),
        "price": njit(lambda market: records.trade(market).px),
        "size": njit(lambda market: records.trade(market).qty),
        "side": njit(lambda market: int(records.trade(market).side)),
    },
    "fills": {
        "timestamp": njit(lambda market: _fill(market).ts),
        "order_id": njit(lambda market: _fill(market).order_id),
        "side": njit(lambda market: int(_fill(market).side)),
        "quantity": njit(lambda market: _fill(market).last_qty),
        "price": njit(lambda market: _fill(market).last_px),
        "commission": njit(lambda market: _fill(market).commission),
    },
    "other_bars": {
        "timestamp": njit(lambda market: _other_bar(market).bar.ts),
        "open": njit(lambda market: _other_bar(market).bar.open),
        "high": njit(lambda market: _other_bar(market).bar.high),
        "low": njit(lambda market: _other_bar(market).bar.low),
        "close": njit(lambda market: _other_bar(market).bar.close),
        "volume": njit(lambda market: _other_bar(market).bar.volume),
        "resolution": njit(lambda market: int(_other_bar(market).resolution)),
    },
}
ALWAYS: dict[str, Reader] = {
    "symbol": njit(lambda market: int(market.symbol)),
    "now": njit(lambda market: market.now),
    "kind": njit(lambda market: int(market.kind)),
    "market": njit(lambda market: market),
}
MONEY: dict[str, Reader] = {"cash": njit(lambda record: record.cash), "equity": orders.equity}
PARTS = {"market": MARKET, "record": ACCOUNT, "out": OUTBOX}


def _by_kind(code: int, reader: Reader, otherwise: Reader) -> Reader:
    """A reader that is `reader` at events of that kind."""
    chosen: Reader = njit(lambda market: reader(market) if market.kind == code else otherwise(market))
    return chosen


def readers_of(kinds: tuple[str, ...]) -> dict[str, Reader]:
    """The fields of an event of one of these kinds. One that several have is that of the current event."""
    found: dict[str, Reader] = {}
    for kind in kinds:
        for name, reader in FIELDS.get(kind, {}).items():
            found[name] = _by_kind(EVENTS[kind], reader, found[name]) if name in found else reader
    return {**found, **ALWAYS}


class EventType(types.Type):
    """An event of one of these kinds."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds, self.readers = kinds, readers_of(kinds)
        super().__init__(f"event({', '.join(kinds)})")


class AccountType(types.Type):
    """The account, and the outbox of the strategy's requests."""

    def __init__(self) -> None:
        super().__init__("account")


@register_model(EventType)
class EventModel(models.StructModel):
    def __init__(self, manager: Any, kind: EventType) -> None:
        super().__init__(manager, kind, [("market", MARKET)])


@register_model(AccountType)
class AccountModel(models.StructModel):
    def __init__(self, manager: Any, kind: AccountType) -> None:
        super().__init__(manager, kind, list(PARTS.items()))


def _view(context: Any, builder: Any, kind: Any, values: dict[str, Any]) -> Any:
    """A view with these members."""
    made = cgutils.create_struct_proxy(kind)(context, builder)
    for name, value in values.items():
        setattr(made, name, value)
    return made._getvalue()


def event_view(event: EventType) -> Any:
    """A function of the market: the event."""

    @intrinsic
    def view(typing: Any, market: Any) -> Any:
        def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
            return _view(context, builder, event, {"market": args[0]})

        return event(MARKET), generate

    return view


@intrinsic
def account_view(typing: Any, market: Any, account: Any, out: Any) -> Any:
    """The account of these three."""
    kind = AccountType()

    def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
        return _view(context, builder, kind, dict(zip(PARTS, args, strict=True)))

    return kind(MARKET, ACCOUNT, OUTBOX), generate


def _call_type(typing: Any, reader: Reader, argument: Any) -> Any:
    """The type of a reader, and its signature."""
    function = typing.resolve_value_type(reader)
    return function, typing.resolve_function_type(function, (argument,), {})


def _read(context: Any, builder: Any, reader: Reader, argument: Any, value: Any) -> Any:
    function, signature = _call_type(context.typing_context, reader, argument)
    return context.get_function(function, signature)(builder, (value,))


@register_attributes
class EventAttributes(AttributeTemplate):
    key = EventType

    def generic_resolve(self, event: EventType, name: str) -> Any:
        if name not in event.readers:
            others = [kind for kind, fields in FIELDS.items() if name in fields]
            if others:
                raise refuse(
                    f"event.{name}: a field of {' and '.join(others)}, and the events of this strategy are "
                    f"{', '.join(event.kinds)}; choose them with events="
                )
            raise unknown_field("event", name, event.readers)
        return _call_type(self.context, event.readers[name], MARKET)[1].return_type


@lower_getattr_generic(EventType)
def read_event(context: Any, builder: Any, event: EventType, value: Any, name: str) -> Any:
    market = part_of(context, builder, event, value, "market")
    return _read(context, builder, event.readers[name], MARKET, market)


@register_attributes
class AccountAttributes(AttributeTemplate):
    key = AccountType

    def generic_resolve(self, account: AccountType, name: str) -> Any:
        if name in MONEY:
            return _call_type(self.context, MONEY[name], ACCOUNT)[1].return_type
        if name in PARTS:
            return PARTS[name]
        if name in METHODS:
            return None  # `overload_method` has it
        raise unknown_field("account", name, [*MONEY, *METHODS])


@lower_getattr_generic(AccountType)
def read_account(context: Any, builder: Any, account: AccountType, value: Any, name: str) -> Any:
    if name in PARTS:
        return part_of(context, builder, account, value, name)
    record = part_of(context, builder, account, value, "record")
    return _read(context, builder, MONEY[name], ACCOUNT, record)


METHODS: list[str] = []


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a function that returns an implementation a method of the account, of the same name."""
    METHODS.append(function.__name__)
    made: Callable[..., Any] = overload_method(AccountType, function.__name__, prefer_literal=True)(function)
    return made
