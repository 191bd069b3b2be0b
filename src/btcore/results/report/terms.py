"""The costs and the account of a run in words, from its manifest."""

from collections.abc import Mapping, Sequence
from typing import Any

from btcore.results.labels import NO_COSTS

from .words import listed, number

Settings = Mapping[str, Any]


def cost_words(run: Settings, data: Sequence[Settings], logs: Sequence[str], currency: str) -> list[str]:
    """What trading costs in the run, a sentence for each kind; one that says so if there is nothing."""
    free = [line for line in logs if line.startswith(NO_COSTS)]
    execution = run.get("execution")
    if execution is None:
        return free or ["the manifest does not have the settings of the run"]
    words = [
        *_commission(execution, currency),
        *_slippage(execution),
        *_latency(execution),
        *_own_terms(run.get("instruments") or {}),
    ]
    if run.get("cost_model"):
        words.append(f"own functions for {listed(sorted(run['cost_model']))}")
    if any(stream.get("kind") == "quotes" for stream in data):
        words.append("the spread of the quotes")
    return (
        free or words or ["no commission, slippage or latency is set; the prices of the data have a spread"]
    )


def _commission(execution: Settings, currency: str) -> list[str]:
    parts = []
    tiers = execution.get("commission_tiers") or []
    if tiers:
        parts.append(f"in {len(tiers)} tiers by the notional of the month")
    elif execution.get("commission_bps"):
        parts.append(f"{number(execution['commission_bps'])} bps of the notional")
    for name, who in (("maker_bps", "makers"), ("taker_bps", "takers")):
        if not tiers and execution.get(name) is not None:
            parts.append(f"{number(execution[name])} bps for {who}")
    for name, form in (
        ("commission_per_share", "{} {} per unit"),
        ("commission_per_order", "{} {} per order"),
        ("commission_min", "at least {} {} a fill"),
        ("commission_max", "at most {} {} a fill"),
    ):
        if execution.get(name):
            parts.append(form.format(number(execution[name]), currency).replace("  ", " "))
    if execution.get("commission_max_bps"):
        parts.append(f"at most {number(execution['commission_max_bps'])} bps of the notional")
    if parts and execution.get("commission_round_to"):
        parts.append(f"rounded to {number(execution['commission_round_to'])}")
    return [f"commission {', '.join(parts)}"] if parts else []


def _slippage(execution: Settings) -> list[str]:
    parts = [
        form.format(number(execution[name]))
        for name, form in (
            ("slippage_bps", "{} bps"),
            ("slippage_ticks", "{} ticks"),
            ("slippage_volume", "{} of the price times the squared share of the size shown"),
            ("slippage_sqrt", "{} of the price times the root of the share of the size shown"),
            ("slippage_entry_bps", "{} bps at entries"),
        )
        if execution.get(name)
    ]
    return [f"slippage {', '.join(parts)}"] if parts else []


def _latency(execution: Settings) -> list[str]:
    parts = [
        f"{_dated(execution[name])} ms {where}"
        for name, where in (
            ("latency_ms", "to the market"),
            ("response_latency_ms", "back"),
            ("latency_jitter_ms", "of random delay to the market"),
            ("response_jitter_ms", "of random delay back"),
        )
        if execution.get(name)
    ]
    return [f"latency {', '.join(parts)}"] if parts else []


def _own_terms(instruments: Mapping[str, Settings]) -> list[str]:
    words = []
    for name, what in (
        ("commission", "own commission"),
        ("slippage", "own slippage"),
        ("maker_bps", "own rate for makers"),
        ("taker_bps", "own rate for takers"),
        ("borrow_rate", "a borrow rate"),
        ("funding", "funding"),
    ):
        having = [symbol for symbol, terms in instruments.items() if terms.get(name) not in (None, 0.0, [])]
        if having:
            words.append(f"{what} of {listed(having)}")
    return words


def account_words(run: Settings) -> list[str]:
    """The terms of the account besides its capital."""
    execution = run.get("execution")
    if execution is None:
        return []
    words = ["cash account, no credit" if execution.get("account") == "cash" else "margin account"]
    if execution.get("account") != "cash":
        words.append(f"leverage {number(float(execution.get('leverage', 1.0)))}")
    if execution.get("maintenance_margin"):
        words.append(f"liquidated below {100 * execution['maintenance_margin']:.4g} % of the exposure")
    words.append(
        "hedging: long and short positions apart"
        if execution.get("position_mode") == "hedging"
        else "netting"
    )
    if execution.get("cost_basis") == "fifo":
        words.append("oldest lots close first")
    for name, where in (("cash_rate", "on cash"), ("debit_rate", "on debt")):
        if execution.get(name):
            words.append(f"interest {_rate(execution[name])} {where}")
    return words


def _dated(given: Any) -> str:
    """A number, or how many dated values there are."""
    return f"dated ({len(given)} values)" if isinstance(given, list) else number(float(given))


def _rate(given: Any) -> str:
    return _dated(given) if isinstance(given, list) else f"{100 * given:.4g} % a year"
