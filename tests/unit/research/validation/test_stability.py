"""Stability in numbers and words, the table, and the page."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import btcore as bt
from btcore.errors import ConfigError
from btcore.research.validation.stability import rank_of, slope_of, stability_of


class Chosen(NamedTuple):
    params: dict[str, Any]
    in_sample: float
    out_of_sample: float
    share_better: float


FOLDS = [
    Chosen({"n": 5, "mode": "a", "fixed": 1}, 1.0, 0.5, 0.25),
    Chosen({"n": 10, "mode": "a", "fixed": 1}, 2.0, 0.0, 0.75),
    Chosen({"n": 5, "mode": "a", "fixed": 1}, 3.0, 1.0, 0.5),
]
TRIED = {"n": [5, 10, 20], "mode": ["a", "b"], "fixed": [1, 1]}


def test_counts_ranges_and_words() -> None:
    found = stability_of("sharpe_ratio", FOLDS, TRIED)
    assert found.chosen == [({"n": 5, "mode": "a", "fixed": 1}, 2), ({"n": 10, "mode": "a", "fixed": 1}, 1)]
    assert set(found.ranges) == {"n", "mode"}
    assert found.ranges["n"] == (5, 10, 5, 20, {5: 2, 10: 1})
    assert found.ranges["mode"] == (None, None, None, None, {"a": 3})
    assert found.slope == pytest.approx(0.25)
    assert found.lines() == [
        "2 different sets were chosen in 3 folds; n=5, mode=a, fixed=1 in 2 of them",
        "n: 5 to 10 were chosen, of 5 to 20 that were tried",
        "mode: a 3 times",
        "sharpe_ratio: 2.00 in training, 0.50 out of sample, on average",
        "out of sample 50 % of the other sets are better than the chosen one on average; a choice at random "
        "has 50 %",
        "a fold with 1 more sharpe_ratio in training has +0.25 out of sample (slope over 3 folds): 1 would "
        "keep all of it, 0 or less nothing",
    ]


def test_what_is_not_known_is_left_out() -> None:
    folds = [Chosen({}, np.nan, np.nan, np.nan)] * 2
    assert stability_of("sharpe_ratio", folds, {}).lines() == [
        "1 different sets were chosen in 2 folds; no parameters in 2 of them",
        "sharpe_ratio: n/a in training, n/a out of sample, on average",
    ]


def test_the_slope_needs_three_pairs_that_differ() -> None:
    one, two = np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 4.0, 6.0, 1.0])
    assert slope_of(one, two) == pytest.approx(2.0)
    assert np.isnan(slope_of(one[:2], two[:2]))
    assert np.isnan(slope_of(np.ones(3), two[:3]))


def test_ranks() -> None:
    values = np.array([1.0, 3.0, np.nan, 3.0, 2.0])
    assert rank_of(values, 4, highest=True) == (3, 2 / 3)
    assert rank_of(values, 1, highest=True) == (1, 0.5 / 3)  # an equal one counts half
    assert rank_of(values, 4, highest=False) == (2, 1 / 3)
    rank, share = rank_of(values, 2, highest=True)
    assert rank is None
    assert np.isnan(share)


def test_the_table_of_folds(forward: bt.WalkForward, crossed: bt.CPCV) -> None:
    frame = forward.to_pandas()
    assert list(frame.columns) == [
        "fold", "train_start", "train_end", "test_start", "test_end", "short_period", "long_period",
        "in_sample", "out_of_sample", "rank", "sets",
    ]  # fmt: skip
    assert str(frame["test_start"][0]) == "2021-01-01 00:00:00+00:00"
    assert frame["rank"].tolist() == [fold.rank for fold in forward.folds]
    assert crossed.table["test_groups"].tolist() == ["0,1", "0,2", "0,3", "1,2", "1,3", "2,3"]
    assert crossed.to_polars().height == 6
    assert crossed.to_arrow().num_rows == 6


def test_a_parameter_with_the_name_of_a_column() -> None:
    class Ranked(bt.Strategy):
        rank: int = 1

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.order_target("A", self.rank)

    bars = bt.sample_bars("A", "2024-01-01", "2024-06-01")
    found = bt.walk_forward(bars, Ranked, {"rank": [1, 2]}, train=40, test=20, symbol="A", progress=False)
    assert {"param_rank", "rank"} <= set(found.table.dtype.names or ())


def test_reprs_are_short(forward: bt.WalkForward, folded: bt.PurgedKFold, crossed: bt.CPCV) -> None:
    for found, name in ((forward, "WalkForward"), (folded, "PurgedKFold"), (crossed, "CPCV")):
        assert repr(found).startswith(f"<{name}: {len(found)} folds, sharpe_ratio ")
        assert len(repr(found)) < 160
    assert "paths:" in repr(crossed)
    assert "rank" in repr(forward.folds[0])
    assert len(repr(forward.folds[0])) < 120


def test_the_page_is_offline_and_has_every_section(
    forward: bt.WalkForward, folded: bt.PurgedKFold, crossed: bt.CPCV, tmp_path: Path
) -> None:
    for found, title in (
        (forward, "Walk forward"),
        (folded, "Purged k-fold"),
        (crossed, "Combinatorial purged cross-validation"),
    ):
        path = found.report(tmp_path / "page.html")
        text = path.read_text()
        assert f"<h1>{title}</h1>" in text
        assert "default-src 'none'" in text
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace('http-equiv="', "")
        for line in found.stability.lines():
            assert line.split(";")[0] in text
        assert text.count('class="bp-line"') == len(found.joined)
        assert text.count("<circle") == 2 * len(found.folds)
        assert str(found.report()) == text
        assert "<svg" in found._repr_html_()
    assert "over 3 paths" in crossed.report().html
    with pytest.raises(ConfigError, match="html"):
        forward.report(tmp_path / "page.txt")


def test_texts_of_users_are_escaped(tmp_path: Path) -> None:
    class Named(bt.Strategy):
        word: str = "a"

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.order_target("A", 1.0)

    bars = bt.sample_bars("A", "2024-01-01", "2024-06-01")
    words = {"word": ["<script>alert(1)</script>", "<b>"]}
    found = bt.walk_forward(bars, Named, words, train=40, test=20, symbol="A", progress=False)
    for text in (found.report().html, found._repr_html_()):
        assert "<script>" not in text
        assert "<b>" not in text
