"""Joined results: one account that plays the windows in turn, with the tables of the separate runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from validations import COSTS, noise

import btcore as bt
from btcore.errors import ConfigError

TABLES = ("trades", "orders", "round_trips", "exposures", "cash_flows", "order_events")
IDS = {"order_id", "entry_order_id", "exit_order_id", "parent", "oco", "event"}


def test_each_window_begins_with_the_capital_with_which_the_last_one_ended(forward: bt.WalkForward) -> None:
    capital = 1_000_000.0
    for fold in forward.folds:
        assert fold.result is not None
        equity = fold.result.equity_curve["equity"]
        assert equity[0] == capital == fold.result.metrics["initial_capital"]
        capital = float(equity[-1])
    assert forward.result.metrics["final_equity"] == capital


def test_every_test_equals_a_separate_run(forward: bt.WalkForward, bars: bt.Bars) -> None:
    """With the terms that the page names: the window, the rows of training before it, closing at the end."""
    execution = bt.Execution(slippage_bps=1.0, commission_bps=0.5, close_at_end=True)
    for fold in forward.folds:
        (start, end), (begin, _) = fold.test[0], fold.train[0]
        rows = int(((bars.timestamp >= begin) & (bars.timestamp < start)).sum())
        alone = bt.run(
            {"A": bars}, "ma_crossover", fold.params, start=start, end=end, warm_up=rows,
            initial_capital=fold.result.metrics["initial_capital"], execution=execution,
            periods_per_year=252.0, progress=False,
        )  # fmt: skip
        for name in alone.tables():
            assert alone.table(name).tobytes() == fold.result.table(name).tobytes()
        assert alone.metrics == fold.result.metrics
        assert alone.fingerprint == fold.result.fingerprint


def test_joined_tables_are_those_of_the_windows_with_ids_that_go_on(forward: bt.WalkForward) -> None:
    parts = [fold.result for fold in forward.folds]
    for name in TABLES:
        joined, row = forward.result.table(name), 0
        for part in parts:
            own = part.table(name)
            for column in own.dtype.names:
                if column not in IDS:
                    assert (
                        joined[column][row : row + len(own)].tolist()
                        == pytest.approx(own[column].tolist(), nan_ok=True)
                        if own[column].dtype.kind == "f"
                        else (joined[column][row : row + len(own)] == own[column]).all()
                    ), (name, column)
            row += len(own)
        assert row == len(joined)
    orders = forward.result.orders
    assert orders["order_id"].tolist() == list(range(1, len(orders) + 1))
    assert set(forward.result.trades["order_id"]) <= set(orders["order_id"])
    events = forward.result.trades["event"]
    assert (np.diff(events) >= 0).all()
    curve, base = forward.result.equity_curve, parts[0].equity_curve[:1]
    assert curve.tobytes() == np.concatenate([base, *(p.equity_curve[1:] for p in parts)]).tobytes()


def test_metrics_are_those_of_one_account(forward: bt.WalkForward) -> None:
    parts = [fold.result.metrics for fold in forward.folds]
    metrics, curve = forward.result.metrics, forward.result.equity_curve
    for name in (
        "round_trips",
        "total_trades",
        "orders",
        "events",
        "total_commission",
        "slippage_cost",
        "realized_pnl",
    ):
        assert metrics[name] == pytest.approx(sum(each[name] for each in parts)), name
    growth = np.prod([1 + each["total_return"] / 100 for each in parts])
    assert metrics["total_return"] == pytest.approx(100 * (growth - 1))
    assert metrics["max_drawdown"] == pytest.approx(100 * bt.metrics.max_drawdown(curve["equity"]))
    returns = forward.result.period_returns["return"] / 100
    assert metrics["sharpe_ratio"] == pytest.approx(bt.metrics.sharpe_ratio(returns, periods=252.0))
    assert forward.result.reconcile().is_exact


def test_a_joined_result_is_saved_drawn_and_explained(forward: bt.WalkForward, tmp_path: Path) -> None:
    result = forward.result
    for suffix in ("npz", "parquet"):
        result.save(tmp_path / f"joined.{suffix}")
        loaded = bt.load_result(tmp_path / f"joined.{suffix}")
        assert loaded.metrics == result.metrics
        assert loaded.fingerprint == result.fingerprint
        assert loaded.logs == result.logs
        assert loaded.reconcile().is_exact
        for name in result.tables():
            assert loaded.table(name).tobytes() == result.table(name).tobytes()
    result.report(tmp_path / "joined.html")
    assert "chosen_by=walk_forward" in (tmp_path / "joined.html").read_text()
    result.plot(tmp_path / "joined.svg")
    last = int(result.orders["order_id"][-1])
    assert result.explain(last).startswith(f"order {last}: ")


def test_the_manifest_has_each_part_which_can_be_replayed(forward: bt.WalkForward, bars: bt.Bars) -> None:
    manifest = forward.result.manifest
    assert manifest["joined"] == "walk_forward"
    assert manifest["run"]["strategy"]["params"] == {"chosen_by": "walk_forward"}
    assert len(manifest["parts"]) == len(forward)
    assert bt.replay(manifest["parts"][1], {"A": bars}).differences == []
    with pytest.raises(ConfigError, match="runs joined by walk_forward"):
        bt.replay(forward.result, {"A": bars})


def test_the_fingerprint_depends_on_every_part(forward: bt.WalkForward, bars: bt.Bars) -> None:
    def joined(**terms: Any) -> str:
        given = {"train": "1y", "test": "6mo", "execution": COSTS, "progress": False, **terms}
        grid = {"short_period": [3, 5, 8], "long_period": [10, 20, 30]}
        return bt.walk_forward({"A": bars}, "ma_crossover", grid, **given).result.fingerprint

    assert joined() == forward.result.fingerprint
    assert joined(end="2022-12-01", keep_short=True) != forward.result.fingerprint
    assert joined(warm_up=5) != forward.result.fingerprint


def test_log_lines_say_which_window_they_are_from(forward: bt.WalkForward) -> None:
    lines = forward.result.logs
    assert lines[0] == "walk forward: 3 rolling windows; positions are closed at the end of each, with costs"
    assert (
        lines.count("positions left at the end of the data are closed at the last price (close_at_end)") == 1
    )
    own = [
        line for line in lines if line.startswith("window 1, 2021-07-01T00:00:00Z to 2022-01-01T00:00:00Z: ")
    ]
    first = forward.folds[1].result.logs
    assert own
    assert all(line.partition("Z: ")[2] in first for line in own)


class Busy(bt.Strategy):
    """Brackets, tags, amendments: every kind of id."""

    size: float = 1.0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if ctx.position(bar.symbol) == 0 and not ctx.open_orders(bar.symbol):
            ctx.bracket(
                bar.symbol,
                self.size,
                take_profit=bar.close * 1.01,
                stop_loss=bar.close * 0.99,
                tag=f"at {bar.close:.2f}",
            )
            far = ctx.buy(bar.symbol, 1, limit=bar.close * 0.5, tag="far")
            ctx.amend(far, limit=bar.close * 0.6)


def test_ids_groups_parents_and_tags_of_later_windows() -> None:
    data = {"A": noise(1), "B": noise(2)}
    found = bt.walk_forward(
        data, Busy, {"size": [1.0, 2.0]}, train=100, test=100, progress=False, check_leaks=False
    )
    result, before, groups = found.result, 0, 0
    for fold in found.folds:
        own = fold.result.orders
        joined = result.orders[before : before + len(own)]
        for name in ("order_id", "parent"):
            assert (joined[name] == np.where(own[name] > 0, own[name] + before, 0)).all()
        assert (joined["oco"] == np.where(own["oco"] > 0, own["oco"] + groups, 0)).all()
        assert (joined["tag"] == own["tag"]).all()
        before, groups = before + len(own), groups + int(own["oco"].max())
    assert len(found.folds) == 3
    assert (result.orders["parent"] > 0).any()
    assert len(np.unique(result.round_trips["entry_tag"])) > 3
    assert result.reconcile().is_exact
    assert (np.diff(result.equity_curve["timestamp"]) > 0).all()


def test_splits_and_dividends_of_later_windows_are_reconciled() -> None:
    prices = noise(5)
    instrument = bt.Instrument(splits=[("2020-10-01", 2.0)], dividends=[("2020-11-02", 0.5)])
    found = bt.walk_forward(
        {"A": prices}, "buy_and_hold", {"weight": [0.5, 0.9]}, train=100, test=100,
        instruments={"A": instrument}, progress=False,
    )  # fmt: skip
    assert found.result.metrics["dividends"] != 0.0
    assert found.result.reconcile().is_exact
    assert found.result.metrics["round_trips"] == len(found.result.round_trips) > 0


def test_positions_left_open_are_not_paired_over_windows(bars: bt.Bars) -> None:
    terms: dict[str, Any] = {"train": 200, "test": 100, "progress": False}
    found = bt.walk_forward({"A": bars}, "buy_and_hold", {"weight": [0.5, 0.9]}, close_at_end=False, **terms)
    assert found.result.metrics["round_trips"] == len(found.result.round_trips) == 0
    assert found.result.metrics["total_trades"] == len(found.folds)
    shares = [fold.result.metrics["exposure_time"] for fold in found.folds]
    assert min(shares) <= found.result.metrics["exposure_time"] <= max(shares)
    assert "valued at the last mark of each, not closed" in found.result.logs[0]
    assert set(found.result.exposures["symbol"]) == {"A"}


def test_the_benchmark_goes_on_over_all_windows(bars: bt.Bars) -> None:
    found = bt.walk_forward(
        {"A": bars}, "buy_and_hold", {"weight": [1.0]}, train="1y", test="6mo", benchmark="A", progress=False
    )
    curve = found.result.benchmark_curve
    assert len(curve) == len(found.result.equity_curve)
    assert curve["value"][0] == 1_000_000
    assert found.result.metrics["beta"] == pytest.approx(1.0, abs=0.05)
