"""`btcore ladder`."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import refused

import btcore as bt
from btcore.cli.commands import main

HALF = ["AAPL", "--start", "2023-01-01", "--end", "2023-07-01"]
QUICK = ["--stress", "draws=10"]
Capture = pytest.CaptureFixture[str]


def test_the_table_is_that_of_the_ladder(capsys: Capture) -> None:
    arguments = ["--strategy", "momentum", "--param", "lookback_period=5", "--commission-bps", "2"]
    assert main(["ladder", *HALF, *QUICK, *arguments, "--assume", "spread_bps=4"]) == 0
    shown = capsys.readouterr().out
    ladder = bt.ladder(
        bt.SampleMarket(),
        "momentum",
        {"lookback_period": 5},
        symbols=["AAPL"],
        start="2023-01-01",
        end="2023-07-01",
        execution=bt.Execution(commission_bps=2),
        spread_bps=4,
        draws=10,
        progress=False,
    )
    assert shown == f"{ladder}\n\ndata: synthetic sample data\n"


def test_json_is_the_document(capsys: Capture) -> None:
    assert main(["ladder", *HALF, *QUICK, "--json", "--assume", "spread_bps=null"]) == 0
    found = json.loads(capsys.readouterr().out)
    steps = {step["name"]: step for step in found["steps"]}
    assert steps["spread"]["reason"].endswith("spread_bps=None assumes none")
    assert main(["run", *HALF, "--json"]) == 0
    assert found["given"]["metrics"] == json.loads(capsys.readouterr().out)["metrics_summary"]


def test_out_writes_the_page(tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "ladder.html"
    assert main(["ladder", *HALF, *QUICK, "--out", str(page)]) == 0
    assert capsys.readouterr().out.endswith(f"wrote {page}\n")
    assert page.read_text().startswith("<!doctype html>")


def test_a_strategy_of_a_file_is_climbed(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "dip.py"
    path.write_text(
        "import btcore as bt\n\n\nclass Dip(bt.Strategy):\n    size: float = 1.0\n\n"
        "    def on_bar(self, ctx, bar):\n        ctx.order_target(bar.symbol, self.size)\n"
    )
    assert main(["ladder", *HALF, *QUICK, "--strategy", f"{path}:Dip", "--param", "size=3"]) == 0
    assert "Dip(size=3" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--assume", "spread=1"], "--assume: 'spread' is not one of spread_bps, commission_bps"),
        (["--assume", "spread_bps=-1"], "--assume spread_bps: -1 is not at least 0"),
        (["--assume", "latency_ms=fast"], "--assume latency_ms: 'fast' is not a number, true, false or null"),
        (["--assume", "volume_share"], "--assume volume_share: it has no value"),
        (
            ["--stress", "draw=1"],
            "--stress: 'draw' is not one of delay_ms, skip, block, draws, seed (did you",
        ),
        (["--stress", "skip=2"], "--stress skip: 2 is not below 1"),
        (["--out", "ladder.txt"], "--out: ladder.txt does not end in .html"),
        (["--param", "speed=1"], "--param speed: "),
        (["--execution", "volume_share=2"], "--execution volume_share: 2 is not at most 1"),
    ],
)
def test_invalid_input_is_one_line(arguments: list[str], message: str, capsys: Capture) -> None:
    assert refused(capsys, "ladder", *HALF, *arguments).startswith(message)


def test_an_interrupt_ends_the_command(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one line, exit code 130, and no page."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("btcore.research.stress.stresses.skipped_bands", interrupted)
    page = tmp_path / "ladder.html"
    assert main(["ladder", *HALF, "--strategy", "momentum", "--out", str(page)]) == 130
    assert capsys.readouterr() == ("", "btcore: interrupted\n")
    assert not page.exists()
