"""The costs and limits of a run as one value: what removes each of them, and what doubles the costs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import asdict, replace

from btcore.config import Execution, Instrument
from btcore.costs import Commission, CommissionTier, CostModel, Slippage

MAX_BPS = 10_000.0
MAX_SHARE = 100.0  # of slippage_volume and slippage_sqrt
NAMES_SHOWN = 3  # symbols with the same term in a text


class Terms(NamedTuple):
    """What a step of the ladder plays with.

    instruments: those of all symbols, in the order of the run.
    spread: the spread of quotes and of bars of bid and ask, as a multiple of that of the data: 0 for the mid;
        None if the data have no spread.
    own_latency: True if rows of Orders have latencies of their own, which count.
    """

    execution: Execution
    instruments: dict[str, Instrument]
    cost_model: CostModel | None = None
    spread: float | None = None
    own_latency: bool = False

    def with_execution(self, **settings: Any) -> "Terms":
        """These terms with other settings of the run."""
        return self._replace(execution=replace(self.execution, **settings))

    def with_instruments(self, change: Callable[[Instrument], Instrument]) -> "Terms":
        """These terms with changed instruments."""
        return self._replace(instruments={s: change(each) for s, each in self.instruments.items()})

    def without_function(self, name: str) -> "Terms":
        """These terms without that function of the cost model."""
        if self.cost_model is None:
            return self
        left = self.cost_model._replace(**{name: None})
        return self._replace(cost_model=left if left.functions() else None)


def without_spread(terms: Terms) -> Terms:
    """No spread and no slippage, except for the slippage that depends on the size.

    Quotes are at their mid, which may lie between two ticks: orders there are moved to a tick.
    """
    if terms.spread is not None:
        has_ticks = any(each.tick_size for each in terms.instruments.values())
        terms = terms.with_execution(off_step="snap") if has_ticks else terms
        terms = terms._replace(spread=0.0)
    terms = terms.with_execution(slippage_bps=0.0, slippage_ticks=0.0, slippage_entry_bps=0.0)
    terms = terms.with_instruments(lambda each: _with_slippage(each, bps=0.0, ticks=0.0, entry_bps=0.0))
    return terms.without_function("slippage")


def without_commission(terms: Terms) -> Terms:
    """No commission, and no rebate."""
    free = {name: getattr(Execution(), name) for name in COMMISSION}
    terms = terms.with_execution(**free)
    terms = terms.with_instruments(
        lambda each: replace(each, commission=None, maker_bps=None, taker_bps=None)
    )
    return terms.without_function("commission")


COMMISSION = (
    "commission_bps",
    "maker_bps",
    "taker_bps",
    "commission_per_share",
    "commission_min",
    "commission_max",
    "commission_tiers",
    "commission_per_order",
    "commission_max_bps",
    "commission_round_to",
)
LATENCY = ("latency_ms", "response_latency_ms", "latency_jitter_ms", "response_jitter_ms")


def without_latency(terms: Terms) -> Terms:
    """Requests arrive, and reports are received, at once."""
    return terms.with_execution(**dict.fromkeys(LATENCY, 0.0))._replace(own_latency=False)


def without_sizes(terms: Terms) -> Terms:
    """Any size fills, at a price that does not depend on it."""
    terms = terms.with_execution(
        volume_share=None, displayed_size=False, consume="none", slippage_volume=0.0, slippage_sqrt=0.0
    )
    terms = terms.with_instruments(lambda each: _with_slippage(each, volume=0.0, sqrt=0.0))
    return terms.without_function("fill_size")


def _with_slippage(instrument: Instrument, **changes: float) -> Instrument:
    """The instrument with a changed slippage, if it has one of its own."""
    if instrument.slippage is None:
        return instrument
    return replace(instrument, slippage=replace(instrument.slippage, **changes))


def with_double_costs(terms: Terms) -> Terms:
    """Commission, slippage and spread twice as high; rebates, which are no cost, as they are."""
    given = terms.execution
    execution = replace(
        given,
        **{name: twice(getattr(given, name), most) for name, most in DOUBLED.items()},
        commission_tiers=[
            CommissionTier(
                notional=tier.notional,
                maker_bps=twice(tier.maker_bps, MAX_BPS),
                taker_bps=twice(tier.taker_bps, MAX_BPS),
            )
            for tier in given.commission_tiers
        ],
    )
    doubled = terms._replace(execution=execution, spread=twice(terms.spread))
    model = terms.cost_model
    if model is not None:
        doubled = doubled._replace(cost_model=_double_model(model))
    return doubled.with_instruments(_double_instrument)


DOUBLED: dict[str, float | None] = {  # settings of Execution, and the most that each may be
    "slippage_bps": MAX_BPS,
    "slippage_ticks": MAX_BPS,
    "slippage_entry_bps": MAX_BPS,
    "slippage_volume": MAX_SHARE,
    "slippage_sqrt": MAX_SHARE,
    "commission_bps": MAX_BPS,
    "maker_bps": MAX_BPS,
    "taker_bps": MAX_BPS,
    "commission_per_share": None,
    "commission_min": None,
    "commission_max": None,
    "commission_per_order": None,
    "commission_max_bps": None,
}


def twice(value: Any, most: float | None = None) -> Any:
    """Twice the value, at most `most`; a value of None, or below 0, as it is."""
    if value is None or value <= 0:
        return value
    return 2 * value if most is None else min(2 * value, most)


def _double_instrument(instrument: Instrument) -> Instrument:
    commission, slippage = instrument.commission, instrument.slippage
    if commission is not None:
        rates = {"bps", "maker_bps", "taker_bps"}
        commission = Commission(
            **{
                name: value if name == "round_to" else twice(value, MAX_BPS if name in rates else None)
                for name, value in asdict(commission).items()
            }
        )
    if slippage is not None:
        shares = {"volume", "sqrt"}
        slippage = Slippage(
            **{
                n: twice(value, MAX_SHARE if n in shares else MAX_BPS)
                for n, value in asdict(slippage).items()
            }
        )
    return replace(
        instrument,
        commission=commission,
        slippage=slippage,
        maker_bps=twice(instrument.maker_bps, MAX_BPS),
        taker_bps=twice(instrument.taker_bps, MAX_BPS),
    )


def _double_model(model: CostModel) -> CostModel:
    """The functions of commission and slippage with twice their cost."""
    commission, slippage = _python(model.commission), _python(model.slippage)

    def double_commission(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
        assert commission is not None
        money: float = commission(price, quantity, side, liquidity, instrument)
        return 2.0 * money if money > 0 else money

    def double_slippage(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
        assert slippage is not None
        filled: float = slippage(price, quantity, side, liquidity, instrument)
        worse = (filled - price) * side
        return filled + worse * side if worse > 0 else filled

    return model._replace(
        commission=None if commission is None else double_commission,
        slippage=None if slippage is None else double_slippage,
    )


def _python(function: Any) -> Any:
    """The Python function of one that `btcore.jit.cost_model` has compiled, which C code alone can call."""
    return function.__wrapped__ if hasattr(function, "address") else function


def differences(before: Terms, after: Terms) -> list[str]:
    """What `after` has in place of what `before` has, as texts such as "commission_bps=1"."""
    lines = _changed(before.execution, after.execution)
    by_term: dict[str, list[str]] = {}
    for symbol, instrument in after.instruments.items():
        for text in _changed(before.instruments[symbol], instrument):
            by_term.setdefault(text, []).append(symbol)
    lines += [f"{text} of {some(symbols)}" for text, symbols in by_term.items()]
    functions = {} if after.cost_model is None else after.cost_model.functions()
    known = {} if before.cost_model is None else before.cost_model.functions()
    lines += [f"cost_model.{name}" for name, each in functions.items() if known.get(name) is not each]
    if before.spread != after.spread:
        lines.append(
            "the spread of the data"
            if after.spread == 1.0
            else f"{after.spread:g} times the spread of the data"
        )
    if after.own_latency and not before.own_latency:
        lines.append("latency_ms of the orders")
    return lines


def _changed(before: Any, after: Any) -> list[str]:
    was = asdict(before)
    return [f"{name}={value_text(value)}" for name, value in asdict(after).items() if value != was[name]]


def value_text(value: Any) -> str:
    """A setting as a reader writes it: no default of a struct, and no trailing zeros."""
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Commission | Slippage):
        kind = type(value)
        given = {n: each for n, each in asdict(value).items() if each != getattr(kind(), n)}
        return f"{kind.__name__}({', '.join(f'{n}={value_text(each)}' for n, each in given.items())})"
    if isinstance(value, list):
        return (
            f"{len(value)} dated values"
            if value and isinstance(value[0], tuple | list)
            else f"{len(value)} tiers"
        )
    return repr(value)


def some(names: Iterable[str] | Mapping[str, Any]) -> str:
    """The first names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - NAMES_SHOWN} more" if len(listed) > NAMES_SHOWN else ""
    return ", ".join(listed[:NAMES_SHOWN]) + more
