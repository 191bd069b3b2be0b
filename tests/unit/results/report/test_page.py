"""The chart and the report: complete, self-contained, with all text escaped."""

import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books, random_journal, records
from hypothesis import given
from hypothesis import strategies as st

from btcore import metrics
from btcore.errors import ConfigError
from btcore.model import CASH_FLOW_DTYPE
from btcore.results.export import rfc3339
from btcore.results.journal import Curve
from btcore.results.metric_kinds import GROUPS
from btcore.results.report import axes
from btcore.results.report.chart import WIDTH, Chart
from btcore.results.report.metric_boxes import metrics_table
from btcore.results.report.page import page
from btcore.results.report.panel import POINTS
from btcore.results.result import Result, load_result

EVIL = "</script><img src=x onerror=alert(1)>&\"'"
SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "br", "img"}


def result_of(journal, **manifest):
    return Result.from_journal(journal, manifest=manifest, fingerprint="0123456789abcdef" * 4)


@pytest.fixture(scope="module")
def made():
    run = {
        "strategy": {"name": "wave", "params": {"period": 10}},
        "currency": "EUR",
        "timezone": "Asia/Tokyo",
    }
    data = [{"symbol": "AAA"}, {"symbol": "B.B"}, {"symbol": "AAA"}]
    return result_of(random_journal(5), run=run, data=data, data_source="synthetic sample data")


