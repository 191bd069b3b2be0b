"""The rungs of the ladder: what each adds, and how it is removed from the terms of a run."""

from collections.abc import Callable

from btcore.backtest.inputs import execution_source
from btcore.data.containers import Quotes
from btcore.data.markets import SymbolStreams

from .assumptions import Completed
from .market import filled_by_bars
from .terms import (
    Terms,
    differences,
    value_text,
    without_commission,
    without_latency,
    without_sizes,
    without_spread,
)

RUNGS = ("close", "next", "spread", "commission", "latency", "size", "reading")
NOTHING_ELSE = "no spread, commission, latency or limits of size"


def at_close(terms: Terms) -> Terms:
    """Market orders of bars fill at the close on which they were decided."""
    return terms.with_execution(bar_fill="close")


def optimistic(terms: Terms) -> Terms:
    """Bars are taken to have reached their prices in the order that suits the orders."""
    return terms.with_execution(intrabar="optimistic")


REMOVALS: dict[str, Callable[[Terms], Terms]] = {  # by rung: the terms without what it adds
    "next": at_close,
    "spread": without_spread,
    "commission": without_commission,
    "latency": without_latency,
    "size": without_sizes,
    "reading": optimistic,
}


def terms_at(rung: str, full: Terms, markets: SymbolStreams) -> Terms:
    """The terms of a rung: the full ones without what later rungs add."""
    has_bars = bool(filled_by_bars(markets))
    beside = full.execution.resting_on == "bars"
    terms = full
    for later in RUNGS[RUNGS.index(rung) + 1 :]:
        if later == "next" and not has_bars:
            continue
        if later == "reading" and not (has_bars or beside):
            continue
        terms = REMOVALS[later](terms)
    return terms


def name_of(rung: str, full: Terms, markets: SymbolStreams) -> str:
    """What the rung is, in words."""
    if rung == "next":
        return f"fills at the {_next_price(markets)}"
    words = {
        "close": "fills at the close of the signal",
        "spread": "spread and slippage",
        "commission": "commission",
        "latency": "latency",
        "size": "limits of size",
    }
    order = "pessimistic" if full.execution.intrabar == "bounds" else full.execution.intrabar
    return words.get(rung, f"{order} reading of bars")


def _next_price(markets: SymbolStreams) -> str:
    sources = {type(execution_source(streams)) for _, streams in markets}
    if len(sources) > 1:
        return "next price"
    (source,) = sources
    return {"Bars": "next open", "Trades": "next trade"}.get(source.__name__, "standing quote")


def settings_of(rung: str, before: Terms | None, terms: Terms, markets: SymbolStreams) -> str:
    """The settings that the rung adds; those of the first rung."""
    if before is not None:
        return ", ".join(differences(before, terms))
    names = ("bar_fill", "intrabar") if filled_by_bars(markets) else ()
    parts = [f"{name}={value_text(getattr(terms.execution, name))}" for name in names]
    parts += ["quotes and bars at their mid"] if terms.spread == 0.0 else []
    return ", ".join([*parts, NOTHING_ELSE])


def why_not(rung: str, done: Completed, markets: SymbolStreams) -> str:
    """Why a rung that adds nothing is not climbed."""
    execution = done.terms.execution
    has_bars = bool(filled_by_bars(markets))
    if rung == "close":
        return (
            "no bars fill orders: an order meets the quote that the strategy saw, or the trade after it"
            if any(isinstance(execution_source(streams), Quotes) for _, streams in markets)
            else "no bars fill orders: an order meets the trade after the one that the strategy saw"
        )
    if rung == "next":
        return "the run itself fills at the close: bar_fill='close'"
    if rung == "reading":
        if not (has_bars or execution.resting_on == "bars"):
            return "no bars fill orders"
        return "the run itself reads bars so: intrabar='optimistic'"
    return done.missing.get(rung, "the settings have none")
