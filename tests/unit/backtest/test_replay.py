"""A run repeated from its manifest, by the library and from a shell."""

import json
import subprocess
import sys
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


def test_the_default_of_limit_fill_had_another_name_before_0_6_0() -> None:
    first = bt.run({"A": BARS}, "ma_crossover", progress=False)
    execution = first.manifest["run"]["execution"] | {"limit_fill": "through"}
    earlier = first.manifest | {"btcore": "0.5.0", "run": first.manifest["run"] | {"execution": execution}}
    again = bt.replay(earlier, {"A": BARS})
    assert "limit_fill" not in again.result.manifest["run"]["execution"]
    assert again.differences == [f"btcore: 0.5.0, now {bt.__version__}"]


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
    same = "the same settings and data; a manifest has no figures to compare"
    if suffix != ".json":
        same = "the same settings, data and figures"
    assert run_of_shell("--replay", str(saved), "--data", str(tmp_path / "data")) == 0
    assert capsys.readouterr().out.endswith(f"{same}\n")
    assert run_of_shell("--replay", str(saved), "--data", str(tmp_path / "data"), "--json") == 0
    printed = capsys.readouterr()
    first = bt.load_result(tmp_path / ("r.parquet" if suffix == ".parquet" else "r.npz"))
    assert json.loads(printed.out)["fingerprint"] == first.fingerprint
    assert printed.err == f"{same}\n"
    catalog.write("A", BARS.slice(None, int(BARS.timestamp[200])))
    assert run_of_shell("--replay", str(saved), "--data", str(tmp_path / "data")) == 1
    assert "data: A bars differ" in capsys.readouterr().out
    assert run_of_shell("--replay", str(saved), "B", "--data", str(tmp_path / "data")) == 2
    assert "--replay: the settings are those of FILE" in capsys.readouterr().err


def test_a_class_in_the_folder_of_the_shell(tmp_path: Path) -> None:
    (tmp_path / "of_a_file.py").write_text(
        "import btcore as bt\n"
        "class Once(bt.Strategy):\n"
        "    size: int = 1\n"
        "    def on_bar(self, ctx, bar):\n"
        "        ctx.order_target(bar.symbol, self.size)\n"
        "if __name__ == '__main__':\n"
        "    from of_a_file import Once\n"
        "    run = bt.run(bt.SampleMarket(), Once, {'size': 3}, symbols=['A'], start='2024-01-01',\n"
        "                 end='2024-03-01', progress=False)\n"
        "    run.save('first.npz')\n"
    )
    btcore = Path(sys.executable).with_name("btcore")
    terms: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True}
    subprocess.run([sys.executable, "of_a_file.py"], check=True, **terms)
    done = subprocess.run([btcore, "run", "--replay", "first.npz"], check=False, **terms)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the same settings, data and figures" in done.stdout
    source = (tmp_path / "of_a_file.py").read_text()
    (tmp_path / "of_a_file.py").write_text(source.replace("self.size)", "self.size + 1)"))
    done = subprocess.run([btcore, "run", "--replay", "first.npz"], check=False, **terms)
    assert done.returncode == 1
    assert "strategy.code_sha256" in done.stdout


class Sized(bt.Strategy):
    """A strategy whose constructor takes more than its parameters."""

    def __init__(self, size: float, **params: Any) -> None:
        super().__init__(**params)
        self.size = size

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.order_target(bar.symbol, self.size)


def test_constructor_arguments_are_given() -> None:
    first = bt.run({"A": BARS}, Sized(2.0), progress=False)
    with pytest.raises(bt.ConfigError, match=r"Sized is not made by its parameters alone .*'size'"):
        bt.replay(first, {"A": BARS})
    assert bt.replay(first, {"A": BARS}, Sized(2.0)).is_equal
    found = bt.replay(first.manifest, {"A": BARS}, Sized(3.0)).differences
    assert [line.split(":")[0] for line in found] == ["strategy.state_sha256"]


def test_a_class_or_a_name_that_is_given_has_the_parameters_of_the_manifest() -> None:
    for strategy, params in ((Dips, {"percent": 0.2}), ("ma_crossover", {"short_period": 4})):
        first = bt.run({"A": BARS}, strategy, params, progress=False)
        assert bt.replay(first, {"A": BARS}, strategy).is_equal
    other = bt.replay(first, {"A": BARS}, "buy_and_hold").differences
    assert "strategy.name: 'ma_crossover', now 'buy_and_hold'" in other


def test_data_of_one_symbol_need_no_name() -> None:
    first = bt.run({"A": BARS}, "buy_and_hold", progress=False)
    assert bt.replay(first, BARS).is_equal


def test_both_readings_of_bars_are_compared() -> None:
    first = bt.run({"A": BARS}, Dips, intrabar="bounds", progress=False)
    assert bt.replay(first, {"A": BARS}).is_equal
    assert first.optimistic_metrics is not None
    first.optimistic_metrics["final_equity"] = 1.0
    found = bt.replay(first, {"A": BARS}).differences
    assert [line.split(",")[0] for line in found] == ["optimistic final_equity: 1.0"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"execution": {"slippage_bps": "a"}},
            r"manifest\.run\.execution\.slippage_bps: 'a' is not a number",
        ),
        ({"instruments": {"A": {"lots": 1}}}, r"manifest\.run\.instruments\['A'\]\.lots: unknown field"),
        ({"strategy": {"kind": "built-in", "name": "none"}}, "strategy.name: 'none' is unknown"),
        ({"strategy": {"kind": "python", "name": "os.path"}}, "strategy: os.path is not a Strategy"),
        ({"strategy": {"kind": "python", "name": "x"}}, "strategy: x cannot be imported"),
        ({"strategy": 3}, "manifest: it has no settings of a run"),
    ],
)
def test_a_manifest_that_was_changed_by_hand(change: dict[str, Any], match: str) -> None:
    manifest = json.loads(json.dumps(bt.run({"A": BARS}, "buy_and_hold", progress=False).manifest))
    with pytest.raises(bt.ConfigError, match=match):
        bt.replay(manifest | {"run": manifest["run"] | change}, {"A": BARS})
    with pytest.raises(bt.ConfigError, match=r"manifest\.data\[0\]: symbol is missing"):
        bt.replay(manifest | {"data": [{}]}, {"A": BARS})
