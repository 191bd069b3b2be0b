"""`Strategy`: the base class of strategies with Python callbacks."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, get_origin, get_type_hints
from weakref import WeakKeyDictionary

import msgspec

from btcore.config import checked
from btcore.errors import ConfigError, near_name
from btcore.validation import check_names

from .context import Context
from .events import BarEvent, FillEvent, QuoteEvent, TradeEvent
from .order_state import OrderState

HOOKS = (
    "on_start", "on_bar", "on_bars", "on_quote", "on_trade", "on_fill", "on_reject", "on_cancel",
    "on_trigger", "on_other_bar", "on_timer", "on_end",
)  # fmt: skip

NO_DEFAULT = object()

# A method with or without the name: pyright compares it with `self`, mypy without.
TimerHook = (
    Callable[[Any, Context], None]
    | Callable[[Any, Context, str], None]
    | Callable[[Context], None]
    | Callable[[Context, str], None]
)


@dataclass_transform(kw_only_default=True, eq_default=False)  # type checkers read the parameters of __init__
class Strategy:
    """Base class of strategies with Python callbacks. Annotated class attributes are its parameters.

        class Cross(bt.Strategy):
            period: int = 20

            def on_bar(self, ctx, bar):
                ...

    A class defines only the callbacks it needs. `on_start` and `on_end` take (self, ctx), and so does
    `on_timer`, or (self, ctx, name) with the name of the timer. `on_bar`, `on_quote`, `on_trade` and
    `on_fill` also take the event, and so does `on_other_bar`, a bar of another resolution of the run.
    `on_bars` takes (self, ctx, bars): it is called once after the last of the bars that end at one time, and
    `bars` has them by symbol. `ctx` is a Context.

    `on_reject`, `on_cancel` and `on_trigger` take (self, ctx, order), an OrderState: an order was rejected,
    has been canceled or has expired before the end of the data, or a stop or touch price has been reached.
    They come at the time of a report, as `on_fill` does.

    `warm_up`, a class attribute, is a number of rows: before every symbol has had so many, bars (of a symbol
    without bars quotes, else trades), no callback of the data and none of timers is called.

    `Cross(period=10)` and `bt.run(data, Cross, {"period": 10})` set parameters; ConfigError for an unknown
    name or a value of another type. A run plays a copy of an instance, which is then `result.strategy`: the
    instance itself stays as it is, and can be used for other runs.
    """

    warm_up: ClassVar[int] = 0
    if TYPE_CHECKING:

        def on_start(self, ctx: Context, /) -> None: ...
        def on_bar(self, ctx: Context, bar: BarEvent, /) -> None: ...
        def on_bars(self, ctx: Context, bars: dict[str, BarEvent], /) -> None: ...
        def on_quote(self, ctx: Context, quote: QuoteEvent, /) -> None: ...
        def on_trade(self, ctx: Context, trade: TradeEvent, /) -> None: ...
        def on_fill(self, ctx: Context, fill: FillEvent, /) -> None: ...
        def on_reject(self, ctx: Context, order: OrderState, /) -> None: ...
        def on_cancel(self, ctx: Context, order: OrderState, /) -> None: ...
        def on_trigger(self, ctx: Context, order: OrderState, /) -> None: ...
        def on_other_bar(self, ctx: Context, bar: BarEvent, /) -> None: ...
        def on_end(self, ctx: Context, /) -> None: ...

        on_timer: TimerHook
    else:
        on_start = on_bar = on_bars = on_quote = on_trade = on_fill = on_reject = on_cancel = None
        on_trigger = on_other_bar = on_timer = on_end = None

    def __init__(self, **params: Any) -> None:
        for name, value in self.check_params(params).items():
            setattr(self, name, value)

    @classmethod
    def check_params(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters with their types checked; ConfigError names the parameter that is invalid."""
        check_names("strategy.params", params)
        hints = cls._hints()
        for name in params:
            if name not in hints:
                known = ", ".join(hints) or "none"
                raise ConfigError(
                    f"strategy.params.{name}: {cls.__name__} has no such parameter{near_name(name, hints)}; "
                    f"it has {known}"
                )
        return msgspec.structs.asdict(checked("strategy.params", params, cls._struct(hints)))

    @classmethod
    def _struct(cls, hints: dict[str, Any]) -> type[msgspec.Struct]:
        """A Struct of the parameters, made again only if a default has been replaced, as that takes long."""
        defaults = [getattr(cls, name, NO_DEFAULT) for name in hints]
        made = _made.get(cls)
        if made is None or any(a is not b for a, b in zip(made[0], defaults, strict=True)):
            fields = [
                (name, hint) if default is NO_DEFAULT else (name, hint, default)
                for (name, hint), default in zip(hints.items(), defaults, strict=True)
            ]
            made = _made[cls] = defaults, msgspec.defstruct(cls.__name__, fields, kw_only=True)
        return made[1]

    @property
    def params(self) -> dict[str, Any]:
        """The current value of each parameter."""
        return {name: getattr(self, name) for name in self._hints() if hasattr(self, name)}

    @classmethod
    def _hints(cls) -> dict[str, Any]:
        """The name and type of each parameter."""
        if cls not in _hints_of:
            _hints_of[cls] = {
                name: hint
                for name, hint in get_type_hints(cls, include_extras=True).items()
                if not name.startswith("_") and get_origin(hint) is not ClassVar and hint is not ClassVar
            }
        return _hints_of[cls]


# Of classes; not attributes of theirs, which would be part of their hashes and be sent to other processes.
_hints_of: WeakKeyDictionary[type[Strategy], dict[str, Any]] = WeakKeyDictionary()
_made: WeakKeyDictionary[type[Strategy], tuple[list[Any], type[msgspec.Struct]]] = WeakKeyDictionary()


__all__ = [
    "BarEvent",
    "Context",
    "FillEvent",
    "QuoteEvent",
    "Strategy",
    "TradeEvent",
]
