"""A run repeated from its manifest, by the library and from a shell."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.cli.commands import main

BARS = bt.sample_bars("A", "2023-01-01", "2024-01-01")
OTHER = bt.sample_bars("B", "2023-01-01", "2024-01-01")
TERMS: dict[str, Any] = {
    "execution": bt.Execution(
        slippage_bps=1.0, commission_tiers=[bt.CommissionTier(notional=1e5, maker_bps=1, taker_bps=2)]
    ),
    "instruments": {"A": bt.Instrument(tick_size=0.01, splits=[("2023-06-01", 2.0)])},
    "timezone": "America/New_York",
    "start": "2023-02-01",
    "end": "2023-12-01",
    "risk_free": [("2023-03-01", 0.04)],
    "initial_capital": 5e5,
}


class Dips(bt.Strategy):
    """A strategy that can be imported by its name."""

    percent: float = 0.5

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.order_target_percent(bar.symbol, 0.5 if bar.close < bar.open * (1 - self.percent / 100) else 0.0)


@pytest.mark.parametrize(
    ("strategy", "params"),
    [("ma_crossover", {"short_period": 3, "long_period": 9}), (Dips, {"percent": 0.2}), ("targets", None)],
)
def test_a_run_is_repeated_from_its_manifest(strategy: Any, params: Any) -> None:
    data = {"A": BARS, "B": OTHER}
    first = bt.run(data, strategy, params, progress=False, **TERMS)
    told = json.loads(json.dumps(first.manifest))
    for given in (first.manifest, told, first):
        again = bt.replay(given, data)
        assert again.is_equal, again.differences
        assert again.result.equity_curve.tobytes() == first.equity_curve.tobytes()
        assert again.result.fingerprint == first.fingerprint


def test_arrays_are_given() -> None:
    orders = bt.Orders(bars=BARS, symbol="A", side=np.where(BARS.close > BARS.open, 1, -1), quantity=1.0)
    first = bt.run({"A": BARS}, orders, progress=False)
    with pytest.raises(bt.ConfigError, match="a manifest does not hold what orders 'orders' consists of"):
        bt.replay(first.manifest, {"A": BARS})
    assert bt.replay(first, {"A": BARS}, orders).is_equal
    fewer = bt.Orders([int(BARS.end[3])], "A", "buy", 1.0)
    found = bt.replay(first, {"A": BARS}, fewer).differences
    assert any(line.startswith("strategy.sha256") for line in found)
    assert "fingerprint: another one" in found
    assert any(line.startswith("orders: ") for line in found)


def test_what_differs_is_named() -> None:
    first = bt.run({"A": BARS}, "buy_and_hold", progress=False)
    manifest = json.loads(json.dumps(first.manifest)) | {"btcore": "0.4.0"}
    found = bt.replay(manifest, {"A": BARS.slice(None, int(BARS.timestamp[100]))}).differences
    assert found == [
        f"btcore: 0.4.0, now {bt.__version__}",
        f"data: A bars differ ({len(BARS)} rows, now 100)",
    ]
    found = bt.replay(first.manifest, {"B": BARS}).differences
    assert found == ["data: A bars are missing", "data: B bars are not in the first run"]


def test_a_class_that_cannot_be_imported_is_given() -> None:
    class Local(Dips):
        pass

    first = bt.run({"A": BARS}, Local, progress=False)
    with pytest.raises(bt.ConfigError, match=r"strategy: .*Local cannot be imported"):
        bt.replay(first.manifest, {"A": BARS})
    assert bt.replay(first, {"A": BARS}, Local()).is_equal


def test_a_benchmark_is_given_or_of_the_data() -> None:
    first = bt.run({"A": BARS}, "buy_and_hold", benchmark={"B": OTHER}, progress=False)
    assert bt.replay(first, {"A": BARS}, benchmark={"B": OTHER}).is_equal
    own = bt.run({"A": BARS}, "buy_and_hold", benchmark="A", progress=False)
    assert bt.replay(own, {"A": BARS}).is_equal


@pytest.mark.parametrize("bad", [{}, {"run": 3}, {"run": {}}])
def test_what_is_no_manifest_is_refused(bad: Any) -> None:
    with pytest.raises(bt.ConfigError, match="manifest: it has no settings of a run"):
        bt.replay(bad, {"A": BARS})


def run_of_shell(*arguments: str) -> int:
    return main(["run", *arguments])


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".json"])
def test_from_a_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    catalog = bt.Catalog(tmp_path / "data")
    catalog.write("A", BARS)
    catalog.write("B", OTHER)
    saved = tmp_path / ("r.npz" if suffix == ".json" else f"r{suffix}")
    dates = ("--start", "2023-02-01", "--end", "2023-11-01", "--benchmark", "B")
    assert run_of_shell("A", "--data", str(tmp_path / "data"), *dates, "--out", str(saved)) == 0
    if suffix == ".json":
        saved = tmp_path / "manifest.json"
        saved.write_text(json.dumps(bt.load_result(tmp_path / "r.npz").manifest))
    capsys.readouterr()
    assert run_of_shell("--replay", str(saved), "--data", str(tmp_path / "data")) == 0
    assert "the same settings, data and figures" in capsys.readouterr().out
    catalog.write("A", BARS.slice(None, int(BARS.timestamp[200])))
    assert run_of_shell("--replay", str(saved), "--data", str(tmp_path / "data")) == 1
    assert "data: A bars differ" in capsys.readouterr().out
    assert run_of_shell("--replay", str(saved), "B", "--data", str(tmp_path / "data")) == 2
    assert "--replay: the settings are those of FILE" in capsys.readouterr().err
