"""`btcore data` on a catalog: list, describe, define, rename, delete, copy, export."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Capture, refused, run_process

import btcore as bt
from btcore.cli.commands import main


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Day bars and 5-minute bars of A, trades of B, and a definition of A."""
    catalog = bt.Catalog(tmp_path / "c")
    days = bt.sample_bars("A", "2024-01-01", "2024-01-20", "1d")
    minutes = bt.sample_bars("A", "2024-01-02", "2024-01-04", "1min")
    catalog.write("A", [days, bt.resample(minutes, "5min")])
    catalog.write("B", bt.sample_trades("B", "2024-01-02", "2024-01-03"))
    catalog.define("A", bt.Instrument(tick_size=0.01, currency="EUR"), timezone="Europe/Paris")
    return str(tmp_path / "c")


def run(*arguments: str) -> None:
    assert main(["data", *arguments]) == 0


def test_list_has_every_resolution_and_the_zone(folder: str, capsys: Capture) -> None:
    catalog = bt.Catalog(folder)
    mondays = np.array(["2024-01-01", "2024-01-08"], "datetime64[ns]")
    prices = np.array([1.0, 2.0])
    weeks = bt.Bars(mondays, prices, prices, prices, prices, prices, interval="1w", timezone="Asia/Tokyo")
    catalog.write("W", weeks)
    run("list", folder)
    lines = capsys.readouterr().out.splitlines()
    found = [(entry.symbol, entry.resolution, entry.kind) for entry in catalog.list()]
    assert [tuple(line.split()[:3]) for line in lines] == found
    assert [line.split()[1] for line in lines] == ["5min", "day", "tick", "1w"]
    assert lines[-1].endswith("Asia/Tokyo")


def test_a_folder_without_data_is_said(tmp_path: Path, capsys: Capture) -> None:
    run("list", str(tmp_path))
    assert capsys.readouterr().out == f"{tmp_path}: no datasets\n"


