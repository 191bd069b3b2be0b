"""Which candles, ticks and bars an interactive chart draws in each view: the values of the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interactive_charts import drawn, press
from pages import Opener

import btcore as bt

pytest.importorskip("bokeh", reason="bokeh is not installed")

TICKS = 1_200_000


@pytest.fixture(scope="module")
def trades() -> bt.Trades:
    time = 1_704_067_200_000_000_000 + 50_000_000 * np.arange(TICKS)
    price = 100 + 0.01 * np.cumsum(np.random.default_rng(1).integers(-1, 2, TICKS))
    return bt.Trades(time, np.round(price, 2), np.full(TICKS, 5.0))


@pytest.fixture(scope="module")
def ticks(trades: bt.Trades, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 1.2 million trades with four fills, two near each other and two far."""
    moments = trades.timestamp[[300_000, 300_500, 900_000, 1_000_000]]
    orders = bt.Orders(timestamp=moments, symbol="T", side=["buy", "sell"] * 2, quantity=10)
    path = tmp_path_factory.mktemp("charts") / "ticks.html"
    bt.run({"T": trades}, orders).plot(path)
    return path


def candles(page: Any) -> Any:
    """The drawn candles in order of time: x in ms, open, high, low, close."""
    parts = page.evaluate(
        """["up", "down"].map(name => { const data = Bokeh.documents[0].get_model_by_name(name).data;
        return ["x", "open", "high", "low", "close"].map(column => [...data[column]]); })"""
    )
    rows = np.concatenate([np.array(part).T.reshape(-1, 5) for part in parts])
    return rows[np.argsort(rows[:, 0])]


def test_what_is_drawn_is_in_the_data(trades: bt.Trades, ticks: Path, open_page: Opener) -> None:
    page = drawn(open_page(ticks))
    for action, step in (("all", 1536), ("in", 768), ("in", 384), ("in", 192)):
        if action == "in":
            press(page, action)
        found = candles(page)
        row = np.searchsorted(trades.timestamp, 1e6 * found[:, 0]) // step  # of the middle of each
        if action == "all":
            assert row.tolist() == list(range(-(-TICKS // step)))
        for i in (0, 1, len(row) // 2, len(row) - 1):
            prices = trades.price[row[i] * step : (row[i] + 1) * step]
            assert found[i, 1:].tolist() == [prices[0], prices.max(), prices.min(), prices[-1]]
    press(page, "all")
    for _ in range(3):  # the third fill; then wide enough for buckets beside single trades
        press(page, "next")
    for outward in range(5):
        if outward:
            press(page, "out")
        data = page.evaluate(
            """(({x, y}) => [[...x], [...y]])(Bokeh.documents[0].get_model_by_name("ticks").data)"""
        )
        x, y = np.array([[np.nan if value is None else value for value in column] for column in data])
        x, y = x[np.isfinite(y)], y[np.isfinite(y)]
        row = np.rint((1e6 * x - trades.timestamp[0]) / 5e7).astype(int)
        assert row.tolist() == list(range(row[0], row[-1] + 1))
        assert y.tolist() == trades.price[row].tolist()
        assert row[0] < 900_000 < row[-1]
    assert "near fills every trade" in page.inner_text("#step")
    assert len(candles(page)) > 100


def test_zoom_refines_the_step(ticks: Path, open_page: Opener) -> None:
    page = drawn(open_page(ticks))
    steps = [page.inner_text("#step")]
    assert steps[0] == "T: each candle is 1,536 trades"
    while "each candle is" in steps[-1] and len(steps) < 20:
        steps.append(press(page, "in"))
    assert [text.split(" is ")[1].split()[0] for text in steps if " is " in text][:9] == [
        "1,536", "768", "384", "192", "96", "48", "24", "12", "6",
    ]  # fmt: skip
    press(page, "all")
    assert press(page, "next") == "T: every trade"
    count = page.evaluate('Bokeh.documents[0].get_model_by_name("ticks").data.x.length')
    assert 100 < count < 200
    assert page.evaluate('Bokeh.documents[0].get_model_by_name("up").data.x.length') == 0
    assert len(page.evaluate('Bokeh.documents[0].get_model_by_name("buys").data.x')) == 1


def test_single_bars_where_fills_are_dense(tmp_path: Path, open_page: Opener) -> None:
    """600,000 bars, kept in pairs, of which all are within 200 of a fill: one range of single bars."""
    time = 1_704_067_200_000_000_000 + 60_000_000_000 * np.arange(600_000)
    price = np.round(100 + np.sin(np.arange(len(time)) / 9), 2)
    minutes = bt.Bars(time, price, price + 1, price - 1, price, interval="1min")
    orders = bt.Orders(timestamp=minutes.end[100:-1:300], symbol="A", side="buy", quantity=1)
    bt.run({"A": minutes}, orders).plot(tmp_path / "dense.html")
    page = drawn(open_page(tmp_path / "dense.html"))
    steps = [press(page, "in").split(" \u00b7 ")[0] for _ in range(12)]
    assert steps[0] == "A: each candle is 512 bars"
    assert steps[-1] == "A: every bar"
    found = candles(page)
    row = np.searchsorted(minutes.timestamp, 1e6 * found[:, 0]) - 1
    assert row.tolist() == list(range(row[0], row[-1] + 1))
    assert found[:, 4].tolist() == price[row].tolist()


def test_a_candle_of_several_bars_is_not_drawn_over_the_night(tmp_path: Path, open_page: Opener) -> None:
    """Some buckets have bars of two days, or of a Friday and a Monday."""
    minutes = bt.sample_bars("AAPL", "2024-01-02", "2024-07-01", "5min")
    bt.run({"AAPL": minutes}, "buy_and_hold").plot(tmp_path / "nights.html")
    page = drawn(open_page(tmp_path / "nights.html"))
    step = int(page.inner_text("#step").split("each candle is ")[1].split()[0])
    assert step > 4
    for names in (["up", "down"], ["volumes"]):
        left, right = page.evaluate(
            """names => ["left", "right"].map(column => names.flatMap(
            name => [...Bokeh.documents[0].get_model_by_name(name).data[column]]))""",
            names,
        )
        width = np.subtract(right, left)
        assert width.min() > 0
        assert width.max() <= step * 300_000
        assert np.median(width) >= 0.7 * step * 300_000
        order = np.argsort(left)
        assert np.all(np.array(left)[order][1:] >= np.array(right)[order][:-1])


def test_few_glyphs_are_drawn_in_every_view(ticks: Path, open_page: Opener) -> None:
    page = drawn(open_page(ticks))
    for action in ("in", "in", "later", "in", "out", "next", "out", "out", "next", "all"):
        press(page, action)
        counts = page.evaluate(
            """["up", "down", "ticks", "equity"].map(
            name => Bokeh.documents[0].get_model_by_name(name).data.x.length)"""
        )
        assert counts[0] + counts[1] <= 1002
        assert max(counts) <= 8010
