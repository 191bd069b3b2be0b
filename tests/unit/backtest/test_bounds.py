"""Both readings of bars in one call."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest

import btcore as bt
from btcore.audit.lookahead import leakcheck
from btcore.cli.commands import main

START, DAY = 1_704_067_200 * 10**9, 86_400 * 10**9


def market(n: int = 40) -> bt.Bars:
    rng = np.random.default_rng(1)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    open_ = np.r_[100.0, close[:-1]]
    return bt.Bars(
        START + DAY * np.arange(n), open_, np.maximum(open_, close) * 1.02, np.minimum(open_, close) * 0.98,
        close, interval="1d",
    )  # fmt: skip


class Brackets(bt.Strategy):
    """Buys with a stop and a target that the same bar often reaches both."""

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if ctx.position("A") == 0 and not ctx.open_orders("A"):
            ctx.bracket("A", 10, take_profit=bar.close * 1.01, stop_loss=bar.close * 0.99)


DATA = {"A": market()}


def play(intrabar: str, **terms: Any) -> bt.Result:
    return bt.run(DATA, Brackets, intrabar=intrabar, progress=False, **terms)


@pytest.mark.parametrize("how", ["argument", "execution"])
def test_the_result_is_the_pessimistic_run_with_the_metrics_of_both(how: str) -> None:
    terms = bt.Execution(intrabar="bounds")
    result = play("bounds") if how == "argument" else bt.run(DATA, Brackets, execution=terms, progress=False)
    low, high = play("pessimistic"), play("optimistic")
    for name, table in low.tables().items():
        assert result.table(name).tobytes() == table.tobytes(), name
    assert result.bounds is not None
    assert result.bounds.pessimistic == low.metrics == result.metrics
    assert result.bounds.optimistic == high.metrics
    assert result.bounds.ambiguous_bars == low.metrics["ambiguous_bars"] > 3
    assert result.bounds.optimistic["final_equity"] > result.bounds.pessimistic["final_equity"]
    assert low.bounds is None


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_they_are_saved_shown_and_written(tmp_path: Any, suffix: str) -> None:
    result = play("bounds")
    result.save(tmp_path / f"r{suffix}")
    loaded = bt.load_result(tmp_path / f"r{suffix}")
    assert loaded.bounds == result.bounds
    document = json.loads(result.to_json())
    assert document["bounds"]["optimistic"]["final_equity"] == result.bounds.optimistic["final_equity"]
    page = result.report(tmp_path / "r.html").read_text()
    assert f"Both readings of bars ({result.bounds.ambiguous_bars} ambiguous)" in page
    assert "bounds" not in play("path").document()


def test_a_request_takes_them() -> None:
    asked = {
        "symbols": ["A"], "start_date": "2024-01-01", "end_date": "2024-03-01",
        "execution": {"intrabar": "bounds"},
    }  # fmt: skip
    result = bt.run_request(msgspec.convert(asked, bt.RunRequest), bt.SampleMarket())
    assert result.bounds is not None
    assert result.bounds.optimistic == result.metrics


def test_the_command_line_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["A", "--start", "2024-01-01", "--end", "2024-03-01", "--execution", "intrabar=bounds"]
    assert main(["run", *asked]) == 0
    shown = capsys.readouterr().out.split("Both readings of bars (0 ambiguous)")[1].split("\n\n")[0]
    rows = [line.split() for line in shown.strip().split("\n")]
    assert rows[0] == ["pessimistic", "optimistic"]
    assert rows[-1][0] == "final_equity"
    assert rows[-1][1] == rows[-1][2]
    assert main(["sweep", *asked, "--strategy", "ma_crossover", "--param", "short_period=[3,5]"]) == 2
    assert "intrabar: a sweep plays each run once" in capsys.readouterr().err


def test_where_a_run_is_played_once_they_are_refused() -> None:
    with pytest.raises(bt.ConfigError, match="intrabar: a sweep plays each run once"):
        bt.sweep(DATA, "ma_crossover", {"short_period": [2, 3]}, intrabar="bounds", progress=False)
    for terms in ({"intrabar": "bounds"}, {"execution": bt.Execution(intrabar="bounds")}):
        with pytest.raises(bt.ConfigError, match="intrabar: leakcheck checks one reading of bars"):
            leakcheck(DATA, Brackets, **terms)
    orders = bt.Orders(START, "A", "buy", 1.0).handler(("A",))
    with pytest.raises(bt.ConfigError, match="intrabar: 'bounds' plays the strategy twice"):
        bt.run(DATA, orders, intrabar="bounds", progress=False)
    with pytest.raises(bt.ConfigError, match="intrabar"):
        play("both")
