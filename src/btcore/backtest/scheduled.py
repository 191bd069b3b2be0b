"""What happens at a date in a run, as one list in the order it will happen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.data.timestamps import moment_ns
from btcore.errors import ConfigError
from btcore.model import DATED_DTYPE, DatedKind

Dated = float | Sequence[tuple[Any, float]]
Item = tuple[int, DatedKind, int, float]
ALWAYS = np.iinfo(np.int64).min
RUN = -1  # no symbol's


def schedule(
    symbols: Sequence[str],
    instruments: Sequence[Instrument],
    execution: Execution,
    fx: Mapping[str, Dated],
    *,
    currency: str,
    timezone: str,
    closes: NDArray[np.int64],
    start: int,
) -> NDArray[Any]:
    """Records of `btcore.model.DATED_DTYPE` by time, kind, symbol; ConfigError names what makes no sense."""
    items = [*_run(execution, timezone)]
    for s, (symbol, instrument) in enumerate(zip(symbols, instruments, strict=True)):
        where = f"instruments[{symbol!r}]"
        items += _instrument(s, where, instrument, timezone)
        own = instrument.currency or currency
        if own != currency:
            items += _exchange_rate(s, where, own, fx, timezone=timezone, start=start)
    rates = (DatedKind.CASH_RATE, DatedKind.DEBIT_RATE, DatedKind.BORROW_RATE)
    steps = {ts for ts, kind, _, _ in items if kind in rates}
    if steps:
        accruals = {int(ts) for ts in closes} | {ts for ts in steps if ts > start}
        items += [(ts, DatedKind.ACCRUAL, RUN, 0.0) for ts in accruals if ts > start]
    items += [(int(ts), DatedKind.SESSION_END, RUN, 0.0) for ts in closes if ts > start]
    items.sort(key=lambda item: (item[0], int(item[1]), item[2]))
    table = np.zeros(len(items), DATED_DTYPE)
    for name, column in zip(("ts", "kind", "symbol", "value"), zip(*items, strict=True), strict=True):
        table[name] = column
    return table


def _run(execution: Execution, timezone: str) -> Iterator[Item]:
    for name, kind in (
        ("latency_ms", DatedKind.ENTRY_LATENCY),
        ("response_latency_ms", DatedKind.RESPONSE_LATENCY),
    ):
        steps = list(_steps(f"execution.{name}", getattr(execution, name), timezone))
        first = [(ALWAYS, value) for _, value in steps[:1]]  # holds before its date as well
        for ts, value in first + steps:
            yield ts, kind, RUN, float(round(value * 1e6))
    for name, kind in (("cash_rate", DatedKind.CASH_RATE), ("debit_rate", DatedKind.DEBIT_RATE)):
        for ts, value in _steps(f"execution.{name}", getattr(execution, name), timezone):
            yield ts, kind, RUN, value


def _instrument(s: int, where: str, instrument: Instrument, timezone: str) -> Iterator[Item]:
    for name, kind in (
        ("borrow_rate", DatedKind.BORROW_RATE),
        ("splits", DatedKind.SPLIT),
        ("dividends", DatedKind.CASH_DIVIDEND),
        ("funding", DatedKind.FUNDING_RATE),
    ):
        for ts, value in _steps(f"{where}.{name}", getattr(instrument, name), timezone):
            yield ts, kind, s, value


def _exchange_rate(
    s: int, where: str, own: str, fx: Mapping[str, Dated], *, timezone: str, start: int
) -> Iterator[Item]:
    if own not in fx:
        raise ConfigError(f"fx: a rate for {own!r} is needed, the currency of {where}")
    steps = list(_steps(f"fx[{own!r}]", fx[own], timezone))
    if not steps or steps[0][0] > start:
        raise ConfigError(f"fx[{own!r}]: begins after the run's start")
    for i, (ts, rate) in enumerate(steps):
        if not rate > 0:
            raise ConfigError(f"fx[{own!r}][{i}]: {rate} is not positive")
        yield ts, DatedKind.FX_RATE, s, rate


def _steps(where: str, value: Dated, timezone: str) -> Iterator[tuple[int, float]]:
    """Moments in nanoseconds, rising; a number holds always (0 is nothing)."""
    if not isinstance(value, Sequence):
        if value != 0:
            yield ALWAYS, float(value)
        return
    last = ALWAYS
    for i, (moment, number) in enumerate(value):
        ts = moment_ns(moment, timezone, f"{where}[{i}]")
        if ts <= last:
            raise ConfigError(f"{where}[{i}]: not after the one before it")
        last = ts
        yield ts, float(number)
