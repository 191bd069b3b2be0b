"""What the ladder assumes where the caller's settings have no cost or limit of a kind."""

from typing import Annotated, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from btcore.backtest.inputs import execution_source, require_sizes
from btcore.config import MAX_LATENCY_MS, Commission, Execution, Slippage, commission_of, slippage_of
from btcore.data.markets import SymbolStreams
from btcore.errors import ConfigError
from btcore.validation import checked

from .market import filled_by_bars, has_spread
from .terms import LATENCY, Terms, some, value_text

TypeOfBps = Annotated[float, Meta(ge=0, le=10_000)] | None
TypeOfLatency = Annotated[float, Meta(ge=0, le=MAX_LATENCY_MS)] | None
TypeOfShare = Annotated[float, Meta(gt=0, le=1)] | None


class Assumptions(NamedTuple):
    """The values that are used where the caller gives none; None, or False, to assume nothing.

    spread_bps: the whole spread in bps of the price; a taker pays half of it.
    commission_bps: in bps of the notional of a fill.
    latency_ms: from the strategy to the market, of runs whose orders meet quotes and trades only.
    volume_share: the largest share of the volume of a bar.
    displayed_size: True limits fills to the size of the quote or trade.
    """

    spread_bps: float | None = 2.0
    commission_bps: float | None = 1.0
    latency_ms: float | None = 100.0
    volume_share: float | None = 0.1
    displayed_size: bool = True

    def check(self) -> None:
        """ConfigError for a value that is out of range."""
        for name, kind in (
            ("spread_bps", TypeOfBps),
            ("commission_bps", TypeOfBps),
            ("latency_ms", TypeOfLatency),
            ("volume_share", TypeOfShare),
            ("displayed_size", bool),
        ):
            checked(name, getattr(self, name), kind)


class Completed(NamedTuple):
    """Terms with what is assumed: the assumption of each rung, and why a rung has none."""

    terms: Terms
    assumed: dict[str, str]
    missing: dict[str, str]


def complete(terms: Terms, markets: SymbolStreams, given: Assumptions) -> Completed:
    """The caller's terms with an assumption for each kind of cost and limit that they do not have."""
    done = Completed(terms, {}, {})
    for add in (_spread, _commission, _latency, _sizes):
        done = add(done, markets, given)
    return done


def _without(done: Completed, rung: str, reason: str) -> Completed:
    return done._replace(missing={**done.missing, rung: reason})


def _with(done: Completed, rung: str, terms: Terms, text: str) -> Completed:
    return done._replace(terms=terms, assumed={**done.assumed, rung: text})


def _spread(done: Completed, markets: SymbolStreams, given: Assumptions) -> Completed:
    """Half the assumed spread as slippage of the symbols that have neither a spread nor slippage."""
    terms = done.terms
    model, execution = terms.cost_model, terms.execution
    bare = [
        symbol
        for symbol, streams in markets
        if not has_spread(execution_source(streams))
        and terms.instruments[symbol].slippage is None
        and not any(
            getattr(slippage_of(terms.instruments[symbol], execution), n)
            for n in ("bps", "ticks", "entry_bps")
        )
        and (model is None or model.slippage is None)
    ]
    if not bare or not given.spread_bps:
        why = "the data have one price, no slippage is given"
        return _without(done, "spread", f"{why}, and spread_bps={value_text(given.spread_bps)} assumes none")
    half = given.spread_bps / 2
    if len(bare) == len(markets):
        terms = terms.with_execution(slippage_bps=half)
    else:
        own = {symbol: replace(terms.instruments[symbol], slippage=_half(execution, half)) for symbol in bare}
        terms = terms._replace(instruments={**terms.instruments, **own})
    return _with(done, "spread", terms, f"spread_bps={value_text(given.spread_bps)}, half of it a fill")


def _half(execution: Execution, half: float) -> Slippage:
    return Slippage(bps=half, volume=execution.slippage_volume, sqrt=execution.slippage_sqrt)


def _commission(done: Completed, markets: SymbolStreams, given: Assumptions) -> Completed:
    """The assumed commission of the symbols for which none is given."""
    terms = done.terms
    execution, model = terms.execution, terms.cost_model
    bare = [
        symbol
        for symbol, each in terms.instruments.items()
        if each.commission is None
        and each.maker_bps is None
        and each.taker_bps is None
        and commission_of(each, execution) == Commission()
        and not execution.commission_tiers
        and (model is None or model.commission is None)
    ]
    if not bare or not given.commission_bps:
        why = f"none is given, and commission_bps={value_text(given.commission_bps)} assumes none"
        return _without(done, "commission", why)
    if len(bare) == len(markets):
        terms = terms.with_execution(commission_bps=given.commission_bps)
    else:
        paid = Commission(bps=given.commission_bps)
        own = {symbol: replace(terms.instruments[symbol], commission=paid) for symbol in bare}
        terms = terms._replace(instruments={**terms.instruments, **own})
    return _with(done, "commission", terms, f"commission_bps={value_text(given.commission_bps)}")


def _latency(done: Completed, markets: SymbolStreams, given: Assumptions) -> Completed:
    """The assumed latency, if no order is filled by bars."""
    terms = done.terms
    if terms.own_latency or any(getattr(terms.execution, name) for name in LATENCY):
        return done
    bars = filled_by_bars(markets)
    if bars:
        return _without(
            done,
            "latency",
            f"none is given, and none is assumed where bars fill orders ({some(bars)}): any latency "
            "would miss the next open, as in the stress 'entries delayed'",
        )
    if not given.latency_ms:
        return _without(
            done, "latency", f"none is given, and latency_ms={value_text(given.latency_ms)} assumes none"
        )
    text = f"latency_ms={value_text(given.latency_ms)}"
    return _with(done, "latency", terms.with_execution(latency_ms=given.latency_ms), text)


def _sizes(done: Completed, markets: SymbolStreams, given: Assumptions) -> Completed:
    """The assumed limits: a share of the volume of bars, and the size that quotes and trades show."""
    terms, reasons = done.terms, []
    if terms.execution.volume_share is not None or terms.execution.caps_size:
        return done
    if terms.cost_model is not None and terms.cost_model.fill_size is not None:
        return done
    bars = filled_by_bars(markets)
    used = []
    for name, value, applies in (
        ("volume_share", given.volume_share, bool(bars)),
        ("displayed_size", given.displayed_size, len(bars) < len(markets)),
    ):
        if not applies:
            continue
        if not value:
            reasons.append(f"none is given, and {name}={value_text(value)} assumes none")
            continue
        limited = terms.with_execution(**{name: value})
        try:
            require_sizes(markets, limited.execution)
        except ConfigError as error:
            reasons.append(
                f"none is given, and none is assumed: {str(error).removeprefix(f'execution.{name}: ')}"
            )
            continue
        terms = limited
        used.append(f"{name}={value_text(value)}")
    if not used:
        return _without(done, "size", "; ".join(reasons))
    return _with(done, "size", terms, ", ".join(used))
