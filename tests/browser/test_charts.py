"""Interactive charts in Chromium: hover, zoom, keys, colours, width, print, symbols, notebooks, axe."""

import html
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import Opener, serious

import btcore as bt

pytest.importorskip("bokeh", reason="bokeh is not installed")

HOURS = bt.sample_bars("AAPL", "2024-01-02", "2024-03-10", "1h")
EVIL = "<img src=x onerror=document.title='run'>"
TICKS = 1_200_000

# Where a row of a source is drawn, in pixels of the window.
PLACE = """([source, row]) => {
  const doc = Bokeh.documents[0], {data} = doc.get_model_by_name(source);
  const view = Bokeh.index.find_one(doc.get_model_by_name("panel prices"));
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(data.x[row]), box.y + view.frame.y_scale.compute(data.y[row])];
}"""
PIXEL = """name => {
  const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("panel " + name));
  const data = view.canvas_view.primary.canvas.getContext("2d").getImageData(3, 3, 1, 1).data;
  return [...data].slice(0, 3).join(",");
}"""
TOOLTIP = """() => [...document.querySelectorAll("*")].flatMap(function inside(element) {
  if (element.matches(".bk-Tooltip")) return [element.shadowRoot.textContent];
  return element.shadowRoot ? [...element.shadowRoot.querySelectorAll("*")].flatMap(inside) : [];
}).join(" ")"""
TOOLTIP_BOX = """() => [...document.querySelectorAll("*")].flatMap(function inside(element) {
  const box = element.matches(".bk-Tooltip") ? element.getBoundingClientRect() : null;
  if (box && box.width > 20) return [[box.left, box.top, box.right, box.bottom]];
  return element.shadowRoot ? [...element.shadowRoot.querySelectorAll("*")].flatMap(inside) : [];
})"""
LIGHT, DARK = "255,255,255", "18,22,29"


class Brackets(bt.Strategy):
    """Buys now and then, with a target, a stop, and indicators on the prices and below them."""

    def on_start(self, ctx: bt.Context) -> None:
        ctx.indicator("sma", "AAPL", 20)
        ctx.indicator("rsi", "AAPL", 14)
        self.count = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.count += 1
        if bar.symbol == "AAPL" and self.count % 40 == 1:
            price = bar.close
            ctx.bracket("AAPL", 1000, take_profit=1.01 * price, stop_loss=0.99 * price, tag=EVIL)


def drawn(page: Any) -> Any:
    page.wait_for_function("document.documentElement.dataset.drawn")
    return page


def press(page: Any, action: str) -> str:
    """Clicks a button and returns the sentence about the step once the view is another."""
    before = page.evaluate("document.documentElement.dataset.drawn")
    page.click(f"button[data-do={action}]")
    page.wait_for_function("before => document.documentElement.dataset.drawn !== before", arg=before)
    return str(page.inner_text("#step"))


@pytest.fixture(scope="module")
def result() -> bt.Result:
    return bt.run({"AAPL": HOURS}, Brackets)


