"""Results of many kinds, whose reports are tested."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books, random_journal, records
from example_result import prices_of

import btcore as bt
from btcore.model import CASH_FLOW_DTYPE
from btcore.results.result import Result

RUN = {"strategy": {"name": "wave", "params": {"period": 10}}, "currency": "EUR", "timezone": "Asia/Tokyo"}


def result_of(journal: Any, **manifest: Any) -> Result:
    return Result.from_journal(
        journal, manifest=manifest, fingerprint="0123456789abcdef" * 4, prices=prices_of
    )


def random_records() -> Result:
    journal = random_journal(5)
    journal.cash_flows = records(
        CASH_FLOW_DTYPE,
        [{"ts": START, "symbol": 1, "kind": 2, "amount": -7.5}, {"ts": START + DAY + 5, "symbol": -1}],
    )
    return result_of(journal, run=RUN)


def legs() -> Result:
    journal = random_journal(3, multipliers=(1.0, 50.0))
    journal.fills["leg"] = np.where(np.arange(len(journal.fills)) % 2, 1, -1)
    return result_of(journal, run=RUN)


def sample(**options: Any) -> Result:
    given = {"start": "2021-01-01", "end": "2024-01-01", "benchmark": "SPY"} | options
    terms = bt.Execution(commission_bps=1, slippage_bps=2, latency_ms=5)
    symbols = given.pop("symbols", ["AAPL", "MSFT", "A.B"])
    return bt.run(
        bt.SampleMarket(), "ma_crossover", symbols=symbols, execution=terms, progress=False, **given
    )


class Brackets(bt.Strategy):
    """Buys with a stop and a target that the same bar often reaches both."""

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if ctx.position("A") == 0 and not ctx.open_orders("A"):
            entry = ctx.buy("A", 10)
            ctx.sell("A", 10, stop=bar.close * 0.985, parent=entry, oco=entry)
            ctx.sell("A", 10, limit=bar.close * 1.015, parent=entry, oco=entry)


def walk(count: int) -> bt.Bars:
    rng = np.random.default_rng(1)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    first = np.r_[100.0, close[:-1]]
    times = START + DAY * np.arange(count)
    high, low = np.maximum(first, close) * 1.02, np.minimum(first, close) * 0.98
    return bt.Bars(times, first, high, low, close, interval="1d")


def play(strategy: Any, count: int, **settings: Any) -> Result:
    return bt.run({"A": walk(count)}, strategy, execution=bt.Execution(**settings), progress=False)


def ruined() -> Result:
    fill = ("fill", START, 0, 100, 10.0, 0.0)
    marks = [
        ("mark", START + (n + 1) * DAY, price) for n, price in enumerate((9.0, 0.0, -5.0, 3.0, -2.0) * 4)
    ]
    return result_of(keep_books([fill, *marks, ("fill", START + 21 * DAY, 0, -100, -2.0, 1.0)]))


def minutes() -> Result:
    data = bt.sample_bars("AAPL", "2024-01-02", "2024-01-03", "1min")
    return bt.run({"AAPL": data}, "ma_crossover", timezone="America/New_York", progress=False)


KINDS: dict[str, Callable[[], Result]] = {
    "random records": random_records,
    "legs": legs,
    "sample market": sample,
    "both readings": lambda: play(Brackets(), 40, intrabar="bounds", position_mode="netting"),
    "hedging": lambda: play("buy_and_hold", 40, position_mode="hedging", account="margin", leverage=2),
    "one reading": lambda: play(Brackets(), 40),
    "minutes of a day": minutes,
    "one point": lambda: result_of(keep_books([])),
    "one day": lambda: play("buy_and_hold", 1),
    "one trade": lambda: result_of(
        keep_books([("fill", START, 0, 5, 10.0, 0.1), ("fill", START + DAY, 0, -5, 11.0, 0.1)]), run=RUN
    ),
    "equity below zero": ruined,
}


@pytest.fixture(scope="session")
def results() -> dict[str, Result]:
    return {name: make() for name, make in KINDS.items()}


@pytest.fixture(params=KINDS, ids=lambda name: name)
def any_result(request: pytest.FixtureRequest, results: dict[str, Result]) -> Result:
    return results[request.param]