def test_describe_is_that_of_the_catalog(folder: str, capsys: Capture) -> None:
    run("describe", folder)
    assert capsys.readouterr().out == f"{bt.Catalog(folder).describe()}\n"
    run("describe", folder, "A", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [dataset["resolution"] for dataset in found["datasets"]] == ["5min", "day"]
    assert found["definitions"]["A"]["instrument"]["tick_size"] == 0.01
    assert "'NO'" in refused(capsys, "data", "describe", folder, "NO")


def test_rename_and_delete_say_what_they_did(folder: str, capsys: Capture) -> None:
    run("rename", folder, "B", "C")
    assert capsys.readouterr().out == "renamed B to C\n"
    assert "there is a 'A' already" in refused(capsys, "data", "rename", folder, "C", "A")
    run("delete", folder, "A", "--resolution", "1d")
    shown = capsys.readouterr().out
    assert shown.startswith("deleted A                day")
    assert shown.count("\n") == 1
    assert bt.Catalog(folder).definition("A") is not None
    run("delete", folder, "A")
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("deleted A                5min")
    assert shown[1:] == ["deleted the definition of A"]
    assert bt.Catalog(folder).symbols() == ["C"]


@pytest.mark.parametrize(
    "arguments",
    [["a"], ["A*"], ["A", "--resolution", "hour"], ["A", "--kind", "quotes"], ["B", "--source", "mid"]],
)
def test_delete_refuses_what_is_not_there(arguments: list[str], folder: str, capsys: Capture) -> None:
    before = bt.Catalog(folder).list()
    refused(capsys, "data", "delete", folder, *arguments)
    assert bt.Catalog(folder).list() == before


def test_copy_and_export_take_symbols_and_a_resolution(folder: str, tmp_path: Path, capsys: Capture) -> None:
    run("copy", folder, "--into", str(tmp_path / "c2"), "--symbol", "A", "--resolution", "5min")
    copied = bt.Catalog(tmp_path / "c2")
    assert [(entry.symbol, entry.resolution) for entry in copied.list()] == [("A", "5min")]
    assert copied.definition("A") == bt.Catalog(folder).definition("A")
    capsys.readouterr()
    told = refused(capsys, "data", "copy", folder, "--into", str(tmp_path / "c3"), "--symbol", "NO")
    assert "'NO'" in told


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv"])
def test_an_export_is_imported_as_it_was(form: str, folder: str, tmp_path: Path, capsys: Capture) -> None:
    run("export", folder, "--to", str(tmp_path / "e"), "--format", form)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3
    assert all(Path(line.split("  ")[0]).is_file() for line in shown)
    run("import", str(tmp_path / "e"), "--into", str(tmp_path / "c2"))
    there, here = bt.Catalog(folder), bt.Catalog(tmp_path / "c2")
    assert [entry.content_hash for entry in here.list()] == [entry.content_hash for entry in there.list()]
    assert here.definitions() == there.definitions()
    capsys.readouterr()
    for flags in (["--sort"], ["--symbol", "A"], ["--kind", "bars"], ["--resolution", "day"]):
        told = refused(capsys, "data", "import", str(tmp_path / "e"), "--into", str(tmp_path / "c3"), *flags)
        assert told.startswith(f"{flags[0]}: it is not for an export")
    told = refused(capsys, "data", "export", folder, "--to", str(tmp_path / "e"))
    assert "the folder is not empty" in told


def test_define_changes_the_terms_that_are_given(folder: str, tmp_path: Path, capsys: Capture) -> None:
    run("define", folder, "A", "multiplier=50", 'splits=[["2024-01-05", 2]]', "--name", "2023-05-01=OLD")
    found = bt.Catalog(folder).definition("A")
    assert found is not None
    terms = found.instrument
    assert (terms.tick_size, terms.currency, terms.multiplier) == (0.01, "EUR", 50.0)
    assert (found.timezone, found.names) == ("Europe/Paris", (("2023-05-01", "OLD"),))
    run("define", folder, "A", "tick_size=", "--timezone", "UTC")
    found = bt.Catalog(folder).definition("A")
    assert found is not None
    assert (found.instrument.tick_size, found.instrument.multiplier, found.timezone) == (0.0, 50.0, "UTC")
    (tmp_path / "terms.json").write_text('{"lot_size": 100}')
    run("define", folder, "A", "--instrument", str(tmp_path / "terms.json"))
    found = bt.Catalog(folder).definition("A")
    assert found is not None
    assert found.instrument == bt.Instrument(lot_size=100)
    assert "lot_size 100" in capsys.readouterr().out


def test_define_takes_sessions(folder: str, capsys: Capture) -> None:
    run("define", folder, "B", "sessions=XNYS")
    assert "definition: sessions XNYS" in capsys.readouterr().out
    hours = '{"timezone": "Asia/Tokyo", "week": {"monday": [["09:00", "15:00"]]}, "holidays": ["2024-01-01"]}'
    run("define", folder, "B", f"sessions={hours}")
    assert "definition: sessions trading hours in Asia/Tokyo, 1 holiday" in capsys.readouterr().out
    found = bt.Catalog(folder).definition("B")
    assert found is not None
    assert isinstance(found.instrument.sessions, bt.TradingHours)
    run("define", folder, "B", "tick_size=0.5")
    changed = bt.Catalog(folder).definition("B")
    assert changed is not None
    assert changed.instrument.sessions == found.instrument.sessions


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "define: nothing is given"),
        (["ticksize=1"], "'ticksize=1' is not FIELD=VALUE"),
        (["tick_size"], "'tick_size' is not FIELD=VALUE"),
        (["tick_size=1", "tick_size=2"], "'tick_size=2' is not FIELD=VALUE, each FIELD once"),
        (["tick_size=x"], "A.tick_size: 'x' is not a number"),
        (["--timezone", "Mars"], "definition of A: "),
        (["--name", "OLD"], "--name: 'OLD' is not DATE=TICKER"),
        (["--name", "soon=OLD"], "definition of A: names[0]: 'soon' is not a date"),
        (["--instrument", "nowhere.json"], "nowhere.json: No such file"),
    ],
)
def test_define_refuses_what_it_cannot_mean(
    arguments: list[str], message: str, folder: str, capsys: Capture
) -> None:
    before = bt.Catalog(folder).definition("A")
    assert refused(capsys, "data", "define", folder, "A", *arguments).startswith(message)
    assert bt.Catalog(folder).definition("A") == before


def test_processes_end_with_0_or_2(folder: str) -> None:
    assert run_process("data", "describe", folder).returncode == 0
    assert run_process("data", "delete", folder, "NO").returncode == 2
    assert run_process("data", "export", "nowhere", "--to", "x").stderr == "btcore: nowhere: not a folder\n"
