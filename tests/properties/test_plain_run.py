"""The fast path for order arrays and built-in strategies leaves the same bytes as the engine."""

from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from engines import Case, Outcome, outcome_of, run_reference
from engines import assert_same as assert_alike
from hypothesis import given, settings
from hypothesis import strategies as st
from order_arrays import SECOND, START, drawn

import btcore as bt
from btcore.backtest.fast_paths import is_plain
from btcore.fastpath.plain_run import PlainRun
from btcore.metrics.annual import Basis, Year
from btcore.metrics.period_returns import Period
from btcore.metrics.run_metrics import compute_metrics, statistics_of
from btcore.results.result import Result
from btcore.results.tables import TABLES
from btcore.strategies import check_params, make_handler
from btcore.times.intervals import interval_ns

LINKS = ["next", "prev"]  # of the engine's queues: no table shows them


def event_by_event(*args: Any, **terms: Any) -> Result:
    with mock.patch("btcore.backtest.fast_paths.is_plain", return_value=False):
        return bt.run(*args, **terms)


def is_fast(result: Result) -> bool:
    return isinstance(result.journal._player, PlainRun)


def assert_same(one: Result, two: Result) -> None:
    for name in TABLES:
        assert one.table(name).dtype == two.table(name).dtype, name
        assert one.table(name).tobytes() == two.table(name).tobytes(), name
    assert repr(one.metrics) == repr(two.metrics)
    assert one.logs == two.logs
    assert (one.manifest, one.fingerprint) == (two.manifest, two.fingerprint)
    compared = [name for name in one.journal.orders.dtype.names if name not in LINKS]
    for name in compared:
        mine, theirs = one.journal.orders[name], two.journal.orders[name]
        assert mine.tobytes() == theirs.tobytes(), name
    for name in ("fills", "exposures", "positions", "cash_flows", "restatements", "notes"):
        mine, theirs = getattr(one.journal, name), getattr(two.journal, name)
        assert mine.dtype == theirs.dtype
        assert mine.tobytes() == theirs.tobytes(), name
    for mine, theirs in zip(one.journal.curve, two.journal.curve, strict=True):
        assert mine.tobytes() == theirs.tobytes()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_both_paths_give_the_same_bytes(seed: int) -> None:
    data, orders, terms = drawn(seed)
    one = bt.run({"A": data}, orders, **terms)
    two = event_by_event({"A": data}, orders, **terms)
    assert not is_fast(two)
    assert_same(one, two)


def built_in(seed: int) -> tuple[str, dict[str, Any]]:
    """A built-in signal strategy and its parameters."""
    rng = np.random.default_rng((seed, 1))
    short, long = sorted(rng.choice(np.arange(1, 12), 2, replace=False).tolist())
    name, params = [
        ("buy_and_hold", {}),
        ("ma_crossover", {"short_period": short, "long_period": long}),
        ("ema_crossover", {"short_period": short, "long_period": long}),
        ("momentum", {"lookback_period": short, "threshold": float(rng.choice([0.0, 0.01]))}),
        ("mean_reversion", {"lookback_period": long, "entry_z": 1.0, "exit_z": 0.2}),
        ("rsi", {"period": long, "oversold": 45.0, "overbought": 55.0}),
    ][int(rng.integers(0, 6))]
    if name != "buy_and_hold":
        params["allow_short"] = bool(rng.random() < 0.6)
    return str(name), params | {"weight": float(rng.choice([1.0, 1.0, 0.3, 0.001, 4.0]))}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_built_in_strategies_give_the_same_bytes(seed: int) -> None:
    data, _, terms = drawn(seed)
    one = bt.run({"A": data}, *built_in(seed), **terms)
    two = event_by_event({"A": data}, *built_in(seed), **terms)
    assert not is_fast(two)
    assert_same(one, two)