@pytest.fixture(scope="module")
def bars(result: bt.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("charts") / "bars.html"
    result.plot(path)
    return path


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
        press(page, action) if action == "in" else None
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


def test_hover_shows_the_numbers_of_a_fill(result: bt.Result, bars: Path, open_page: Opener) -> None:
    page = drawn(open_page(bars))
    x, y = page.evaluate(PLACE, ["sells", 0])
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_function(f"({TOOLTIP})().includes('profit')")
    text = page.evaluate(TOOLTIP)
    sold = result.trades[result.trades["side"] == "sell"][0]
    profit = result.round_trips["pnl"][0]
    for shown in ("sell", f"{sold['quantity']:g}", f"{sold['price']:.12g}", f"{profit:,.2f}", EVIL):
        assert shown in text, (shown, text)
    assert str(sold["timestamp"].view("M8[ns]"))[:19].replace("T", " ") in text
    assert page.title() != "run"
    assert "position" in page.inner_text("#readout")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("tag", ["word " * 60, "T" * 300])
def test_a_long_tag_stays_in_the_page(width: int, tag: str, tmp_path: Path, open_page: Opener) -> None:
    rows = np.array([20, 150, 230, 320])
    orders = bt.Orders(
        timestamp=HOURS.end[rows], symbol="AAPL", side="buy", quantity=1, tag=[tag] * len(rows)
    )
    bt.run({"AAPL": HOURS}, orders).plot(tmp_path / "tags.html")
    page = drawn(open_page(tmp_path / "tags.html", viewport={"width": width, "height": 900}))
    page.mouse.move(*page.evaluate(PLACE, ["buys", 1]))  # the line of values has its height from now on
    page.wait_for_function("document.getElementById('readout').textContent")
    for row in range(len(rows)):
        page.mouse.move(5, 5)
        page.wait_for_function(f"({TOOLTIP_BOX})().length === 0")
        x, y = page.evaluate(PLACE, ["buys", row])
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        page.wait_for_function(f"({TOOLTIP_BOX})().length > 0")
        left, top, right, bottom = page.evaluate(TOOLTIP_BOX)[0]
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= 900
        assert right < x or left > x
    assert page.evaluate("document.documentElement.scrollWidth") == width


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


def test_wheel_keys_and_drag(bars: Path, open_page: Opener) -> None:
    page = drawn(open_page(bars))
    x = "Bokeh.documents[0].get_model_by_name('panel prices').x_range"
    width = f"({x}.end - {x}.start)"
    whole = page.evaluate(width)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"{width} < {0.95 * whole}")
    page.keyboard.press("0")
    page.wait_for_function(f"Math.abs({width} - {whole}) < 1")
    page.keyboard.press("+")
    page.wait_for_function(f"Math.abs({width} - {whole / 2}) < 1")
    start = page.evaluate("Bokeh.documents[0].get_model_by_name('panel equity').x_range.start")
    page.mouse.down()
    page.mouse.move(500, 400, steps=4)
    page.mouse.up()
    page.wait_for_function(f"Bokeh.documents[0].get_model_by_name('panel prices').x_range.start > {start}")
    page.focus("button[data-do=all]")
    page.keyboard.press("Enter")
    page.wait_for_function(f"Math.abs({width} - {whole}) < 1")


def test_colours_follow_the_mode_of_the_browser(bars: Path, open_page: Opener) -> None:
    page = drawn(open_page(bars, color_scheme="dark"))
    for name in ("prices", "exposure"):
        page.wait_for_function(f"({PIXEL})('{name}') === '{DARK}'")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"({PIXEL})('prices') === '{LIGHT}'")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"({PIXEL})('prices') === '{DARK}'")
    page.emulate_media(color_scheme="dark", media="print")
    page.wait_for_function(f"({PIXEL})('prices') === '{LIGHT}'")
    assert page.pdf()[:5] == b"%PDF-"


def test_a_phone_has_no_horizontal_overflow(bars: Path, open_page: Opener) -> None:
    phone = {"width": 390, "height": 844}
    page = drawn(open_page(bars, viewport=phone, has_touch=True, is_mobile=True))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    frame = page.evaluate(
        "Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('panel prices')).frame.bbox.width"
    )
    assert frame > 250
    touch = page.evaluate(
        """() => { const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("panel prices"));
        return getComputedStyle(view.canvas_view.events_el).touchAction; }"""
    )
    assert "pan-y" in touch or touch == "auto"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_serious(mode: str, bars: Path, open_page: Opener) -> None:
    assert serious(drawn(open_page(bars, color_scheme=mode))) == []


class Daily(bt.Strategy):
    """Asks for the mean of daily closes over bars of an hour and trades nothing."""

    def on_start(self, ctx: bt.Context) -> None:
        ctx.indicator("sma", "AAPL", 3, kind="day")


def test_a_value_of_an_indicator_holds_until_the_next(tmp_path: Path, open_page: Opener) -> None:
    result = bt.run({"AAPL": HOURS}, Daily, build_bars=["day"], calendar="XNYS")
    result.plot(tmp_path / "daily.html")
    page = drawn(open_page(tmp_path / "daily.html"))
    ((name, _),) = result.indicators
    (table,) = result.indicators.values()
    drawing = page.evaluate(
        """name => { const doc = Bokeh.documents[0], source = doc.get_model_by_name("line " + name);
        const {glyph} = doc.get_model_by_name("panel prices").renderers.find(r => r.data_source === source);
        return [glyph.type, glyph.mode, [...source.data.x], [...source.data.y]]; }""",
        name,
    )
    assert drawing[:2] == ["Step", "after"]
    assert drawing[2] == [*(table["timestamp"] / 1e6), result.equity_curve["timestamp"][-1] / 1e6]
    values = [np.nan if value is None else value for value in drawing[3]]
    np.testing.assert_array_equal(values, [*table["value"], table["value"][-1]])


