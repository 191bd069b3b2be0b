"""The account of a result computed again; a table that was changed is found."""

from pathlib import Path

import numpy as np
import pytest
from saved_runs import Market, runs

import btcore as bt
from btcore.results.result import Result

MARKET = Market()
CASES = {name: rest for name, *rest in runs(MARKET)}
CHOSEN = [
    "actions",
    "fx",
    "dip costly",
    "dip hedging",
    "maker",
    "orders bars costly",
    "ma_crossover day",
    "calendar",
]


def play(name: str) -> bt.Result:
    data, strategy, params, terms = CASES[name]
    return bt.run(data, strategy, params, progress=False, **terms)


@pytest.mark.parametrize("name", CHOSEN)
def test_runs_reconcile(name: str) -> None:
    """Splits, dividends, another currency, funding, hedging, oldest lots first, rebates."""
    found = play(name).reconcile()
    assert found.is_exact
    assert found.cash is not None
    assert found.positions is not None
    assert found.money > 1e6


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
@pytest.mark.parametrize("name", CHOSEN)
def test_a_loaded_result_has_the_same_differences(name: str, suffix: str, tmp_path: Path) -> None:
    """Exchange rates and splits are saved with the tables."""
    result = play(name)
    result.save(tmp_path / f"result.{suffix}")
    assert bt.load_result(tmp_path / f"result.{suffix}").reconcile() == result.reconcile()


def test_a_file_of_an_earlier_release_reconciles_as_far_as_its_tables_go(tmp_path: Path) -> None:
    for name, knows in (("dip hedging", (True, True)), ("actions", (True, False)), ("fx", (False, True))):
        result = play(name)
        result.__dict__["_account_terms"] = None  # as those files have none
        result.save(tmp_path / "old.npz")
        found = bt.load_result(tmp_path / "old.npz").reconcile()
        assert found.is_exact
        assert (found.cash is not None, found.positions is not None) == knows


def changed(result: bt.Result, table: str, column: str, row: float, by: float) -> bt.Result:
    """The result from its tables, with one value changed; row 0.5 is the middle one."""
    tables = {name: rows.copy() for name, rows in result.tables().items()}
    tables[table][column][int(row * len(tables[table]))] += by
    again = Result.from_tables(tables, result.manifest, result.metrics, result.logs, result.fingerprint)
    again.__dict__["_account_terms"] = result._account_terms
    return again


@pytest.mark.parametrize(
    ("table", "column", "part", "by"),
    [
        ("trades", "price", "cash", 0.01),
        ("trades", "commission", "cash", 0.5),
        ("cash_flows", "amount", "cash", 1.0),
        ("trades", "quantity", "positions", 1.0),
        ("exposures", "value", "equity", 0.25),
        ("equity_curve", "equity", "equity", 0.25),
        ("equity_curve", "cash", "cash", 0.25),
        ("exposures", "quantity", "positions", 1.0),
    ],
)
def test_a_value_that_was_changed_is_found(table: str, column: str, part: str, by: float) -> None:
    days = {"AAPL": MARKET.days}
    terms = bt.Execution(commission_bps=1.0, leverage=2.0, cash_rate=0.02)
    result = bt.run(days, "ma_crossover", {"weight": 0.5}, execution=terms, progress=False)
    for row in (0, 0.3, 0.5, 0.9) if table != "equity_curve" else (0.3, 0.5, 0.9):
        assert changed(result, table, column, row, 0.0).reconcile().is_exact
        found = changed(result, table, column, row, by).reconcile()
        assert not found.is_exact
        assert getattr(found, part) >= 0.9 * by


def test_a_fill_that_is_missing_or_late_is_found() -> None:
    """Cash and positions are compared at every point, so two errors that cancel are found as well."""
    result = play("dip")
    trades = result.trades
    for rows, stamps in (
        (np.arange(len(trades)) != len(trades) // 2, trades["timestamp"]),
        (np.ones(len(trades), bool), trades["timestamp"] + 3 * 86_400 * 10**9),
    ):
        tables = result.tables() | {"trades": trades[rows].copy()}
        tables["trades"]["timestamp"] = stamps[rows]
        again = Result.from_tables(tables, result.manifest, result.metrics, result.logs, result.fingerprint)
        found = again.reconcile()
        assert found.cash is not None
        assert found.cash > 100.0
        assert found.positions is not None
        assert found.positions >= 1.0


def test_bars_of_two_lengths_and_a_split_between_them() -> None:
    """An hour's open fills are seen only at its end; minutes of another symbol have points in between."""
    start = 19_723 * 86_400 * 10**9
    slow, fast = (np.full(n, 100.0) for n in (6, 360))
    hours = bt.Bars(start + 3600 * 10**9 * np.arange(6), slow, slow, slow, slow, interval="1h")
    minutes = bt.Bars(start + 60 * 10**9 * np.arange(360), fast, fast, fast, fast, interval="1min")
    sent = start + 3600 * 10**9 * np.array([1, 1, 2]) - 1
    orders = bt.Orders(
        np.append(sent, start), ["A", "A", "A", "B"], ["buy", "sell", "buy", "buy"], [5.0, 5.0, 4.0, 1.0]
    )
    split = bt.Instrument(splits=[(start + 3 * 3600 * 10**9, 2.0)])
    terms = bt.Execution(commission_bps=10.0)
    data = {"A": hours, "B": minutes}
    result = bt.run(data, orders, instruments={"A": split, "B": split}, execution=terms, progress=False)
    assert len(result.trades) == 4
    assert result.exposures["quantity"][-2:].tolist() == [8.0, 2.0]
    found = result.reconcile()
    assert found.is_exact
    assert found.positions == 0.0


def test_by_hand() -> None:
    """Buy 3 at 0.1 and sell 1 at 0.7 with 0.1 commission each: exact sums of the binary numbers."""
    price = np.array([0.1, 0.1, 0.7, 0.7])
    trades = bt.Trades(np.arange(4) * 10**9, price)
    orders = bt.Orders([10**9 - 5, 2 * 10**9 - 5], "A", ["buy", "sell"], [3.0, 1.0])
    terms = bt.Execution(commission_per_share=0.0, commission_min=0.1)
    result = bt.run({"A": trades}, orders, execution=terms, initial_capital=100.0, progress=False)
    assert result.trades["price"].tolist() == [0.1, 0.7]
    found = result.reconcile()
    assert found.is_exact
    assert found.cash is not None
    assert found.cash < 1e-13
    assert found.positions == 0.0
    assert found.money == pytest.approx(100 + 0.3 + 0.1 + 0.7 - 0.1)