class Balanced(HTMLParser):
    """Fails on tags that are not closed; collects text and external references."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.tags, self.loads = [], "", [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "xlink:href", "onerror")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_has_no_external_resources(made, tmp_path):
    path = made.report(tmp_path / "out.html")
    text = path.read_text(encoding="utf-8")
    parsed = Balanced(text)
    assert parsed.loads == []
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text
    assert [file.name for file in tmp_path.iterdir()] == ["out.html"]
    assert len(text) < 1_000_000


def test_the_page_describes_the_run(made):
    text = Balanced(page(made)).text
    for words in ("wave(period=10)", "AAA, B.B · 2024-01-01 00:00 to 2024-10-27 00:00 UTC", made.fingerprint):
        assert words in text
    assert "synthetic sample data: made up by btcore" in text
    assert "capital 100,000.00 EUR" in text
    assert "Months, years, hours, weekdays and days in Asia/Tokyo" in text
    assert f"{made.metrics['sharpe_ratio']:.2f}" in text
    assert f"Round trips ({len(made.round_trips)}; times are UTC)" in text
    assert "started" in text


def test_every_metric_is_in_a_group(made):
    grouped = [key for keys in GROUPS.values() for key in keys]
    assert sorted(grouped) == sorted(made.metrics)
    table = metrics_table({**made.metrics, "of_a_later_version": 3})
    assert "of a later version" in table
    shown = made._repr_html_()
    assert all(f"<td>{name}</td>" in shown for name in made.metrics)
    assert "<polyline" in shown


def test_cash_flows_and_legs_are_shown_if_there_are_any(made):
    assert "Cash flows" not in page(made)
    assert ">leg</th>" not in page(made)
    journal = random_journal(5)
    journal.fills["leg"] = journal.fills["side"]
    journal.cash_flows = records(CASH_FLOW_DTYPE, [{"ts": START, "symbol": 1, "kind": 2, "amount": -7.5}])
    text = page(result_of(journal, run={"currency": "EUR"}))
    assert "Cash flows" in text
    assert re.search('<td class="word">B.B</td><td class="word">funding</td><td [^>]*>-7.50</td>', text)
    assert ">leg</th>" in text
    assert re.search(r'data-key="funding" data-value="-7.5">-7.50 EUR<', text)  # among the metrics


def test_text_is_escaped():
    journal = random_journal(2, days=20, symbols=(EVIL, "B"))
    journal.logs = [EVIL, "a\nb"]
    run = {"strategy": {"name": EVIL, "params": {EVIL: EVIL}}, "currency": EVIL}
    nasty = Result.from_journal(journal, manifest={"run": run, EVIL: EVIL}, fingerprint=EVIL)
    text = page(nasty)
    parsed = Balanced(text)
    assert "img" not in parsed.tags
    assert parsed.loads == []
    assert parsed.text.count(EVIL) > 5
    svg = str(nasty.plot(backend="svg"))
    ET.fromstring(svg)
    assert "<img" not in svg
    assert "<img" not in nasty._repr_html_()


def paths(svg, colour):
    """The points of the curve of a panel, in units of the drawing."""
    for element in ET.fromstring(svg).iter(SVG + "path"):
        if element.get("class") == f"bt-curve bt-{colour}":
            return np.array([[float(n) for n in pair.split()] for pair in element.get("d")[1:].split("L")])
    return None


def test_the_curve_is_drawn_to_scale(made):
    drawn = paths(str(made.plot(backend="svg")), "blue")
    curve = made.equity_curve
    assert len(drawn) == len(curve)
    assert np.all(np.diff(drawn[:, 0]) > 0)
    assert np.corrcoef(drawn[:, 0], curve["timestamp"])[0, 1] == pytest.approx(1.0, abs=1e-6)
    assert np.corrcoef(drawn[:, 1], curve["equity"])[0, 1] == pytest.approx(-1.0, abs=1e-4)  # y points down
    fallen = metrics.drawdown(curve["equity"])
    assert np.corrcoef(paths(str(made.plot(backend="svg")), "red")[:, 1], fallen)[0, 1] == pytest.approx(
        1.0, abs=1e-4
    )


def test_a_long_curve_is_thinned_and_keeps_its_extremes():
    journal = random_journal(1, days=10)
    size = 200_000
    rng = np.random.default_rng(0)
    equity = 1e5 * np.cumprod(1 + rng.normal(0, 1e-4, size))
    equity[77_777] = 1.0
    journal.curve = Curve(START + np.arange(size) * 10**9, equity, np.zeros(size))
    journal.exposures = journal.exposures[:0]
    svg = str(result_of(journal).plot(backend="svg"))
    assert len(paths(svg, "blue")) <= POINTS
    assert len(svg) < 400_000
    bottom = paths(svg, "blue")[:, 1].argmax()
    assert paths(svg, "blue")[bottom, 0] == pytest.approx(72 + 77_777 / size * (WIDTH - 96), abs=0.1)


@pytest.mark.parametrize(
    "journal",
    [
        keep_books([]),
        keep_books([("mark", START, 1.0)]),
        keep_books([("mark", START + 1, 1.0), ("mark", START + 2, 1.0)]),
        keep_books(
            [("fill", START, 0, 100, 10.0, 0.0), ("mark", START + DAY, 0.0), ("mark", START + 2 * DAY, -5.0)]
        ),
        keep_books([("mark", START + 20_000 * DAY, 1.0)]),
    ],
    ids=["one point", "one instant", "nanoseconds", "ruin", "half a century"],
)
def test_unusual_runs_can_be_drawn(journal):
    odd = result_of(journal)
    svg = str(odd.plot(backend="svg"))
    ET.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
    Balanced(page(odd))


def test_the_report_of_a_loaded_result_is_the_same(made, tmp_path):
    made.save(tmp_path / "run.npz")
    assert page(load_result(tmp_path / "run.npz")) == page(made)


def test_plot(made, tmp_path):
    chart = made.plot(tmp_path / "run.svg")
    assert isinstance(chart, Chart)
    assert (tmp_path / "run.svg").read_text(encoding="utf-8") == str(chart) == chart._repr_svg_()
    made.plot(tmp_path / "run.html", backend="svg")
    assert str(chart) in (tmp_path / "run.html").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\.svg or \.html"):
        made.plot(tmp_path / "run.png")


def test_the_points_of_the_tooltip(made):
    curve, *others = re.findall(r'class="points">(.*?)</script>', page(made))
    points = json.loads(curve)
    (_, _, equity), (_, unit, fallen) = points["v"]
    assert equity == made.equity_curve["equity"].tolist()
    assert points["t"][0] == "2024-01-01T00:00:00Z"
    assert max(fallen) == pytest.approx(made.metrics["max_drawdown"], abs=1e-3)
    assert unit == "%"
    assert 0 < points["x"][0] < points["x"][-1] < 1
    rolling = made.rolling(63)
    for text, name in zip(others, ("sharpe_ratio", "volatility"), strict=True):
        points = json.loads(text)
        rows = np.searchsorted(rfc3339(rolling["timestamp"]), points["t"])
        assert points["v"][0][2] == rolling[name][rows].tolist()
        assert len(rows) == len(rolling)


def test_months_compound_to_the_total(made):
    cells = re.findall(
        r'data-of="(?:monthly|yearly)" data-row="\d+" data-col="return"[^>]*>([^<]*)<', page(made)
    )
    months = [float(cell) for cell in cells[:11]]
    assert len(months) == 10 + 1  # January to October, and the year
    assert months[-1] == pytest.approx(made.metrics["total_return"], abs=0.006)
    assert 100 * (math.prod(1 + m / 100 for m in months[:-1]) - 1) == pytest.approx(months[-1], abs=0.2)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400), st.integers(4, 60))
def test_thinning_keeps_ends_and_extremes(values, most):
    column = np.array(values)
    keep = axes.decimate(column, most)
    assert len(keep) <= max(most, len(column) if len(column) <= most else 0)
    assert (keep[0], keep[-1]) == (0, len(column) - 1)
    assert np.all(np.diff(keep) > 0)
    assert column[keep].min() == column.min()
    assert column[keep].max() == column.max()


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_value_ticks_are_few_round_and_inside(low, width):
    high = low + width
    ticks = axes.value_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert all(low - width * 1e-6 <= tick <= high + width * 1e-6 for tick in ticks)
    if width > 1e-5 * abs(low):
        assert len(set(axes.value_labels(ticks))) == len(ticks)


def test_labels_are_short():
    assert axes.value_labels([0.0, 500_000.0, 1_000_000.0]) == ["0.0M", "0.5M", "1.0M"]
    assert axes.value_labels([99_500.0, 100_000.0]) == ["99.5k", "100.0k"]
    assert axes.value_labels([-20.0, 0.0]) == ["-20", "0"]


@given(st.integers(-(10**18), 4 * 10**18), st.integers(10**7, 3 * 10**18))
def test_time_ticks_are_few_and_inside(start, width):
    ticks = axes.time_ticks(start, start + width)
    assert len(ticks) <= 11
    assert all(start <= at <= start + width for at, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks)


def test_labels_of_time_ticks():
    day = [text for _, text in axes.time_ticks(START, START + 5 * DAY)]
    assert day[:2] == ["01 Jan 2024", "02 Jan 2024"]
    assert [text for _, text in axes.time_ticks(START, START + 3600 * 10**9)][1] == "00:10"
    assert [text for _, text in axes.time_ticks(START, START + 900 * DAY)][:2] == ["Jan 2024", "Jul 2024"]