def test_another_symbol_can_be_chosen(tmp_path: Path, open_page: Opener) -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    bt.run({"AAPL": HOURS, "MSFT": other}, Brackets).plot(tmp_path / "two.html", symbol="MSFT")
    page = drawn(open_page(tmp_path / "two.html"))
    model = "Bokeh.documents[0].get_model_by_name"
    assert page.inner_text("#step") == "MSFT: every bar"
    assert page.evaluate(f"{model}('sells').data.x.length") == 0
    page.select_option("#symbol", "AAPL")
    page.wait_for_function(f"{model}('sells').data.x.length > 0")
    assert page.inner_text("#step") == "AAPL: every bar"
    closes = page.evaluate(f"[...{model}('up').data.close, ...{model}('down').data.close]")
    assert sorted(closes) == sorted(HOURS.close.tolist())


class Unlike(bt.Strategy):
    """Asks for other indicators of each of two symbols and trades nothing."""

    def on_start(self, ctx: bt.Context) -> None:
        ctx.indicator("sma", "AAPL", 20)
        ctx.indicator("rsi", "AAPL", 14)
        ctx.indicator("ema", "MSFT", 10)
        ctx.indicator("ema", "MSFT", 30)
        ctx.indicator("atr", "MSFT", 14)


def test_only_indicators_of_the_chosen_symbol_are_shown(tmp_path: Path, open_page: Opener) -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    bt.run({"AAPL": HOURS, "MSFT": other}, Unlike).plot(tmp_path / "unlike.html")
    page = drawn(open_page(tmp_path / "unlike.html"))
    shown = """() => { const doc = Bokeh.documents[0], model = name => doc.get_model_by_name("panel " + name);
      const {items} = model("prices").center.find(m => m.type === "Legend");
      const high = name => {
        const view = Bokeh.index.find_one(model("lines " + name));
        return view.el.getBoundingClientRect().height > 50;
      };
      const labels = items.filter(item => item.visible).map(item => item.label.value);
      return [labels, ["rsi_14", "atr_14"].filter(high)];
    }"""
    of = {"AAPL": [["sma_20"], ["rsi_14"]], "MSFT": [["ema_10", "ema_30"], ["atr_14"]]}
    for symbol in ("AAPL", "MSFT", "AAPL"):
        page.select_option("#symbol", symbol)
        page.wait_for_function(
            f"expected => JSON.stringify(({shown})()) === JSON.stringify(expected)",
            arg=of[symbol],
            timeout=5000,
        )


def test_the_values_under_the_pointer_go_with_the_symbol(tmp_path: Path, open_page: Opener) -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    bt.run({"AAPL": HOURS, "MSFT": other}, "buy_and_hold").plot(tmp_path / "two.html")
    page = drawn(open_page(tmp_path / "two.html"))
    page.mouse.move(600, 300)
    page.mouse.move(601, 300)
    page.wait_for_function("document.getElementById('readout').textContent.includes('open')")
    page.select_option("#symbol", "MSFT")
    page.wait_for_function("document.getElementById('step').textContent.startsWith('MSFT')")
    assert page.inner_text("#readout") == ""


def test_a_notebook_shows_the_page(result: bt.Result, tmp_path: Path, open_page: Opener) -> None:
    shown = result.plot(backend="bokeh")._repr_html_()
    assert html.unescape(shown).count("<main>") == 1
    (tmp_path / "notebook.html").write_text(
        f"<!doctype html><title>notebook</title>{shown}", encoding="utf-8"
    )
    frame = open_page(tmp_path / "notebook.html").frame_locator("iframe")
    frame.locator("#step", has_text="AAPL: every bar").wait_for()


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
