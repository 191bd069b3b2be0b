"""The page of an interactive chart: what is embedded is what the result has, read back from the page."""

import base64
import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.errors import ConfigError
from btcore.results.charts import contents
from btcore.results.charts.market import prices_of, stepped
from btcore.results.charts.packing import unpacked

pytest.importorskip("bokeh", reason="bokeh is not installed")

HOURS = bt.sample_bars("AAPL", "2024-01-02", "2024-03-10", "1h")


class Brackets(bt.Strategy):
    """Buys every tenth bar with a target and a stop."""

    def on_start(self, ctx: bt.Context) -> None:
        ctx.indicator("sma", "AAPL", 5)
        ctx.indicator("rsi", "AAPL", 14)
        self.count = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.count += 1
        if self.count % 10 == 1:
            ctx.bracket("AAPL", 10, take_profit=1.01 * bar.close, stop_loss=0.99 * bar.close, tag="in")


RESULT = bt.run({"AAPL": HOURS}, Brackets, benchmark="AAPL")


def decoded(value: Any) -> Any:
    """A value of Bokeh's JSON as Python has it."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "map":
        return {key: decoded(each) for key, each in value.get("entries", [])}
    if value.get("type") == "ndarray":
        data = gzip.decompress(base64.b64decode(value["array"]["data"]))
        return np.frombuffer(data, value["dtype"]).reshape(value["shape"])
    if value.get("type") == "number":
        return float(value["value"].replace("nan", "NaN"))
    return value


def embedded(page: str) -> dict[str, Any]:
    """The data of a page."""
    text = re.search(r'id="document">(.*?)</script>', page)
    assert text is not None
    found: list[Any] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("name") == "CustomJS":
                found.append(value["attributes"]["args"])
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(json.loads(text[1]))
    return dict(decoded(next(each for key, each in found[0]["entries"] if key == "contents")))


def notes(page: str) -> str:
    return " ".join(re.findall(r'<p class="soft">([^<]*)</p>', page))


def page_of(result: bt.Result, **options: Any) -> str:
    return str(result.plot(backend="bokeh", **options))


def test_the_page_has_the_numbers_of_the_result() -> None:
    page = page_of(RESULT)
    data = embedded(page)
    market = data["markets"]["AAPL"]
    prices = unpacked(market["prices"])
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(prices[name], getattr(HOURS, name))
    np.testing.assert_array_equal(prices["start"], HOURS.timestamp / 1e6)
    np.testing.assert_array_equal(prices["end"], HOURS.end / 1e6)
    np.testing.assert_array_equal(market["prices"]["volume"], HOURS.volume.astype(np.float32))
    fills, trades = market["fills"], RESULT.trades
    np.testing.assert_array_equal(fills["time"], trades["timestamp"] / 1e6)
    np.testing.assert_array_equal(fills["buy"], trades["side"] == "buy")
    for ours, theirs in (("price", "price"), ("quantity", "quantity"), ("order", "order_id")):
        np.testing.assert_array_equal(fills[ours], trades[theirs])
    assert np.nansum(fills["profit"]) == pytest.approx(RESULT.round_trips["pnl"].sum())
    assert fills["tag"][0] == "in"
    levels = market["levels"]
    stops = np.isin(RESULT.orders["stop_price"], levels["price"][levels["kind"] == 1])
    assert stops.sum() == np.isfinite(RESULT.orders["stop_price"]).sum()
    for name, column in (("equity", "equity"), ("exposure", None)):
        curve = data[name]
        np.testing.assert_array_equal(curve["time"], RESULT.equity_curve["timestamp"] / 1e6)
        if column:
            np.testing.assert_array_equal(curve["value"], RESULT.equity_curve[column])
    assert -data["drawdown"]["value"].min() == pytest.approx(RESULT.metrics["max_drawdown"])
    np.testing.assert_array_equal(data["benchmark"]["value"], RESULT.benchmark_curve["value"])
    lines = {line["name"]: line for line in market["lines"]}
    assert {name: line["panel"] for name, line in lines.items()} == {"sma_5": "", "rsi_14": "rsi_14"}
    np.testing.assert_array_equal(lines["sma_5"]["value"], RESULT.indicators["sma_5", "AAPL"]["value"])
    held = np.cumsum(np.where(trades["side"] == "buy", 1, -1) * trades["quantity"])
    np.testing.assert_array_equal(market["position"]["value"], [0.0, *held])
    assert notes(page).endswith("AAPL: all 343 bars.")


def test_the_page_needs_no_network() -> None:
    page = page_of(RESULT)
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[^>]*>", page) == []
    assert "@import" not in page
    assert len(page) < 2_000_000


def test_many_ticks_are_in_steps_and_single_near_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "BUCKETS", 5000)
    size = 100_003
    price = np.round(100 + 0.01 * np.cumsum(np.random.default_rng(2).integers(-1, 2, size)), 2)
    time = 10**18 + np.cumsum(np.random.default_rng(3).integers(1, 10**9, size))
    ticks = bt.Trades(time, price, np.ones(size))
    orders = bt.Orders(
        timestamp=time[[5, 40_000, 40_100, 99_999]], symbol="T", side=["buy", "sell"] * 2, quantity=1
    )
    result = bt.run({"T": ticks}, orders)
    page = page_of(result)
    market = embedded(page)["markets"]["T"]
    assert market["step"] == 21
    assert (
        "100,003 trades, as first, lowest, highest and last of each 21; and every trade within 200 of a fill."
        in (notes(page))
    )
    whole = stepped(prices_of("T", ticks), 21)
    found = unpacked(market["prices"])
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(found[name], getattr(whole, name))
    near = market["near"]
    rows = np.concatenate([np.arange(a, b) for a, b in zip(near["first"], near["last"], strict=True)])
    single = unpacked(near)
    np.testing.assert_array_equal(single["close"], price[rows])
    np.testing.assert_allclose(single["start"], time[rows] / 1e6, rtol=0, atol=3e-4)  # ms; 2**-12 of them
    filled = np.searchsorted(time, result.trades["timestamp"])
    assert len(filled) == 4
    for row in filled:
        assert set(range(max(row - 200, 0), min(row + 201, size))) <= set(rows.tolist())

    monkeypatch.setattr(contents, "NEAR", 500)
    assert "every trade within 81 of" in notes(page_of(result))
    monkeypatch.setattr(contents, "NEAR", 10)
    assert "too many fills for single ones" in notes(page_of(result))
    monkeypatch.setattr(contents, "EVENTS", 3)
    assert "3 of 4 fills, evenly chosen." in notes(page_of(result))


def test_long_curves_keep_their_extremes_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "POINTS", 50)
    page = page_of(RESULT)
    equity, value = embedded(page)["equity"], RESULT.equity_curve["equity"]
    assert len(equity["value"]) <= 100
    assert {value.min(), value.max(), value[0], value[-1]} <= set(equity["value"].tolist())
    assert f"{len(equity['value'])} of {len(value)} points" in notes(page)


def test_long_lines_keep_what_is_near_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 343 points, some and all within 4 bars of the two fills."""
    monkeypatch.setattr(contents, "POINTS", 30)
    orders = bt.Orders(timestamp=HOURS.end[[100, 200]], symbol="AAPL", side=["buy", "sell"], quantity=100)
    result = bt.run({"AAPL": HOURS}, orders)
    equity, curve = embedded(page_of(result))["equity"], result.equity_curve
    assert len(equity["value"]) <= 60
    for time in result.trades["timestamp"]:
        row = int(np.searchsorted(curve["timestamp"], time))
        assert set(curve["timestamp"][row - 4 : row + 5] / 1e6) <= set(equity["time"].tolist())