def test_most_built_in_strategies_take_the_fast_path() -> None:
    """Guards against a test that proves nothing: many orders of each kind are among the drawn runs."""
    fast = left = 0
    seen = dict.fromkeys(("filled", "rejected", "expired", "cut", "short"), 0)
    for seed in range(300):
        data, _, terms = drawn(seed)
        with mock.patch("btcore.backtest.fast_paths.is_plain", wraps=is_plain) as checked:
            result = bt.run({"A": data}, *built_in(seed), **terms)
        if not is_fast(result):
            left += is_plain(*checked.call_args.args)
            continue
        fast += 1
        for name in ("filled", "rejected", "expired"):
            seen[name] += result.metrics[f"orders_{name}"]
        seen["cut"] += np.count_nonzero(result.orders["reason"] == "cash")
        seen["short"] += bool((result.journal.exposures["quantity"] < 0).any())
    assert fast > 120
    assert left > 5  # a liquidation, or a target above the buying power
    assert min(seen.values()) > 5, seen


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_statistics_equal_those_of_the_tables(seed: int) -> None:
    """Metrics of a fast run do not create its tables; periods end at any times."""
    data, orders, terms = drawn(seed)
    rng = np.random.default_rng((seed, 2))
    given = built_in(seed) if rng.random() < 0.5 else (orders,)
    journal = bt.run({"A": data}, *given, **terms).journal
    if not isinstance(journal._player, PlainRun):
        return
    times, worth = journal.curve.timestamp, journal.curve.equity
    closes = np.sort(rng.choice(times, rng.integers(0, 12)) + rng.choice([0, 0, 1, -1, SECOND]))
    found = journal._player.statistics(closes)
    counts = np.unique(np.append(np.searchsorted(times[1:], closes, side="right"), len(times) - 1))
    ends = counts[counts > 0]
    if len(ends) < 2:
        assert found is None
        return
    assert (found.start, found.capital) == (times[0], worth[0])
    assert found.end_ts.tobytes() == times[ends].tobytes()
    assert found.end_equity.tobytes() == worth[ends].tobytes()
    year = Year(Period.DAY, 252.0, Basis.GIVEN, True)
    expected = compute_metrics(statistics_of(journal, ends), journal, year)
    assert repr(compute_metrics(found, journal, year)) == repr(expected)


@pytest.mark.parametrize("kind", ["bars", "trades", "quotes"])
def test_metrics_create_no_tables(kind: str) -> None:
    """Long enough for several days, and for more points than are summed up together."""
    n = 10_000
    rng = np.random.default_rng(5)
    price, ts = 100.0 + np.cumsum(rng.normal(0, 0.05, n)), START + 60 * SECOND * np.arange(n)
    data = {
        "bars": lambda: bt.Bars(ts, price, price, price, price, interval="1min"),
        "quotes": lambda: bt.Quotes(ts, price, price + 0.01),
        "trades": lambda: bt.Trades(ts, price),
    }[kind]()
    params = {"short_period": 3, "long_period": 11, "allow_short": True}
    for name in ("ma_crossover", "ema_crossover"):
        result = bt.run({"A": data}, name, params)
        assert is_fast(result)
        metrics = result.metrics
        assert not {"orders", "fills", "curve", "exposures"} & set(vars(result.journal))
        assert metrics["periods"] == 8
        assert metrics["round_trips"] > 300
        assert_same(result, event_by_event({"A": data}, name, params))


@pytest.mark.parametrize("kind", ["bars", "quotes", "trades"])
@pytest.mark.parametrize("start", [0, 1, 1500])
@pytest.mark.parametrize("move", [0.0, 1.2, -0.9])
def test_margin_is_checked_by_the_extremes_of_stored_blocks(
    kind: str, start: int, move: float, tmp_path: Path
) -> None:
    """A catalog stores the extremes of blocks of 1,024 rows, and a run may begin within a block."""
    n = 4000
    rng = np.random.default_rng(7)
    price, ts = 100.0 + np.cumsum(rng.normal(0, 0.05, n)), START + 60 * SECOND * np.arange(n)
    price[3100:3104] *= 1.0 + move  # a short position loses more than it has, or a long one that is borrowed
    data = {
        "bars": lambda: bt.Bars(ts, price, price, price, price, interval="1min"),
        "quotes": lambda: bt.Quotes(ts, price, price + 0.01),
        "trades": lambda: bt.Trades(ts, price),
    }[kind]()
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", data)
    resolution = "minute" if kind == "bars" else "tick"
    terms = {"resolution": resolution, "start": int(ts[start]), "execution": bt.Execution(leverage=4.0)}
    for name, params in (
        ("ma_crossover", {"short_period": 3, "long_period": 11, "allow_short": True}),
        ("buy_and_hold", {"weight": 3.0}),
    ):
        result = bt.run(catalog, name, params, symbols=["A"], **terms)
        assert_same(result, event_by_event(catalog, name, params, symbols=["A"], **terms))
        assert is_fast(result) == (result.metrics["liquidations"] == 0)
        assert is_fast(result) or move


