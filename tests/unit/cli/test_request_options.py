"""The options of `btcore run` and `btcore sweep` that make a request, and the zone of their runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import YEAR, Capture, refused

import btcore as bt
from btcore.cli.commands import main

NY = "America/New_York"


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    """A catalog with hours of New York, two symbols."""
    catalog = bt.Catalog(tmp_path / "hours")
    times = pd.date_range("2024-01-01", periods=24 * 40, freq="h", tz=NY).as_unit("ns").asi8
    for seed, symbol in enumerate(("A", "GC=F")):
        close = np.round(100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(times)))), 2)
        bars = bt.Bars(times, close, close + 1, close - 1, close, interval="1h", timezone=NY)
        catalog.write(symbol, bars)
    return catalog.path


def document(capsys: Capture, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["run", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


OVER = ["--start", "2024-01-05", "--end", "2024-02-05", "--resolution", "hour"]


class TestOptions:
    def test_calendar_fx_and_instrument_are_those_of_the_library(self, hours: Path, capsys: Capture) -> None:
        terms = {"currency": "EUR", "tick_size": 0.01, "splits": [["2024-01-20", 2]]}
        found = document(
            capsys, "A", "GC=F", *OVER, "--data", str(hours), "--calendar", "NYSE", "--timezone", NY,
            "--instrument", f"A={json.dumps(terms)}",
            "--instrument", 'GC=F={"multiplier": 10, "currency": "GBP"}',
            "--fx", "EUR=1.1", "--fx", 'GBP=[["2024-01-01", 1.25], ["2024-01-15", 1.3]]',
        )  # fmt: skip
        result = bt.run(
            hours,
            "buy_and_hold",
            symbols=["A", "GC=F"],
            resolution="hour",
            start="2024-01-05",
            end="2024-02-05",
            timezone=NY,
            calendar="XNYS",
            instruments={
                "A": bt.Instrument(currency="EUR", tick_size=0.01, splits=[("2024-01-20", 2.0)]),
                "GC=F": bt.Instrument(multiplier=10.0, currency="GBP"),
            },
            fx={"EUR": 1.1, "GBP": [("2024-01-01", 1.25), ("2024-01-15", 1.3)]},
        )
        assert found["fingerprint"] == result.fingerprint
        assert found["metrics_summary"]["final_equity"] == result.metrics["final_equity"]

    def test_they_override_the_request_file_by_name(
        self, hours: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        body = {"fx": {"EUR": 1.0, "GBP": 2.0}, "instruments": {"A": {"currency": "EUR", "tick_size": 0.5}}}
        (tmp_path / "request.json").write_text(json.dumps(body))
        run = document(
            capsys, "A", *OVER, "--data", str(hours), "--request", str(tmp_path / "request.json"),
            "--fx", "GBP=3", "--instrument", 'A={"currency": "GBP"}',
        )["manifest"]["run"]  # fmt: skip
        assert run["fx"] == {"EUR": 1.0, "GBP": 3.0}
        assert run["instruments"]["A"]["currency"] == "GBP"
        assert run["instruments"]["A"]["tick_size"] == 0.0

    def test_another_resolution(self, tmp_path: Path, capsys: Capture) -> None:
        catalog = bt.Catalog(tmp_path / "c")
        close = np.linspace(100, 110, 400)
        times = 1_704_067_200 * 10**9 + 300 * 10**9 * np.arange(400)
        catalog.write("A", bt.Bars(times, close, close, close, close, interval="5min"))
        found = document(capsys, "A", *YEAR, "--resolution", "5min", "--data", str(tmp_path / "c"))
        assert found["manifest"]["data"][0]["interval"] == 300 * 10**9
        assert len(found["trades"]) == 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--calendar", "NOWHERE"], "--calendar: 'NOWHERE' is not in exchange_calendars"),
            (["--calendar", "X" * 33], "--calendar: length 33 is not at most 32"),
            (["--fx", "EUR"], "--fx: 'EUR' is not CODE=RATE"),
            (["--fx", "EUR=dear"], "--fx EUR: 'dear' is not a number"),
            (["--fx", "EUR=0"], "--fx EUR: 0 is not above 0"),
            (["--fx", "eur=1"], "--fx eur: 'eur' does not match ^[A-Z]{3,5}$"),
            (["--fx", 'EUR=[["2024-01-01"]]'], "--fx EUR[0]: length 1 is not 2"),
            (["--instrument", "A"], "--instrument: 'A' is not SYMBOL=JSON, as in SPY={"),
            (["--instrument", "A.tick_size=1"], "--instrument: 'A.tick_size=1' is not SYMBOL=JSON"),
            (["--instrument", 'A={"tick_size": 1'], "--instrument A: not valid JSON: "),
            (
                ["--instrument", 'A={"tick": 1}'],
                "--instrument A.tick: unknown field (did you mean 'tick_size'?); choose",
            ),
            (["--instrument", 'A={"tick_size": -1}'], "--instrument A.tick_size: -1 is not at least 0"),
            (["--instrument", 'B={"tick_size": 1}'], "--instrument: 'B' is not among the symbols"),
            (
                ["--instrument", 'A={"currency": "EUR"}'],
                "fx: 'EUR', the currency of instruments['A'], has no",
            ),
            (
                ["--resolution", "5min"],
                "--resolution: the sample market has day, hour, minute, second, tick, not",
            ),
            (["--request", "r.json"], "strategy.name: 'hodl' is unknown"),
        ],
    )
    def test_errors_begin_with_the_option(
        self,
        arguments: list[str],
        message: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: Capture,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("r.json").write_text('{"strategy": {"name": "hodl"}}')
        for command in ("run", "sweep"):
            assert refused(capsys, command, "A", *YEAR, *arguments).startswith(message)

    def test_a_missing_option_is_named(self, tmp_path: Path, capsys: Capture) -> None:
        assert refused(capsys, "run", "A", "--end", "2024-01-05") == "--start: is required"
        (tmp_path / "r.json").write_text('{"end_date": "2024-01-05"}')
        arguments = ["run", "A", "--request", str(tmp_path / "r.json")]
        assert refused(capsys, *arguments) == "start_date: is required"


class TestTheZone:
    def test_it_is_that_of_the_data_of_a_catalog(self, hours: Path, capsys: Capture) -> None:
        found = document(capsys, "A", "GC=F", *OVER, "--data", str(hours))
        given = document(capsys, "A", "GC=F", *OVER, "--data", str(hours), "--timezone", NY)
        assert found["manifest"]["run"]["timezone"] == NY
        assert found["manifest"]["timezone_from"] == "data"
        assert given["manifest"]["timezone_from"] == "given"
        assert found["logs"][0] == f"timezone: {NY}, that of the data"
        assert found["fingerprint"] == given["fingerprint"]
        assert found["manifest"]["data"][0]["first"] == pd.Timestamp("2024-01-05", tz=NY).value
        library = bt.run(
            hours,
            "buy_and_hold",
            symbols=["A", "GC=F"],
            resolution="hour",
            start="2024-01-05",
            end="2024-02-05",
        )
        assert found["fingerprint"] == library.fingerprint
        assert found["manifest"]["timezone_from"] == library.manifest["timezone_from"]

    def test_of_a_request_file_it_is_utc(self, hours: Path, tmp_path: Path, capsys: Capture) -> None:
        (tmp_path / "r.json").write_text('{"symbols": ["A"]}')
        found = document(capsys, "--request", str(tmp_path / "r.json"), *OVER, "--data", str(hours))
        assert found["manifest"]["run"]["timezone"] == "UTC"
        assert found["logs"][0] == f"timezone: UTC, as given; that of the data is {NY} (A)"

    def test_a_sweep_takes_it_too(self, hours: Path, capsys: Capture) -> None:
        grid = ["--strategy", "ma_crossover", "--param", "short_period=[3,5]", "--param", "long_period=9"]
        shown = []
        for zone in ([], ["--timezone", NY], ["--timezone", "UTC"]):
            capsys.readouterr()
            assert main(["sweep", "A", *OVER, *grid, "--data", str(hours), *zone, "--json"]) == 0
            shown.append(capsys.readouterr().out)
        assert shown[0] == shown[1] != shown[2]

    def test_of_sample_data_it_is_utc(self, capsys: Capture) -> None:
        found = document(capsys, "A", *YEAR)
        assert (found["manifest"]["run"]["timezone"], found["manifest"]["timezone_from"]) == (
            "UTC",
            "default",
        )