def test_indicators_beyond_the_room_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "OWN_PANELS", 0)
    assert "Indicators not shown: rsi_14." in notes(page_of(RESULT))


def test_a_loaded_result_shows_prices_that_are_given(tmp_path: Path) -> None:
    RESULT.save(tmp_path / "run.npz")
    loaded = bt.load_result(tmp_path / "run.npz")
    page = page_of(loaded)
    assert embedded(page)["markets"]["AAPL"]["prices"] is None
    assert "The prices of AAPL are not part of the result; plot(data=...) shows them." in notes(page)
    for data in (HOURS, {"AAPL": HOURS}, {"AAPL": (HOURS,)}):
        assert embedded(page_of(loaded, data=data))["markets"].keys() == {"AAPL"}
        prices = unpacked(embedded(page_of(loaded, data=data))["markets"]["AAPL"]["prices"])
        np.testing.assert_array_equal(prices["close"], HOURS.close)
        assert 'class="bt-range"' in str(loaded.plot(backend="svg", data=data))
    assert 'class="bt-range"' not in str(loaded.plot(backend="svg"))


def test_other_data_than_that_of_the_run_is_named(tmp_path: Path) -> None:
    RESULT.save(tmp_path / "run.npz")
    loaded = bt.load_result(tmp_path / "run.npz")
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    for data, same in (
        (HOURS, True),
        (other, False),
        ({"AAPL": HOURS.slice(HOURS.timestamp[9], None)}, False),
    ):
        for result in (loaded, RESULT):
            assert (
                "The prices of AAPL are not the data of the run" in notes(page_of(result, data=data))
            ) != same
            assert ("prices are not the data" in str(result.plot(backend="svg", data=data))) != same
    old = bt.sample_bars("AAPL", "2020-01-01", "2020-02-01", "1h")
    span = "2024-01-02 14:00 to 2024-03-08 21:00 UTC; its 161 rows are from 2020-01-01 14:00 to 2020"
    for backend in ("bokeh", "svg"):
        with pytest.raises(ConfigError, match=rf"^data: no row is within the run, {span}"):
            loaded.plot(backend=backend, data=old)
        with pytest.raises(
            ConfigError, match=r"^data\['AAPL'\]: no row is within the run, .* UTC; it is empty"
        ):
            loaded.plot(backend=backend, data={"AAPL": HOURS.slice(HOURS.end[-1] + 1, None)})
        with pytest.raises(ConfigError, match=r"^data: 'MSFT' is not in the result; it has AAPL"):
            loaded.plot(backend=backend, data={"MSFT": other})


