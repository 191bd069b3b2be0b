"""The panel of prices of the SVG: its ranges, closes and fills are drawn to scale and are few."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import btcore as bt

SVG = "{http://www.w3.org/2000/svg}"
HOURS = bt.sample_bars("AAPL", "2024-01-02", "2024-03-10", "1h")


def numbers(svg: str, name: str) -> list[list[float]]:
    """The numbers of each part of the path of a class."""
    for element in ET.fromstring(svg).iter(f"{SVG}path"):
        if element.get("class") == name:
            parts = re.split("[ML]", str(element.get("d")))[1:]
            return [[float(number) for number in re.split("[ V]", part.split("l")[0])] for part in parts]
    return []


def trading(rows: list[int], bars: bt.Bars = HOURS) -> bt.Result:
    sides = ["buy", "sell"] * (len(rows) // 2)
    return bt.run({"AAPL": bars}, bt.Orders(timestamp=bars.end[rows], symbol="AAPL", side=sides, quantity=1))


def test_prices_and_fills_are_drawn_to_scale() -> None:
    result = trading([10, 60, 100, 300])
    svg = str(result.plot(backend="svg"))
    ranges = np.array(numbers(svg, "bt-range"))
    closes = [float(pair.split()[1]) for pair in re.findall(r'bt-close" d="M([^"]*)', svg)[0].split("L")]
    assert len(ranges) == len(closes) == len(HOURS)
    assert np.corrcoef(ranges[:, 1], HOURS.low)[0, 1] == pytest.approx(-1.0, abs=1e-4)  # y points down
    assert np.corrcoef(ranges[:, 2], HOURS.high)[0, 1] == pytest.approx(-1.0, abs=1e-4)
    scale, zero = np.polyfit(HOURS.close, closes, 1)
    clock = result.equity_curve["timestamp"]
    for side in ("buy", "sell"):
        fills = result.trades[result.trades["side"] == side]
        drawn = np.array(numbers(svg, f"bt-{side}"))
        np.testing.assert_allclose(drawn[:, 1], zero + scale * fills["price"], atol=0.3)
        across = 72 + (1100 - 96) * (fills["timestamp"] - clock[0]) / (clock[-1] - clock[0])
        np.testing.assert_allclose(drawn[:, 0], across, atol=0.1)


def test_long_data_are_drawn_in_steps_that_the_title_says() -> None:
    size = 50_000
    price = 100 + np.sin(np.arange(size) / 1000)
    bars = bt.Bars(60 * 10**9 * np.arange(size), price, price, price, price, interval="1min")
    svg = str(trading(list(range(0, 6000, 2)), bars).plot(backend="svg"))
    assert "AAPL, each range 25 bars, 1,000 of 3,000 fills" in svg
    assert len(numbers(svg, "bt-range")) == 2000
    assert len(numbers(svg, "bt-buy")) + len(numbers(svg, "bt-sell")) == 1000
    assert len(svg) < 400_000


def test_exposure_is_drawn_as_steps() -> None:
    svg = str(trading([10, 60]).plot(backend="svg"))
    (path,) = re.findall(r'bt-curve bt-teal" d="([^"]*)"', svg)
    assert re.fullmatch(r"M[-\d.]+ [-\d.]+(H[-\d.]+V[-\d.]+)+", path)


def test_another_symbol_can_be_drawn() -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    result = bt.run({"AAPL": HOURS, "MSFT": other}, "buy_and_hold")
    assert ">AAPL</text>" in str(result.plot(backend="svg"))
    svg = str(result.plot(backend="svg", symbol="MSFT"))
    assert ">MSFT</text>" in svg
    assert np.corrcoef(np.array(numbers(svg, "bt-range"))[:, 2], other.high)[0, 1] == pytest.approx(
        -1, abs=1e-4
    )
