"""Bars, histogram, lines and scatter are drawn to scale."""

import re

import numpy as np
import pytest

from btcore.results.report.small_charts import HEIGHT, MARKS, TOP, WIDTH, Mark, bar, histogram, lines, scatter


def numbers(text, pattern):
    """An array with a row for each match and a column for each group."""
    return np.array([[float(each) for each in match.groups()] for match in re.finditer(pattern, text)])


def test_bars_go_from_zero_to_the_value():
    spans = {}
    for value in (-10.0, 5.0, 0.0):
        drawn = bar(value, -10.0, 30.0)
        (x, width), (zero,) = (
            numbers(drawn, r'x="([\d.]+)" width="([\d.]+)"')[0],
            numbers(drawn, r"M([\d.]+) 0V")[0],
        )
        spans[value] = (x, width)
        assert zero == 25.0
    assert spans == {-10.0: (0.0, 25.0), 5.0: (25.0, 12.5), 0.0: (25.0, 0.0)}
    assert 'class="down"' in bar(-10.0, -10.0, 30.0)
    assert 'class="up"' in bar(5.0, -10.0, 30.0)
    assert bar(np.nan, 0.0, 1.0) == ""
    assert "nan" not in bar(0.0, 0.0, 0.0)
    assert numbers(bar(-3.0, -3.0, -1.0), r'width="([\d.]+)"')[0] == 100.0


@pytest.mark.parametrize("values", [[0.5, -0.2, 0.1], [3.0], [0.0, 0.0], [1e-9, 2e-9], [-1e6, 1e6, 5.0]])
def test_a_histogram_counts_each_value_once(values):
    column = np.array(values)
    svg = histogram(column, [], "h", "%")
    found = numbers(svg, r'data-low="([^"]+)" data-high="([^"]+)" data-count="(\d+)"')
    assert found[:, 2].sum() == len(values)
    for low, high, count in found:
        inside = (column >= low) & ((column < high) | (column == column.max()))
        assert inside.sum() >= count > 0
    heights = numbers(svg, r'height="([\d.]+)"><title>')[:, 0]
    np.testing.assert_allclose(heights / heights.max(), found[:, 2] / found[:, 2].max(), atol=0.01)
    assert "nan" not in svg


def test_a_histogram_has_its_marks_where_they_are():
    column = np.linspace(-2.0, 2.0, 101)
    svg = histogram(column, [Mark("mean 0", 0.0, "a", "mean"), Mark("low", -1.0, "b", "c")], "h", "%")
    middle, low = numbers(svg, r'class="mark" d="M([\d.]+) ')[:, 0]
    lefts = numbers(svg, r'data-low="([^"]+)"[^>]* x="([\d.]+)"')
    place = np.polyfit(lefts[:, 0], lefts[:, 1], 1)
    assert middle == pytest.approx(np.polyval(place, 0.0), abs=1.0)
    assert low == pytest.approx(np.polyval(place, -1.0), abs=1.0)
    assert 'data-of="b" data-key="c" data-value="-1.0">low<' in svg


def test_a_line_is_drawn_to_scale_and_broken_where_it_is_undefined():
    time = np.arange(10) * 10**15
    values = np.array([1.0, 2.0, np.nan, 4.0, 3.0, np.nan, np.nan, -5.0, 0.0, 9.0])
    svg = lines(time, values, "l", "")
    path = re.search(r'bt-curve bt-blue" d="([^"]+)"', svg)[1]
    assert path.count("M") == 3
    points = numbers(path, r"[ML]([\d.]+) ([\d.]+)")
    known = np.isfinite(values)
    assert np.corrcoef(points[:, 0], time[known])[0, 1] == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(points[:, 1], values[known])[0, 1] == pytest.approx(-1, abs=1e-6)
    assert points[:, 1].min() > TOP
    assert points[:, 1].max() < HEIGHT
    assert lines(time, np.full(10, np.nan), "l", "") == ""
    assert "nan" not in lines(time[:1], values[:1], "l", "")


def test_a_long_line_is_thinned():
    values = np.cumsum(np.random.default_rng(0).normal(size=50_000))
    assert len(lines(np.arange(50_000) * 10**12, values, "l", "")) < 30_000


def test_a_scatter_is_drawn_to_scale_with_a_sign_for_each_point():
    rng = np.random.default_rng(0)
    x, y, gain = -rng.random(50) * 100, rng.random(50) * 7, rng.normal(size=50)
    gain[4] = 0.0
    rows = np.arange(0, 50, 2)
    svg = scatter(x, y, gains=gain, rows=rows, title="s", unit="USD")
    discs = numbers(svg, r'data-row="(\d+)" cx="([\d.]+)" cy="([\d.]+)"')
    crosses = numbers(svg, r'data-row="(\d+)" d="M([\d.]+) ([\d.]+)l6 6') + np.array([0, 3, 3])
    assert sorted([*discs[:, 0], *crosses[:, 0]]) == rows.tolist()
    assert np.all(gain[discs[:, 0].astype(int)] > 0)
    assert np.all(gain[crosses[:, 0].astype(int)] <= 0)
    points = np.concatenate([discs, crosses])
    at = points[:, 0].astype(int)
    assert np.corrcoef(points[:, 1], x[at])[0, 1] == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(points[:, 2], y[at])[0, 1] == pytest.approx(-1, abs=1e-6)
    assert points[:, 1].max() < WIDTH
    one = scatter(np.zeros(1), np.zeros(1), gains=np.zeros(1), rows=np.arange(1), title="s", unit="")
    assert "nan" not in one


def test_the_excursions_of_many_round_trips_are_thinned_and_it_is_said(results):
    from btcore.results.report.trades import excursions

    trips = np.repeat(results["sample market"].round_trips, 1 + 2 * MARKS // 10)
    text = excursions(trips, "USD")
    drawn = np.unique(numbers(text, r'data-row="(\d+)"')[:, 0])
    assert MARKS * 0.9 < len(drawn) <= MARKS
    assert drawn[0] == 0
    assert f"{len(drawn):,} of {len(trips):,} round trips" in text
    trips["mae"] = np.nan
    assert "No round trip has excursions" in excursions(trips, "USD")