def test_several_symbols_if_the_page_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    result = bt.run({"AAPL": HOURS, "MSFT": other}, "buy_and_hold")
    page = page_of(result, symbol="MSFT")
    assert list(embedded(page)["markets"]) == ["MSFT", "AAPL"]
    assert '<option value="AAPL">' in page
    monkeypatch.setattr(contents, "SEVERAL", 100)
    page = page_of(result)
    assert list(embedded(page)["markets"]) == ["AAPL"]
    assert "Other symbols, with plot(symbol=...): MSFT." in notes(page)
    assert "<select" not in page


def test_rows_outside_of_the_run_are_not_shown() -> None:
    result = bt.run({"AAPL": HOURS}, "buy_and_hold", start="2024-02-01", end="2024-02-10")
    prices = unpacked(embedded(page_of(result))["markets"]["AAPL"]["prices"])
    clock = result.equity_curve["timestamp"] / 1e6
    assert 0 < len(prices["start"]) < len(HOURS)
    assert prices["end"][0] >= clock[0]
    assert prices["start"][-1] <= clock[-1]


def test_texts_are_escaped() -> None:
    evil = "</script><img src=x>"
    orders = bt.Orders(timestamp=HOURS.end[[1]], symbol="AAPL", side="buy", quantity=1, tag=[evil])
    page = page_of(bt.run({"AAPL": HOURS}, orders))
    assert embedded(page)["markets"]["AAPL"]["fills"]["tag"] == [evil]
    assert "<img" not in page.split("<main>")[1]


def test_what_plot_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(RESULT.plot()).__name__ == "InteractiveChart"
    for backend in ("bokeh", "svg"):
        assert len(repr(RESULT.plot(backend=backend))) < 80
    chart = RESULT.plot(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == str(chart)
    assert "srcdoc=" in chart._repr_html_()
    RESULT.plot(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg")
    with pytest.raises(ConfigError, match=r"an interactive chart is an \.html file"):
        chart.save(tmp_path / "a.svg")
    assert type(RESULT.plot(tmp_path / "b.html", "svg")).__name__ == "Chart"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backend": "Boke"}, r"backend: 'Boke' is not 'bokeh' or 'svg' \(did you mean 'bokeh'\?\)"),
        ({"backend": "matplotlib"}, "backend: 'matplotlib' is not 'bokeh' or 'svg'$"),
        ({"path": "a.png"}, r"a\.png: the name does not end in \.svg or \.html"),
        ({"path": "a.svg", "backend": "bokeh"}, r'a\.svg: Bokeh writes \.html; backend="svg" writes \.svg'),
        ({"symbol": "AAPLE"}, r"symbol: 'AAPLE' is not in the result \(did you mean 'AAPL'\?\); it has AAPL"),
        ({"data": 5}, "data: a int is no Bars, Quotes or Trades, nor a dict of them by symbol"),
        ({"data": {"AAPL": [1]}}, r"data\['AAPL'\]: a list is no Bars, Quotes or Trades"),
    ],
)
def test_bad_arguments_of_plot(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        RESULT.plot(**options)


def test_without_bokeh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "bokeh"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "btcore.results.charts.panels", raising=False)
    monkeypatch.setitem(sys.modules, "bokeh", None)
    monkeypatch.setattr("btcore.results.charts.backends.find_spec", lambda name: None)
    assert type(RESULT.plot()).__name__ == "Chart"
    RESULT.plot(tmp_path / "a.svg")
    for options in ({"path": tmp_path / "a.html"}, {"backend": "bokeh"}):
        with pytest.raises(ConfigError, match=r"pip install 'btcore\[plot\]'"):
            RESULT.plot(**options)
    assert not (tmp_path / "a.html").exists()
