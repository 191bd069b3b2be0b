"""`--strategy my_file.py:Dip`: strategies of the user's own from the shell."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import btcore as bt
from btcore.cli.commands import main

YEAR = ["AAPL", "--start", "2023-01-01", "--end", "2024-01-01"]
CODE = """
import btcore as bt
from helper_of_dip import SIZE

class Dip(bt.Strategy):
    period: int = 20

    def on_start(self, ctx):
        self.mean = ctx.indicator("sma", "AAPL", self.period)

    def on_bar(self, ctx, bar):
        ctx.order_target(bar.symbol, SIZE if bar.close < self.mean.value else 0)

def buys(quantity: float):
    return bt.Orders([1_680_000_000 * 10**9], "AAPL", "buy", quantity)

fixed = buys(3.0)
number = 5
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A file with a module beside it that it imports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "dip_of_mine.py").write_text(CODE)
    (tmp_path / "helper_of_dip.py").write_text("SIZE = 10\n")
    yield "dip_of_mine.py"
    for name in ("dip_of_mine", "helper_of_dip", "another"):
        sys.modules.pop(name, None)


def run(*arguments: str) -> int:
    return main(["run", *YEAR, "--no-progress", *arguments])


def test_a_class_with_parameters(file: str, capsys: Capture) -> None:
    assert run("--strategy", f"{file}:Dip", "--param", "period=10", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    described = document["manifest"]["run"]["strategy"]
    assert (described["name"], described["params"]) == ("dip_of_mine.Dip", {"period": 10})
    expected = bt.run(
        bt.SampleMarket(), sys.modules["dip_of_mine"].Dip(period=10), symbols=["AAPL"], start="2023-01-01",
        end="2024-01-01",
    )  # fmt: skip
    assert document["fingerprint"] == expected.fingerprint
    assert len(document["trades"]) == len(expected.trades) > 10


def test_the_only_class_needs_no_name(file: str, capsys: Capture) -> None:
    assert run("--strategy", file) == 0
    assert "dip_of_mine.Dip(period=20)" in capsys.readouterr().out


@pytest.mark.parametrize("given", [["fixed"], ["buys", "--param", "quantity=3"]])
def test_orders_and_a_function_of_parameters(file: str, given: list[str], capsys: Capture) -> None:
    name, *params = given
    assert run("--strategy", f"{file}:{name}", *params, "--json") == 0
    assert [trade["quantity"] for trade in json.loads(capsys.readouterr().out)["trades"]] == [3.0]


def test_a_sweep_in_threads(file: str, capsys: Capture) -> None:
    assert main(["sweep", *YEAR, "--strategy", f"{file}:Dip", "--param", "period=5:15:5", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["params"] for row in rows] == [{"period": 5}, {"period": 10}]
    assert main(["sweep", *YEAR, "--strategy", f"{file}:buys", "--param", "quantity=[1,2]", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["params"] for row in rows] == [{"quantity": 1}, {"quantity": 2}]


def test_a_saved_result_is_replayed(file: str, capsys: Capture) -> None:
    assert run("--strategy", f"{file}:Dip", "--out", "result.npz") == 0
    del sys.modules["dip_of_mine"]
    assert main(["run", "--replay", "result.npz"]) == 0
    assert "the same settings, data and figures" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "{file}:Dipp",
            "--strategy: {file}:Dipp: there is no 'Dipp' in the file (did you mean 'Dip'?); it has",
        ),
        ("{file}:Zzz", "there is no 'Zzz' in the file; it has Dip, buys, fixed"),
        (
            "{file}:number",
            "number is neither a Strategy nor Orders, Signals, Targets, Compiled or a function",
        ),
        ("nowhere.py:Dip", "--strategy: nowhere.py: there is no such file"),
        ("json.py:Dip", "json.py: 'json' is the name of another module that is imported; rename the file"),
        ("another.py:A", "another.py, line 2: KeyError: 'x'"),
        ("{file}:Dip --param perod=3", "--param perod: Dip has no such parameter"),
        ("{file}:Dip --param period=x", "--param period: 'x' is not a whole number"),
        ("{file}:fixed --param period=3", "--param period: Orders has no parameters"),
        ("{file}:buys --param n=3", "buys: missing a required argument: 'quantity'"),
    ],
)
def test_invalid_names_are_one_line(file: str, name: str, message: str, capsys: Capture) -> None:
    Path("json.py").touch()
    Path("another.py").write_text("import btcore\n{}['x']\n")
    assert run("--strategy", *name.format(file=file).split()) == 2
    error = capsys.readouterr().err
    assert message.format(file=file) in error
    assert error.count("\n") == 1
    assert "another" not in sys.modules