def test_progress_of_a_strategy_is_that_of_its_rows() -> None:
    reports: list[bt.Progress] = []
    data = flat(500_000)
    result = bt.run({"A": data}, "buy_and_hold", progress=reports.append)
    assert is_fast(result)
    events = [report.events for report in reports]
    assert events == sorted(events)
    assert len(set(events)) > 5
    assert (reports[-1].fraction, reports[-1].events) == (1.0, 500_000)


def test_a_handler_is_for_one_run() -> None:
    handler = make_handler("buy_and_hold", check_params("buy_and_hold", {}), 1)
    assert is_fast(bt.run({"A": flat(5)}, handler))
    with pytest.raises(bt.ConfigError, match="already been used"):
        bt.run({"A": flat(5)}, handler)


def test_most_plain_runs_take_the_fast_path() -> None:
    """Guards against a test that proves nothing: enough of the drawn runs take the fast path."""
    fast = filled = rejected = expired = short = cut = rare = 0
    for seed in range(200):
        data, orders, terms = drawn(seed)
        with mock.patch("btcore.backtest.fast_paths.is_plain", wraps=is_plain) as checked:
            result = bt.run({"A": data}, orders, **terms)
        if is_fast(result):
            fast += 1
            filled += result.metrics["orders_filled"]
            rejected += result.metrics["orders_rejected"]
            expired += result.metrics["orders_expired"]
            cut += np.count_nonzero(result.orders["reason"] == "cash")
            short += bool((result.journal.exposures["quantity"] < 0).any())
        elif checked.called and is_plain(*checked.call_args.args):
            rare += 1
            assert result.metrics["liquidations"]
    assert fast > 90
    assert rare > 5
    assert cut > 5
    assert filled > 500
    assert rejected > 200
    assert expired > 5
    assert short > 10


def test_the_second_engine_agrees() -> None:
    """The second engine shares no code with either path."""
    fast = 0
    for seed in range(400):
        data, orders, terms = drawn(seed)
        if seed % 2:
            terms |= {"start": None}
        result = bt.run({"A": data}, orders, **terms)
        if is_fast(result) and (terms["start"] is None or terms["start"] <= data.timestamp[0]):
            fast += 1
            expected, found = by_the_second_engine(data, orders, terms), outcome_of(result, ["A"])
            for part in fields(expected):
                if part.name != "strategy":
                    assert_alike(
                        getattr(expected, part.name), getattr(found, part.name), 1e6, f"{seed}.{part.name}"
                    )
    assert fast > 150


def by_the_second_engine(data: Any, orders: bt.Orders, terms: dict[str, Any]) -> Outcome:
    columns = {name: column.tolist() for name, column in data.columns.items() if name != "end"}
    rows = [tuple(row) for row in zip(*columns.values(), strict=True)]
    lengths: dict[str, Any] = {}
    if isinstance(data, bt.Bars):
        lengths = {"ends": dict(zip(columns["timestamp"], data.end.tolist(), strict=True))}
    every = terms["mark_every"]
    case = Case(
        {"A": {data.kind: rows} | lengths},
        execution=terms["execution"],
        instruments=terms["instruments"],
        initial_capital=terms["initial_capital"],
        start=terms["start"],
        mark_every=None if every is None else interval_ns(every),
    )
    terms_of_orders = (orders.timestamp, orders.side, orders.quantity)
    sent = list(zip(*(column.tolist() for column in terms_of_orders), strict=True))

    def timed(base: type) -> type:
        class Timed(base):  # type: ignore[misc]
            def on_start(self, ctx: Any) -> None:
                self.left = list(sent)
                self.send_due(ctx)
                for at in sorted({at for at, *_ in self.left}):
                    ctx.set_timer(at)

            def on_timer(self, ctx: Any) -> None:
                self.send_due(ctx)

            def on_end(self, ctx: Any) -> None:
                self.send_due(ctx, is_over=True)

            def send_due(self, ctx: Any, *, is_over: bool = False) -> None:
                while self.left and (is_over or self.left[0][0] <= ctx.now):
                    _, side, quantity = self.left.pop(0)
                    (ctx.buy if side > 0 else ctx.sell)("A", quantity)

        return Timed

    return run_reference(case, timed)


