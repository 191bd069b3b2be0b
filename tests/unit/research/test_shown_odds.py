"""The odds where a sweep shows them: in its line of text, on its page and in notebooks."""

from typing import Any

import pytest
from html_pages import PageText
from swept_kinds import BARS, EveryNth

import btcore as bt
from btcore.research.sweeps import odds_lines as shown
from btcore.research.sweeps.odds_lines import odds_lines
from btcore.research.sweeps.work import SweepWork

GRID = {"short_period": range(2, 8), "long_period": [20, 30]}


def swept(strategy: Any = "ma_crossover", params: Any = GRID, **options: Any) -> bt.SweepResult:
    return bt.sweep({"A": BARS}, strategy, params, progress=False, **options)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that the engine plays again fails the test."""
    monkeypatch.setattr(SweepWork, "result", lambda *_: pytest.fail("played again"))


LANES, CLASS = swept(), swept(EveryNth, {"n": range(2, 9)})
KEPT = swept(EveryNth, {"n": range(2, 9)}, keep=3)


@pytest.mark.usefixtures("no_engine")
class TestOneLine:
    @pytest.mark.parametrize("sweep", [LANES, CLASS, swept(keep=3)], ids=["lanes", "kept", "lanes of a few"])
    def test_it_has_the_deflated_sharpe(self, sweep: bt.SweepResult) -> None:
        deflated = sweep.odds.deflated_sharpe
        assert deflated is not None
        assert repr(sweep).endswith(f", deflated Sharpe {deflated.probability:.2f}>")

    def test_it_plays_no_run_in_the_engine(self) -> None:
        assert "deflated" not in repr(KEPT)
        assert "highest sharpe_ratio" in repr(KEPT)

    def test_it_is_that_of_the_run_named(self) -> None:
        """The goal may have another best run than the Sharpe ratio."""
        other = swept(objective={"total_trades": "minimize"})
        best = other.best("total_trades", False)
        assert best.row != other.best().row
        named = ", ".join(f"{name}={value!r}" for name, value in best.params.items())
        deflated = other.odds.deflated_sharpe
        assert deflated is not None
        assert repr(other).endswith(
            f"; lowest total_trades {best.metrics['total_trades']} with {named}, "
            f"deflated Sharpe {deflated.probability:.2f}>"
        )

    def test_one_run_has_none(self) -> None:
        assert "deflated" not in repr(swept(params={"short_period": 5, "long_period": 20}))


@pytest.mark.usefixtures("no_engine")
class TestTime:
    def test_all_figures_where_they_take_little(self) -> None:
        for sweep in (LANES, CLASS):
            assert odds_lines(sweep) == sweep.odds.lines()
            assert any(line.startswith("SPA p") for line in odds_lines(sweep))

    def test_those_of_the_best_alone_for_many_returns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cells = len(CLASS) * len(CLASS.returns[0])  # type: ignore[index]
        monkeypatch.setattr(shown, "MOST_CELLS", cells)
        assert odds_lines(CLASS) == CLASS.odds.lines()
        monkeypatch.setattr(shown, "MOST_CELLS", cells - 1)
        *lines, rest = odds_lines(CLASS, "--all-odds")
        assert lines == CLASS.odds.lines()[:4]
        assert lines[1].startswith("deflated Sharpe 0.")
        assert rest == (
            f"PBO, SPA and reality check compare 7 runs over {cells // 7} periods, which takes longer: "
            "--all-odds"
        )

    def test_returns_that_are_played_again_take_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shown, "MOST_SECONDS", 0.0)
        assert "takes longer: print(sweep.odds)" in odds_lines(LANES)[-1]
        assert odds_lines(CLASS) == CLASS.odds.lines()  # its returns are kept

    def test_a_slow_run_is_not_played_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shown, "MOST_SECONDS", 0.0)
        assert odds_lines(KEPT) == [
            "the returns of the runs are not kept; print(sweep.odds) plays the best one again for its odds"
        ]


def test_a_short_run_is_played_again() -> None:
    lines = odds_lines(KEPT)
    assert lines[0].startswith("the odds of the best of 7 trials over ")
    assert lines[1] == CLASS.odds.lines()[1]


def test_nothing_was_chosen() -> None:
    assert odds_lines(swept(params={"short_period": 5, "long_period": 20})) == []
    idle = swept(params={"short_period": [9000, 9001], "long_period": [14000]})
    assert odds_lines(idle) == []
    assert "is luck" not in idle.report().html


@pytest.mark.parametrize(
    ("objective", "which"),
    [("sharpe_ratio", "highest sharpe_ratio"), ({"max_drawdown": "minimize"}, "lowest max_drawdown")],
)
def test_the_page_has_a_section(objective: Any, which: str) -> None:
    sweep = swept(objective=objective)
    page = PageText(sweep.report().html)
    assert f"The odds that the best is luckThe best is the run with the {which}." in page.text
    for line in sweep.odds.lines():
        assert line in page.text


def test_a_notebook_has_the_lines() -> None:
    page = PageText(LANES._repr_html_())
    for line in LANES.odds.lines():
        assert line in page.text


def test_returns_of_parts_are_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("btcore.research.sweeps.running.PART", 2)
    parts = swept(EveryNth, {"n": range(2, 9)})
    assert repr(parts) == repr(CLASS)
    assert parts.returns is not None
    assert parts._returns() is parts.returns
    assert parts.returns.tobytes() == CLASS.returns.tobytes()  # type: ignore[union-attr]
