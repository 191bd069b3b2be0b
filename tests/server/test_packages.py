"""Strategies that an installed package registers under `btcore.strategies`, in a real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from server_process import ServerProcess, check_error, check_history

import btcore as bt

CODE = '''
import numpy as np

import btcore as bt


class EveryNth(bt.Strategy):
    """Buys at each bar whose number is a multiple of `step`."""

    step: int = 5
    quantity: float = 10.0

    def on_start(self, ctx):
        self.seen = 0
        self.bands = ctx.indicator("bollinger", "AAPL", 5)

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen % self.step == 0:
            ctx.buy(bar.symbol, self.quantity)


class Broken:
    """Not a bt.Strategy."""


class Unresolved(EveryNth):
    size: "NotImported" = 1


class OfAnArray(EveryNth):
    weights: np.ndarray = None


class OfALock(EveryNth):
    lock: object = object()
'''
GOOD = CODE.partition("class Unresolved")[0]
ENTRY_POINTS = """[btcore.strategies]
every_nth = own_strategies:EveryNth
ma_crossover = own_strategies:EveryNth
not_a_strategy = own_strategies:Broken
not_there = own_strategies:Missing
unresolved = own_strategies:Unresolved
of_an_array = own_strategies:OfAnArray
of_a_lock = own_strategies:OfALock
Not-A-Name = own_strategies:EveryNth
no_licence = licensed_strategies:Any
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with an installed package."""
    folder = tmp_path / "packages"
    about = folder / "own_strategies-1.2.dist-info"
    about.mkdir(parents=True)
    (folder / "own_strategies.py").write_text(CODE)
    (folder / "licensed_strategies.py").write_text("raise SystemExit('there is no licence')")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: own-strategies\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


def test_a_strategy_of_an_installed_package(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ServerProcess(tmp_path / "store", fake=False, python_path=str(packages)) as server:
        server.wait_ready()
        listed = {one["name"]: one for one in server.http.get("/v1/strategies").json()}
        left_out = {"not_a_strategy", "not_there", "unresolved", "of_a_lock", "Not-A-Name", "no_licence"}
        assert left_out.isdisjoint(listed)
        assert listed["of_an_array"]["parameters"]["properties"]["weights"]["title"] == "ndarray"
        assert listed["ma_crossover"]["package"] is None
        own = listed["every_nth"]
        assert own["package"] == "own-strategies 1.2"
        assert own["description"] == "Buys at each bar whose number is a multiple of `step`."
        assert {n: p["default"] for n, p in own["parameters"]["properties"].items()} == {
            "step": 5,
            "quantity": 10.0,
        }

        run_id = server.post(strategy={"name": "every_nth", "params": {"step": 20}})
        status = server.wait_end(run_id)
        assert (status["state"], status["error"]) == ("completed", None)
        check_history(run_id, server.events(run_id))
        results = server.http.get(f"/v1/backtests/{run_id}/results").json()

        for params, path in (({"step": "x"}, "step"), ({"nope": 1}, "nope")):
            body = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-06-01"}
            body |= {"strategy": {"name": "every_nth", "params": params}}
            check_error(
                server.http.post("/v1/backtests", json=body),
                422,
                "validation_error",
                f"$.strategy.params.{path}",
            )
        log = server.log()
        for name in (*left_out, "ma_crossover"):
            assert f"strategy {name} of " in log
        assert "own_strategies:Broken is not a subclass of bt.Strategy" in log
        assert "name: ma_crossover is a built-in strategy" in log
        assert server.stop() == 0

    monkeypatch.syspath_prepend(str(packages))
    from own_strategies import EveryNth  # type: ignore[import-not-found]

    expected = bt.run(
        bt.SampleMarket(), EveryNth(step=20), symbols=["AAPL"], resolution="day", timezone="UTC",
        start="2024-01-01", end="2024-06-01",
    )  # fmt: skip
    assert len(results["trades"]) == len(expected.trades) > 2
    assert [trade["price"] for trade in results["trades"]] == expected.trades["price"].tolist()
    assert results["indicators"] == expected.rows("indicators") == expected.document()["indicators"]
    assert [row["field"] for row in results["indicators"][:4]] == ["upper", "middle", "lower", "upper"]


def test_a_strategy_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir(mode=0o755)
    (folder / "nth.py").write_text("from _helper import SIZE\n" + GOOD)
    (folder / "_helper.py").write_text("SIZE = 1\n")
    with ServerProcess(tmp_path / "store", fake=False, flags=("--strategies", str(folder))) as server:
        server.wait_ready()
        listed = {one["name"]: one for one in server.http.get("/v1/strategies").json()}
        assert listed["every_nth"]["package"] == "nth.py"
        assert "broken" not in listed
        run_id = server.post(strategy={"name": "every_nth", "params": {"step": 20}})
        assert server.wait_end(run_id)["state"] == "completed"
        assert len(server.http.get(f"/v1/backtests/{run_id}/results").json()["trades"]) > 2
        for name in ("../own/nth", "nth.py:EveryNth", "/etc/passwd", "nth"):
            body = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-06-01"}
            answer = server.http.post("/v1/backtests", json=body | {"strategy": {"name": name}})
            check_error(answer, 422, "validation_error", "$.strategy.name")


@pytest.mark.parametrize(
    ("code", "mode", "words"),
    [
        ("x = 1 / 0\n", 0o644, "nth.py, line 1: ZeroDivisionError: division by zero"),
        ("def broken(:\n", 0o644, "nth.py, line 1: SyntaxError"),
        (CODE, 0o644, "nth.py: parameters of 'unresolved': name 'NotImported' is not defined"),
        (CODE, 0o666, "nth.py: every user of this machine may write it"),
        (GOOD.replace("EveryNth", "MaCrossover"), 0o644, "'ma_crossover' is the name of a built-in strategy"),
    ],
)
def test_a_folder_that_cannot_be_used_ends_the_start(
    tmp_path: Path, code: str, mode: int, words: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir(mode=0o755)
    (folder / "nth.py").write_text(code)
    (folder / "nth.py").chmod(mode)
    command = [sys.executable, "-m", "btserver", "serve", "--port", "0", "--strategies", str(folder)]
    ended = subprocess.run(
        [*command, "--store", str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("btserver: ")
    assert len(ended.stderr.splitlines()) == 1
    assert words in ended.stderr


def test_a_server_without_the_package_does_not_know_its_strategy(tmp_path: Path) -> None:
    assert "own_strategies" not in os.environ.get("PYTHONPATH", "")
    with ServerProcess(tmp_path / "store", fake=False) as server:
        body = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-06-01"}
        body |= {"strategy": {"name": "every_nth"}}
        check_error(server.http.post("/v1/backtests", json=body), 422, "validation_error", "$.strategy.name")
