"""What a ladder shows: text, tables, picture, page and notebook, and that it cannot be changed."""

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from html_pages import PageText

import btcore as bt
from btcore.errors import ConfigError

BARS = bt.sample_bars("AAPL", "2023-01-02", "2023-12-01", "1d")


@pytest.fixture(scope="module")
def ladder() -> bt.Ladder:
    return bt.ladder({"A&B": BARS}, "momentum", draws=20, progress=False)


@pytest.fixture(scope="module")
def own() -> bt.Ladder:
    execution = bt.Execution(commission_bps=1, slippage_bps=1, volume_share=0.5)
    return bt.ladder({"A&B": BARS}, "momentum", execution=execution, draws=20, progress=False)


def test_the_text_has_every_step_and_every_stress(ladder: bt.Ladder) -> None:
    lines = repr(ladder).splitlines()
    assert lines[0] == (
        "Ladder of momentum(lookback_period=20, threshold=0.0, allow_short=False, weight=1.0)"
    )
    assert lines[3].split() == [
        "step",
        "total",
        "%",
        "annual",
        "%",
        "Sharpe",
        "drawdown",
        "%",
        "fills",
        "final",
        "equity",
        "change",
        "points",
    ]
    rows = lines[4 : 4 + len(ladder.climbed)]
    for step, row in zip(ladder.climbed, rows, strict=True):
        assert row.startswith(step.words)
        assert f"{(step.metrics or {})['final_equity']:,.2f}" in row
    assert lines[4 + len(ladder.climbed)].startswith("your own settings")
    assert "spread and slippage: slippage_bps=1 (assumed: spread_bps=2, half of it a fill)" in lines
    assert any(line.startswith("not climbed: latency: ") for line in lines)
    for stress in ladder.stresses:
        assert f"{stress.name}: {stress.words}" in lines
    assert str(ladder) == repr(ladder)


def test_without_assumptions_the_last_step_is_not_repeated(own: bt.Ladder) -> None:
    assert "your own settings" not in repr(own)
    assert "assumed:" not in repr(own)


def test_the_table_has_steps_with_and_without_figures(ladder: bt.Ladder) -> None:
    table = ladder.table
    names = ["close", "next", "spread", "commission", "latency", "size", "reading", "given"]
    assert table["name"].tolist() == [*names, "costs doubled", "entries delayed"]
    assert table["kind"].tolist() == ["step"] * 8 + ["stress"] * 2
    climbed = table["reason"] == ""
    assert np.isnan(table["total_return"][~climbed]).all()
    assert np.isfinite(table["total_return"][climbed]).all()
    assert table["assumed"].tolist()[3] == "commission_bps=1"
    equity = table["final_equity"][:7][climbed[:7]]
    assert table["change"][:7][climbed[:7]][1:] == pytest.approx(np.diff(equity))
    returns = table["total_return"][:7][climbed[:7]]
    assert table["change_return"][:7][climbed[:7]][1:] == pytest.approx(np.diff(returns))
    assert table["total_trades"][1] == (ladder.steps[1].metrics or {})["total_trades"]


def test_bands_are_a_table_in_order(ladder: bt.Ladder) -> None:
    bands = ladder.bands
    assert bands["metric"].tolist() == [
        "total_return", "final_equity", "total_return", "sharpe_ratio", "max_drawdown",
    ]  # fmt: skip
    columns = [bands[name] for name in ("p5", "p25", "p50", "p75", "p95")]
    assert all((low <= high).all() for low, high in pairwise(columns))


def test_tables_become_data_frames(ladder: bt.Ladder) -> None:
    frame = ladder.to_pandas()
    assert frame["words"].tolist() == ladder.table["words"].tolist()
    assert ladder.to_polars()["final_equity"].to_list()[0] == ladder.table["final_equity"][0]


def test_the_document_is_json(ladder: bt.Ladder) -> None:
    found = msgspec.json.decode(msgspec.json.encode(ladder.document()))
    assert [step["name"] for step in found["steps"]] == [step.name for step in ladder.steps]
    assert found["steps"][1]["metrics"] == dict(ladder.steps[1].metrics or {})
    assert found["steps"][4]["metrics"] is None
    assert found["stresses"][3]["bands"][1]["metric"] == "sharpe_ratio"
    assert found["given"]["metrics"]["final_equity"] == (ladder.given.metrics or {})["final_equity"]


def test_the_page_loads_nothing_and_has_all(ladder: bt.Ladder, tmp_path: Path) -> None:
    path = ladder.report(tmp_path / "ladder.html")
    text = path.read_text()
    found = PageText(text)
    assert found.loads == []
    assert "http" not in re.sub(r'xmlns="[^"]*"|http-equiv', "", text)
    assert "A&B" in found.text
    assert found.tags.count("svg") == 1
    for step in ladder.steps:
        assert step.words in found.text
        assert (step.reason or step.settings) in found.text
    for stress in ladder.stresses:
        assert stress.words in found.text
    assert str(ladder.report()) == text


def test_the_page_must_end_in_html(ladder: bt.Ladder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="html"):
        ladder.report(tmp_path / "ladder.txt")


def test_the_picture_has_a_bar_for_each_step(ladder: bt.Ladder, own: bt.Ladder) -> None:
    for each, extra in ((ladder, 1), (own, 0)):
        drawn = each.plot().svg
        whole = re.findall(r'<rect [^>]*opacity="0.35"', drawn)
        assert len(whole) == len(each.climbed) + extra
        for step in each.climbed:
            assert step.words in drawn
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height="18" fill="var\(--c0\)', own.plot().svg)]
    returns = [abs(float((step.metrics or {})["total_return"])) for step in own.climbed]
    assert np.array(widths) / widths[0] == pytest.approx(np.array(returns) / returns[0], abs=0.01)


def test_a_notebook_shows_picture_steps_and_stresses(ladder: bt.Ladder) -> None:
    found = PageText(ladder._repr_html_())
    assert found.loads == []
    assert found.tags.count("svg") == 1
    assert found.tags.count("table") == 4
    assert "details" in found.tags
    assert "not climbed: latency" in found.text


def test_a_ladder_cannot_be_changed(ladder: bt.Ladder) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ladder.steps = ()  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        ladder.steps[0].name = "x"  # type: ignore[misc]


def test_a_flat_run_is_drawn_too() -> None:
    flat = bt.Bars(BARS.timestamp[:3], *([10.0] * 3 for _ in range(4)), interval="1d")
    ladder = bt.ladder({"A": flat}, "rsi", progress=False)
    assert "nan" not in ladder.plot().svg
    PageText(str(ladder.report()))
