"""The scheduled events of a run (rates, splits, dividends, funding, accruals, session ends) as one table."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument, RiskFreeRate, checked
from btcore.data.timestamps import moment_ns
from btcore.errors import ConfigError
from btcore.model import DATED_DTYPE, DatedKind
from btcore.times.clock import moment_text
from btcore.times.zones import distinct

Values = float | Sequence[tuple[Any, float]]
Item = tuple[int, DatedKind, int, float]  # ts, kind, symbol, value
ALWAYS = np.iinfo(np.int64).min  # before every time
NO_SYMBOL = -1


def scheduled_events(
    symbols: Sequence[str],
    instruments: Sequence[Instrument],
    execution: Execution,
    fx: Mapping[str, Values],
    *,
    currency: str,
    timezone: str,
    closes: NDArray[np.int64],
    symbol_closes: NDArray[np.int64],
    start: int,
) -> NDArray[Any]:
    """Records of `btcore.model.DATED_DTYPE`, sorted by time, kind (`_rank`) and symbol.

    `symbols` and `instruments` are in the order of the run; `closes` are the ends of its sessions,
    `symbol_closes` those of the sessions of its symbols, and `start` is its first time, ns UTC. Raises
    ConfigError for times that do not increase and for missing rates.
    """
    items = [*_of_execution(execution, timezone)]
    for s, (symbol, instrument) in enumerate(zip(symbols, instruments, strict=True)):
        where = f"instruments[{symbol!r}]"
        items += _of_instrument(s, where, instrument, timezone)
        foreign = instrument.currency or currency
        if foreign != currency:
            items += _exchange_rates(s, where, foreign, fx, timezone=timezone, start=start)
    rates = (DatedKind.CASH_RATE, DatedKind.DEBIT_RATE, DatedKind.BORROW_RATE)
    changes = {ts for ts, kind, _, _ in items if kind in rates}
    if changes:  # interest accrues up to each session's end and up to each change of a rate
        accruals = {int(ts) for ts in closes} | changes
        items += [(ts, DatedKind.ACCRUAL, NO_SYMBOL, 0.0) for ts in accruals if ts > start]
    ends = distinct(np.sort(symbol_closes))
    items += [(int(ts), DatedKind.SESSION_END, NO_SYMBOL, 0.0) for ts in ends if ts > start]
    items.sort(key=lambda item: (item[0], _rank(item[1]), item[2]))
    table = np.zeros(len(items), DATED_DTYPE)
    for name, column in zip(("ts", "kind", "symbol", "value"), zip(*items, strict=True), strict=True):
        table[name] = column
    return table


def _rank(kind: DatedKind) -> float:
    """The place of a kind among the scheduled events of one time: a mark price comes before funding."""
    return DatedKind.FUNDING_RATE - 0.5 if kind == DatedKind.MARK_PX else int(kind)


def risk_free_rates(value: Any, timezone: str) -> float | list[tuple[int, float]]:
    """The rate, or the (time, rate) of a list or of anything with `items`, such as a pandas Series; ns UTC.

    ConfigError for a rate of -1 or less, and for times that do not increase.
    """
    dated = list(value.items()) if hasattr(value, "items") else value
    if isinstance(dated, Sequence) and not isinstance(dated, str):
        pairs: list[Any] = [
            pair if isinstance(pair, Sequence) and len(pair) == 2 else (pair, None) for pair in dated
        ]
        for i, (_, rate) in enumerate(pairs):
            checked(f"risk_free[{i}]", rate, RiskFreeRate)
        return list(_values("risk_free", pairs, timezone))
    number: float = checked("risk_free", dated, RiskFreeRate)
    return float(number)


def dated_values(where: str, value: Values, timezone: str) -> list[tuple[int, float]]:
    """Times in ns UTC, which must increase, with their values; ConfigError otherwise."""
    return list(_values(where, value, timezone))


def _of_execution(execution: Execution, timezone: str) -> Iterator[Item]:
    for name, kind in (
        ("latency_ms", DatedKind.ENTRY_LATENCY),
        ("response_latency_ms", DatedKind.RESPONSE_LATENCY),
    ):
        values = list(_values(f"execution.{name}", getattr(execution, name), timezone))
        first = [(ALWAYS, value) for _, value in values[:1]]  # the first value is valid before its time too
        for ts, value in first + values:
            yield ts, kind, NO_SYMBOL, float(round(value * 1e6))
    for name, kind in (("cash_rate", DatedKind.CASH_RATE), ("debit_rate", DatedKind.DEBIT_RATE)):
        for ts, value in _values(f"execution.{name}", getattr(execution, name), timezone):
            yield ts, kind, NO_SYMBOL, value


def _of_instrument(s: int, where: str, instrument: Instrument, timezone: str) -> Iterator[Item]:
    for name, kind in (
        ("borrow_rate", DatedKind.BORROW_RATE),
        ("splits", DatedKind.SPLIT),
        ("dividends", DatedKind.CASH_DIVIDEND),
        ("funding", DatedKind.FUNDING_RATE),
    ):
        may_repeat = kind in {DatedKind.CASH_DIVIDEND, DatedKind.FUNDING_RATE}
        for ts, value in _values(f"{where}.{name}", getattr(instrument, name), timezone, may_repeat):
            yield ts, kind, s, value
    for ts, value in _values(f"{where}.mark_prices", instrument.mark_prices, timezone):
        yield ts, DatedKind.MARK_PX, s, value
    yield from _of_trading(s, where, instrument, timezone)


def _of_trading(s: int, where: str, instrument: Instrument, timezone: str) -> Iterator[Item]:
    """Halts, price bands and the delisting."""
    last = ALWAYS
    for i, (begin, end) in enumerate(instrument.halts):
        first, over = (moment_ns(each, timezone, f"{where}.halts[{i}]") for each in (begin, end))
        if not last <= first < over:
            raise ConfigError(
                f"{where}.halts[{i}]: {begin!r} to {end!r} does not end after it begins, or begins before "
                "the end of the halt before"
            )
        last = over
        yield first, DatedKind.HALT, s, 1.0
        yield over, DatedKind.HALT, s, 0.0
    last = ALWAYS
    for i, (moment, lower, upper) in enumerate(instrument.price_bands):
        ts = moment_ns(moment, timezone, f"{where}.price_bands[{i}]")
        if ts <= last:
            raise ConfigError(f"{where}.price_bands[{i}]: {moment!r} is not after the time before it")
        last = ts
        yield ts, DatedKind.LOWER_BAND, s, -inf if lower is None else lower
        yield ts, DatedKind.UPPER_BAND, s, inf if upper is None else upper
    if instrument.delisting is not None:
        moment, price = instrument.delisting
        yield moment_ns(moment, timezone, f"{where}.delisting"), DatedKind.DELISTING, s, price


def _exchange_rates(
    s: int, where: str, foreign: str, fx: Mapping[str, Values], *, timezone: str, start: int
) -> Iterator[Item]:
    if foreign not in fx:
        raise ConfigError(f"fx: {foreign!r}, the currency of {where}, has no rate")
    rates = list(_values(f"fx[{foreign!r}]", fx[foreign], timezone))
    if not rates or rates[0][0] > start:
        raise ConfigError(
            f"fx[{foreign!r}]: no rate is dated at or before the start of the run, {moment_text(start)}"
        )
    for i, (ts, rate) in enumerate(rates):
        if not rate > 0:
            raise ConfigError(f"fx[{foreign!r}][{i}]: {rate} is not above 0")
        yield ts, DatedKind.FX_RATE, s, rate


def _values(
    where: str, value: Values, timezone: str, may_repeat: bool = False
) -> Iterator[tuple[int, float]]:
    """Times in ns UTC, which must increase, with their values; a number other than 0 has the time ALWAYS.

    Where a time `may_repeat`, its values are added up.
    """
    if not isinstance(value, Sequence):
        if value != 0:
            yield ALWAYS, float(value)
        return
    found: dict[int, float] = {}
    last = ALWAYS
    for i, (moment, number) in enumerate(value):
        ts = moment_ns(moment, timezone, f"{where}[{i}]")
        if ts < last or (ts == last and not may_repeat):
            raise ConfigError(f"{where}[{i}]: {moment!r} is not after the time before it")
        last = ts
        found[ts] = found.get(ts, 0.0) + float(number)
    yield from found.items()
