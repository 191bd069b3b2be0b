"""Symbols and indicators of interactive charts: what is drawn of each, and which are shown."""

from pathlib import Path

import numpy as np
import pytest
from interactive_charts import HOURS, Brackets, drawn
from pages import Opener

import btcore as bt

pytest.importorskip("bokeh", reason="bokeh is not installed")


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