def run_both(data: Any, orders: bt.Orders, **terms: Any) -> Result:
    """The result, after comparing it with that of the engine."""
    one = bt.run({"A": data}, orders, **terms)
    assert_same(one, event_by_event({"A": data}, orders, **terms))
    return one


def flat(n: int, price: float = 100.0) -> bt.Bars:
    prices = np.full(n, price)
    return bt.Bars(START + np.arange(n) * SECOND, prices, prices, prices, prices, interval="1s")


def test_no_orders_at_all() -> None:
    result = run_both(flat(5), bt.Orders([], "A", "buy", []))
    assert is_fast(result)
    assert len(result.orders) == 0
    assert len(result.equity_curve) == 6


def test_orders_after_the_last_event_expire() -> None:
    data = flat(3)
    end = int(data.end[-1])
    result = run_both(data, bt.Orders([end, end + 1, end + 10**15], "A", "buy", 1.0))
    assert is_fast(result)
    assert result.orders["status"].tolist() == ["expired"] * 3
    assert result.orders["reason"].tolist() == ["end_of_data"] * 3
    assert result.orders["sent_at"].tolist() == [end] * 3
    assert result.orders["arrived_at"].tolist() == [end, -1, -1]


@pytest.mark.parametrize("kind", ["bars", "quotes", "trades"])
def test_a_liquidation_goes_to_the_engine(kind: str) -> None:
    """A short position that the market rises against, between two orders or after the last."""
    price = np.r_[np.full(5, 100.0), np.full(5, 250.0)]
    ts = START + np.arange(10) * SECOND
    data = {
        "bars": lambda: bt.Bars(ts, price, price, price, price, interval="1s"),
        "quotes": lambda: bt.Quotes(ts, price, price),
        "trades": lambda: bt.Trades(ts, price),
    }[kind]()
    for when in ([ts[1]], [ts[1], ts[8]]):
        result = run_both(data, bt.Orders(when, "A", "sell", 10.0), initial_capital=1000.0)
        assert not is_fast(result)
        assert result.metrics["liquidations"] == 1
    small = run_both(data, bt.Orders([ts[1]], "A", "sell", 6.0), initial_capital=1000.0)
    assert is_fast(small)


@pytest.mark.parametrize("account", ["margin", "cash"])
def test_a_purchase_is_cut_to_the_cash(account: str) -> None:
    data = flat(5)
    terms = bt.Execution(account=account, commission_bps=100.0)
    result = run_both(
        data, bt.Orders([data.timestamp[1]], "A", "buy", 10.0), execution=terms, initial_capital=1000.0
    )
    assert is_fast(result)
    assert result.orders["reason"].tolist() == ["cash"]


def test_progress_is_reported_once_at_the_end() -> None:
    reports: list[bt.Progress] = []
    data = flat(5)
    result = bt.run({"A": data}, bt.Orders([data.timestamp[1]], "A", "buy", 1.0), progress=reports.append)
    assert is_fast(result)
    assert [(report.fraction, report.events, report.now) for report in reports] == [
        (1.0, 5, int(data.timestamp[-1]) + SECOND)
    ]
    assert reports[0].equity == result.metrics["final_equity"]


def test_records_are_created_when_first_read() -> None:
    data = flat(5)
    result = bt.run({"A": data}, bt.Orders([data.timestamp[1]], "A", "buy", 1.0))
    assert not {"orders", "fills", "curve", "exposures"} & set(vars(result.journal))
    assert result.trades["price"].tolist() == [100.0]
    assert "fills" in vars(result.journal)


def test_the_orders_of_a_run_cannot_change_after_it() -> None:
    """A fingerprint is computed when it is first read."""
    quantity = np.array([1.0, 2.0])
    data = flat(5)
    orders = bt.Orders(data.timestamp[1:3], "A", "buy", quantity)
    result = bt.run({"A": data}, orders)
    quantity[:] = 7.0
    again = bt.run({"A": data}, bt.Orders(data.timestamp[1:3], "A", "buy", [1.0, 2.0]))
    assert result.fingerprint == again.fingerprint
    assert result.trades["quantity"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        orders.quantity[0] = 7.0
