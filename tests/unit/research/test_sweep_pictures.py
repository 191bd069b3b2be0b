"""Heat maps, parallel coordinates, the best rows of a sweep and what is beside them, and the page."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from html_pages import PageText

import btcore as bt
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.research.sweeps.pictures import MOST_LINES, grid_of
from btcore.research.sweeps.records import columns
from btcore.research.sweeps.sweep_result import Refusal, SweepResult

EVIL = "<img src=x>"


def made(sharpe: list[float], **params: list[Any]) -> SweepResult:
    """A sweep with these Sharpe ratios."""
    table = np.zeros(len(sharpe), RUN_METRICS_DTYPE)
    table["sharpe_ratio"] = sharpe
    rows = [dict(zip(params, values, strict=True)) for values in zip(*params.values(), strict=True)]
    return SweepResult(columns(rows), table, [Refusal({"a": 1}, "too low")], lambda i: pytest.fail("played"))


def grid(values: list[list[float]], **more: list[Any]) -> SweepResult:
    """A row of `values` for each b = 1, 2, 4 ..., a column for each a = 10, 20, 30 ..."""
    a = [10 * (j + 1) for row in values for j in range(len(row))]
    b = [2**i for i, row in enumerate(values) for _ in row]
    return made([value for row in values for value in row], a=a, b=b, **more)


PEAK = grid([[1.0, 1.0, 1.0, 0.0], [1.0, 9.0, 0.0, 2.0], [1.0, 0.5, 3.0, 2.0], [2.0, 2.0, 2.0, 2.0]])
DEEP = grid([[1.0, 2.0], [3.0, 4.0]], d=[7] * 4)
PLAYED = bt.sweep(
    {"A": bt.sample_bars("A")},
    "ma_crossover",
    {"short_period": [5, 10, 30], "long_period": range(20, 60, 10)},
)


def test_the_best_rows_in_order_without_undefined_ones() -> None:
    sweep = made([1.0, np.nan, 3.0, 2.0], a=[1, 2, 3, 4])
    assert [run.row for run in sweep.best(n=3)] == [2, 3, 0]
    assert [run.row for run in sweep.best(n=9)] == [2, 3, 0]
    assert [run.row for run in sweep.best("sharpe_ratio", False, n=1)] == [0]
    assert sweep.best().row == 2
    for n in (0, True, 1.5):
        with pytest.raises(bt.ConfigError, match=r"n: .* is not a whole number above 0"):
            sweep.best(n=n)
    with pytest.raises(bt.ConfigError, match=r"metric: 5 is a number; the best 5 runs are best\(n=5\)"):
        sweep.best(5)
    with pytest.raises(bt.ConfigError, match="undefined in every run"):
        made([np.nan], a=[1]).best(n=1)


def test_the_neighbourhood_of_a_lonely_peak() -> None:
    found = PEAK.neighbourhood({"a": 20, "b": 2})
    assert found.value == 9.0
    assert found.rows.tolist() == [0, 1, 2, 4, 6, 8, 9, 10]  # by value: b is 1, 2 or 4, not 8
    assert (found.median, found.worst) == (1.0, 0.0)
    assert found.than == np.median(PEAK.metrics["sharpe_ratio"]) == 1.5
    assert found.share_better == 1 / 8
    assert repr(found) == (
        "Neighbourhood(a=20, b=2: sharpe_ratio 9.00; 8 runs beside it: median 1.00, worst 0.00, "
        "12 % better than 1.50)"
    )


def test_a_neighbourhood_in_a_corner_with_another_value_and_the_lowest() -> None:
    found = PEAK.neighbourhood(PEAK[15], highest=False, than=2.5)
    assert found.rows.tolist() == [10, 11, 14]
    assert (found.median, found.worst, found.share_better) == (2.0, 3.0, 2 / 3)
    assert PEAK.neighbourhood(15).rows.tolist() == [10, 11, 14]
    assert PEAK.neighbourhood(-1).row == 15


def test_words_and_flags_have_no_neighbours_and_undefined_metrics_do_not_count_as_better() -> None:
    sweep = made([1.0, 2.0, np.nan, 4.0], a=[1, 2, 3, 1], side=["up", "up", "up", "down"])
    found = sweep.neighbourhood({"a": 2, "side": "up"}, than=0.5)
    assert found.rows.tolist() == [0, 2]
    assert (found.median, found.worst, found.share_better) == (1.0, 1.0, 0.5)
    alone = sweep.neighbourhood({"a": 1, "side": "down"})
    assert len(alone.rows) == 0
    assert np.isnan(alone.share_better)
    assert "0 runs beside it: median n/a, worst n/a, n/a better" in repr(alone)


def test_none_is_a_value_beside_numbers() -> None:
    sweep = made([1.0, 2.0, 3.0], stop=[0.1, 0.2, None])
    assert sweep.neighbourhood({"stop": None}).row == 2
    assert "none" in sweep.parallel().svg


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"a": 20}, "params: b is missing; it varies in this sweep"),
        ({"a": 20, "c": 1}, "params.c: the sweep has no such parameter, only a, b, d"),
        ({"a": 20, "b": 3}, "params: no run has a=20, b=3"),
        ({"a": 20, "b": 2, "d": 8}, "params: no run has a=20, b=2, d=8"),
    ],
)
def test_a_neighbourhood_needs_a_run(params: dict[str, Any], message: str) -> None:
    with pytest.raises(bt.ConfigError, match=re.escape(message)):
        DEEP.neighbourhood(params)
    with pytest.raises(bt.ConfigError, match="is not a numeric metric"):
        PEAK.neighbourhood(0, "luck")


def test_a_run_has_an_index_of_the_sweep() -> None:
    assert PEAK[-1].row == PEAK[np.int64(15)].row == 15
    for given, message in ((16, "run 16: there are 16 runs"), (-17, "run -17: there are 16 runs")):
        with pytest.raises(IndexError, match=message):
            PEAK[given]
        for method in (PEAK.run, PEAK.neighbourhood):
            with pytest.raises(bt.ConfigError, match=message):
                method(given)
    for wrong in ("x", None, 1.0, [1]):
        message = re.escape(f"run {wrong!r}: not a whole number")
        with pytest.raises(TypeError, match=message):
            PEAK[wrong]  # type: ignore[index]
        for method in (PEAK.run, PEAK.neighbourhood):
            with pytest.raises(bt.ConfigError, match=message):
                method(wrong)  # type: ignore[operator]
    with pytest.raises(IndexError, match="run 1: there is 1 run"):
        made([1.0], a=[1])[1]


def test_a_heat_map_has_a_cell_for_each_pair_and_frames_the_best() -> None:
    drawing = PEAK.heat_map()
    assert repr(drawing) == f"<Drawing: sharpe_ratio, {len(drawing.svg) / 1000:,.0f} kB of SVG>"
    cells = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"[^>]*><title>([^<]*)</title>', str(drawing))
    assert len(cells) == 16
    at = {text: (x, y) for x, y, text in cells}
    framed = re.search(r'<rect x="([\d.]+)" y="([\d.]+)"[^>]*class="bp-mark"', drawing.svg)
    assert framed is not None
    assert framed.groups() == at["a=20, b=2: 9.00"]
    assert at["a=10, b=1: 1.00"][0] == at["a=10, b=8: 2.00"][0]
    assert float(at["a=10, b=1: 1.00"][1]) > float(at["a=10, b=8: 2.00"][1])  # b ascends upwards
    assert 'fill="#fde725"' in drawing.svg
    lowest = PEAK.heat_map(highest=False)
    framed = re.search(r'<rect x="([\d.]+)" y="([\d.]+)"[^>]*class="bp-mark"', lowest.svg)
    assert framed is not None
    assert framed.groups() == at["a=40, b=1: 0.00"]


def test_a_cell_of_several_runs_is_their_median_highest_or_lowest() -> None:
    sweep = made([1.0, 5.0, 2.0, np.nan, 7.0], a=[1, 1, 1, 2, 2], b=[1, 1, 1, 1, 2], c=[1, 2, 3, 1, 1])
    x, y = sweep.axes["a"], sweep.axes["b"]
    for over, value in (("median", 2.0), ("max", 5.0), ("min", 1.0)):
        found = grid_of(x, y, sweep.metrics["sharpe_ratio"], over, highest=True)
        np.testing.assert_array_equal(found.cells, [[value, np.nan], [np.nan, 7.0]])
        assert found.best == (1, 1)
    drawing = sweep.heat_map("a", "b", over="max")
    assert "sharpe_ratio, max over c" in drawing.svg
    assert drawing.svg.count('stroke-dasharray="2 3"') == 2  # without a run, or undefined


def test_a_map_of_many_cells_has_no_titles_and_no_numbers() -> None:
    a, b = np.divmod(np.arange(6400), 80)
    sweep = made(np.arange(6400.0).tolist(), a=a.tolist(), b=b.tolist())
    svg = sweep.heat_map().svg
    assert svg.count("<rect") > 6400
    assert "<title>" not in svg
    assert len(svg) < 900_000
    assert len(re.findall(r'class="bp-tick"', svg)) < 60


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": "a"}, "y: None is not a parameter that varies; these do: a, b"),
        ({"x": "a", "y": "z"}, "y: 'z' is not a parameter that varies; these do: a, b"),
        ({"x": "a", "y": "a"}, "y: 'a' is x already"),
        ({"over": "mean"}, "over: 'mean' is not 'median', 'max' or 'min'"),
        ({"metric": "luck"}, "metric: 'luck' is not a numeric metric"),
    ],
)
def test_a_heat_map_needs_two_parameters_that_vary(given: dict[str, Any], message: str) -> None:
    with pytest.raises(bt.ConfigError, match=re.escape(message)):
        PEAK.heat_map(**given)
    with pytest.raises(bt.ConfigError, match="these do: none"):
        made([1.0], a=[1], b=[2]).heat_map()
    with pytest.raises(bt.ConfigError, match="no parameter varies"):
        made([1.0], a=[1], b=[2]).parallel()


def test_parallel_coordinates_have_a_line_for_each_run_the_best_last() -> None:
    svg = PEAK.parallel().svg
    lines = re.findall(r'<polyline points="([^"]*)" fill="none" stroke="(#\w+)" stroke-width="([\d.]+)"', svg)
    assert len(lines) == 16
    points, colour, width = lines[-1]
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert places == [(60.0, 204.0), (280.0, 204.0), (500.0, 60.0)]  # the second value of four, twice
    assert (colour, width) == ("#fde725", "2.2")
    assert "16 runs" in svg


def test_many_runs_are_thinned_and_infinity_is_at_the_end() -> None:
    size = 3 * MOST_LINES
    sweep = made([*np.linspace(0, 1, size - 1), np.inf], a=list(range(size)))
    svg = sweep.parallel().svg
    assert svg.count("<polyline") == MOST_LINES
    assert "400 of 1,200 runs" in svg
    assert "inf" not in svg
    assert "nan" not in svg


def test_a_notebook_shows_a_heat_map_of_two_parameters_and_lines_of_one_or_three() -> None:
    page = PageText(PEAK._repr_html_())
    assert page.text.startswith(repr(PEAK))
    assert page.tags.count("title") == 16
    assert page.tags.count("tr") == 1 + 5
    one = made([1.0, 3.0, 2.0], a=[3, 1, 2])._repr_html_()
    assert re.search(r'points="1.0,2.0 210.0,32.0 419.0,62.0"', one)
    three = made([1.0, 2.0], a=[1, 2], b=[1, 2], c=[1, 2])._repr_html_()
    assert three.count("<polyline") == 2
    assert PageText(made([np.nan], a=[1])._repr_html_()).tags.count("svg") == 0


def test_the_page_has_pictures_the_best_rows_and_refused_sets(tmp_path: Path) -> None:
    path = PLAYED.report(tmp_path / "sweep.html")
    page = PageText(path.read_text())
    assert page.loads == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 2
    best = PLAYED.best()
    beside = PLAYED.neighbourhood(best)
    assert f"{len(PLAYED)} runs · {len(PLAYED.refused)} sets refused" in page.text
    assert f"{best.metrics['sharpe_ratio']:.2f}" in page.text
    assert (
        f"{len(beside.rows)}{beside.median:.2f}{beside.worst:.2f}{100 * beside.share_better:.0f} %"
        in page.text
    )
    assert PLAYED.refused[0].reason in page.text


def test_the_page_draws_every_pair_and_escapes_names(tmp_path: Path) -> None:
    params = {EVIL: [1, 2, 1, 2], "b": [1, 1, 2, 2], "word": [EVIL, "x", "y", "z"]}
    path = made([1.0, 2.0, 3.0, 4.0], **params).report(tmp_path / "page.html", highest=False)
    page = PageText(path.read_text())
    assert "img" not in page.tags
    assert page.tags.count("svg") == 4
    assert "lowest sharpe_ratio is best" in page.text
    assert "A cell is the median over the other parameters" in page.text


def test_a_notebook_shows_the_page_in_a_frame(tmp_path: Path) -> None:
    made = PEAK.report()
    assert PEAK.report(tmp_path / "page.html").read_text() == made.html
    assert PageText(made._repr_html_()).tags == ["iframe"]
    assert repr(made).startswith("<Page: Sweep of a, b, ")


def test_a_page_without_the_metric_says_so_and_has_the_runs(tmp_path: Path) -> None:
    page = PageText(made([np.nan, np.nan], a=[1, 2]).report(tmp_path / "page.html").read_text())
    assert "sharpe_ratio is undefined in every run." in page.text
    assert "First 2 of 2 runs" in page.text
    assert page.tags.count("svg") == 0
    assert "undefined" not in PLAYED.report().html


def test_a_page_needs_a_name_and_a_metric(tmp_path: Path) -> None:
    with pytest.raises(bt.ConfigError, match=r"does not end in \.html"):
        PEAK.report(tmp_path / "page.pdf")
    with pytest.raises(bt.ConfigError, match="is not a numeric metric"):
        PEAK.report(tmp_path / "page.html", "luck")
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_is_saved_as_svg_or_page(tmp_path: Path) -> None:
    drawing = PEAK.heat_map()
    assert drawing.save(tmp_path / "a.svg").read_text() == drawing.svg
    assert PageText(drawing.save(tmp_path / "a.html").read_text()).tags.count("svg") == 1
    with pytest.raises(bt.ConfigError, match=r"does not end in \.svg or \.html"):
        drawing.save(tmp_path / "a.png")
    assert drawing._repr_html_() == drawing.svg


def test_a_run_of_a_sweep_has_a_short_text() -> None:
    assert repr(PEAK[5]) == "<SweepRun 5: a=20, b=2; sharpe_ratio=9.00, total_return=0.00, max_drawdown=0.00>"
