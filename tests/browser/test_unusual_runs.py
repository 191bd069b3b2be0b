"""Interactive charts of runs without trades, of one row, loaded, with negative prices, and hedged."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interactive_charts import HOURS, Brackets, drawn
from pages import Opener

import btcore as bt

pytest.importorskip("bokeh", reason="bokeh is not installed")


def no_trade(tmp_path: Path) -> bt.Result:
    return bt.run({"AAPL": HOURS}, "momentum", {"lookback_period": 100_000})


def one_row(tmp_path: Path) -> bt.Result:
    return bt.run({"A": bt.Bars([10**18], [1.0], [2.0], [0.5], [1.5], interval="1min")}, "buy_and_hold")


def loaded(tmp_path: Path) -> bt.Result:
    bt.run({"AAPL": HOURS}, Brackets).save(tmp_path / "run.npz")
    return bt.load_result(tmp_path / "run.npz")


def negative(tmp_path: Path) -> bt.Result:
    price = np.array([5.0, 1.0, -3.25, -2.0, 4.0])
    bars = bt.Bars(
        10**18 + 60 * 10**9 * np.arange(5),
        price,
        price + 1,
        price - 1,
        price,
        interval="1min",
        negative_prices=True,
    )
    orders = bt.Orders(timestamp=bars.end[[0, 2]], symbol="CL", side=["sell", "buy"], quantity=1)
    terms = {"CL": bt.Instrument(negative_prices=True)}
    return bt.run({"CL": bars}, orders, instruments=terms)


def hedged(tmp_path: Path) -> bt.Result:
    execution = bt.Execution(position_mode="hedging")
    return bt.run({"AAPL": HOURS}, "ma_crossover", {"allow_short": True}, execution=execution)


@pytest.mark.parametrize(
    ("make", "step"),
    [
        (no_trade, "AAPL: every bar"), (one_row, "A: every bar"), (loaded, "AAPL"),
        (negative, "CL: every bar"), (hedged, "AAPL: every bar"),
    ],
)  # fmt: skip
def test_unusual_runs_are_drawn(make: Any, step: str, tmp_path: Path, open_page: Opener) -> None:
    made = make(tmp_path)
    made.plot(tmp_path / "page.html")
    page = drawn(open_page(tmp_path / "page.html"))
    assert page.inner_text("#step") == step
    model = "Bokeh.documents[0].get_model_by_name"
    fills = page.evaluate(f"{model}('buys').data.x.length + {model}('sells').data.x.length")
    assert fills == len(made.trades)
    ranges = page.evaluate(
        "['panel prices', 'panel equity', 'panel position'].map(n => { const r = "
        f"{model}(n).y_range; return r.end - r.start }})"
    )
    assert all(np.isfinite(span) and span > 0 for span in ranges)
    for action in ("next", "in", "before", "earlier"):
        page.click(f"button[data-do={action}]")
    page.wait_for_function("document.documentElement.dataset.drawn.length > 0")
