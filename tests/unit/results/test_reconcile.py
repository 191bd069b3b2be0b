"""The account of a result computed again; a table that was changed is found."""

from typing import Any

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


def test_a_loaded_result_reconciles_as_far_as_its_tables_go(tmp_path: Any) -> None:
    for name, knows in (("dip hedging", (True, True)), ("actions", (True, False)), ("fx", (False, True))):
        path = tmp_path / f"{name}.npz"
        result = play(name)
        result.save(path)
        found = bt.load_result(path).reconcile()
        assert found.is_exact
        assert (found.cash is not None, found.positions is not None) == knows
        if knows[0]:
            assert found.cash == pytest.approx(result.reconcile().cash, abs=1e-6)


def changed(result: bt.Result, table: str, column: str, row: int, by: float) -> bt.Result:
    """The result from its tables, with one value changed."""
    tables = {name: rows.copy() for name, rows in result.tables().items()}
    tables[table][column][row] += by
    return Result.from_tables(tables, result.manifest, result.metrics, result.logs, result.fingerprint)


@pytest.mark.parametrize(
    ("table", "column", "part", "by"),
    [
        ("trades", "price", "cash", 0.01),
        ("trades", "commission", "cash", 0.5),
        ("cash_flows", "amount", "cash", 1.0),
        ("trades", "quantity", "positions", 1.0),
        ("exposures", "value", "equity", 0.25),
        ("equity_curve", "equity", "equity", 0.25),
    ],
)
def test_a_value_that_was_changed_is_found(table: str, column: str, part: str, by: float) -> None:
    days = {"AAPL": MARKET.days}
    terms = bt.Execution(commission_bps=1.0, leverage=2.0, cash_rate=0.02)
    result = bt.run(days, "ma_crossover", {"weight": 0.5}, execution=terms, progress=False)
    assert changed(result, table, column, 0, 0.0).reconcile().is_exact
    found = changed(result, table, column, 0, by).reconcile()
    assert not found.is_exact
    assert getattr(found, part) >= 0.9 * by


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
