"""`btcore data`: sample data, lists, imports."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from command_line import CSV, Capture, refused
from msgspec import structs

import btcore as bt
from btcore.cli.commands import main


def test_data_sample_list_and_run(catalog: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["data", "list", str(catalog)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:5] for line in lines] == [
        ["AAPL", "minute", "bars", "trade", "780"],
        ["MSFT", "minute", "bars", "trade", "780"],
    ]
    sampled = bt.sample_bars("AAPL", "2024-03-04", "2024-03-06", "1min")
    stored = bt.Catalog(catalog).read("AAPL", "minute")
    assert stored.content_hash == sampled.content_hash


@pytest.mark.parametrize("resolution", ["tick", "second", "minute", "hour", "day"])
def test_every_resolution_runs_from_a_catalog_and_from_the_sample_alike(
    resolution: str, tmp_path: Path, capsys: Capture
) -> None:
    span = ["--start", "2024-03-04", "--end", "2024-03-08", "--resolution", resolution]
    assert main(["data", "sample", "--symbols", "AAPL", *span, "--into", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    assert main(["run", "AAPL", *span, "--json"]) == 0
    sampled = json.loads(capsys.readouterr().out)
    assert main(["run", "AAPL", *span, "--data", str(tmp_path / "c"), "--json"]) == 0
    stored = json.loads(capsys.readouterr().out)
    assert stored["metrics_summary"] == sampled["metrics_summary"]
    assert stored["fingerprint"] == sampled["fingerprint"]


def test_import_csv(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "goog.csv").write_text(CSV)
    catalog = tmp_path / "catalog"
    assert main(["data", "import", str(tmp_path / "goog.csv"), "--into", str(catalog)]) == 0
    assert capsys.readouterr().out.split()[:5] == ["GOOG", "day", "bars", "trade", "2"]
    bars = bt.Catalog(catalog).read("GOOG", "day")
    np.testing.assert_array_equal(bars.close, [11.0, 12.0])


def test_import_parquet_with_mapping_unit_and_zone(tmp_path: Path, capsys: Capture) -> None:
    import polars as pl

    table = {"when": [1704205800000, 1704205801000], "b": [1.0, 1.1], "a": [1.2, 1.3]}
    pl.DataFrame(table).write_parquet(tmp_path / "eur.parquet")
    arguments = ["--into", str(tmp_path / "c"), "--symbol", "EURUSD", "--kind", "quotes", "--unit", "ms"]
    columns = ["--columns", "timestamp=when,bid=b,ask=a"]
    assert main(["data", "import", str(tmp_path / "eur.parquet"), *arguments, *columns]) == 0
    quotes = bt.Catalog(tmp_path / "c").read("EURUSD", "tick")
    assert quotes.timestamp[0] == 1704205800 * 10**9
    np.testing.assert_array_equal(quotes.ask, [1.2, 1.3])
    assert "2024-01-02T14:30:00Z to 2024-01-02T14:30:01Z" in capsys.readouterr().out


def test_import_of_negative_prices_needs_the_option(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "oil.csv").write_text(
        "timestamp,price\n2020-04-20T18:00:00Z,1.5\n2020-04-20T18:30:00Z,-37.63\n"
    )
    arguments = [str(tmp_path / "oil.csv"), "--kind", "trades", "--into", str(tmp_path / "c")]
    assert "oil.csv row 3: price is not positive" in refused(capsys, "data", "import", *arguments)
    assert main(["data", "import", *arguments, "--negative-prices"]) == 0
    trades = bt.Catalog(tmp_path / "c").read("OIL", "tick")
    assert (trades.price.min(), trades.negative_prices) == (-37.63, True)


def test_import_in_pieces_stores_the_same_as_reading_the_whole(tmp_path: Path) -> None:
    (tmp_path / "goog.csv").write_text(CSV)
    for name, more in (("whole", []), ("pieces", ["--interval", "1d"])):
        arguments = [str(tmp_path / "goog.csv"), "--into", str(tmp_path / name), *more]
        assert main(["data", "import", *arguments]) == 0
    whole, pieces = (
        [structs.replace(entry, notes=()) for entry in bt.Catalog(tmp_path / name).list()]
        for name in ("whole", "pieces")
    )
    assert whole == pieces  # but for the note that an interval is inferred


def test_the_symbol_is_the_name_without_the_endings_of_a_format(tmp_path: Path, capsys: Capture) -> None:
    names = {"brk.b.csv": "BRK.B", "0700.HK.txt": "0700.HK", "^gspc.CSV": "^GSPC", "es.csv.gz": "ES"}
    for name in names:
        (tmp_path / name).write_bytes(gzip.compress(CSV.encode()) if name.endswith("gz") else CSV.encode())
    paths = [str(tmp_path / name) for name in names]
    assert main(["data", "import", *paths, "--into", str(tmp_path / "c")]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == list(names.values())
    assert bt.Catalog(tmp_path / "c").symbols() == sorted(names.values())


def test_the_notes_of_a_file_are_printed_after_its_dataset(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = ("times: epoch milliseconds", "rows dropped: 2")
    read_csv = bt.data.read_csv
    monkeypatch.setattr(bt.data, "read_csv", lambda *a, **b: read_csv(*a, **b).with_notes(notes))
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(CSV)
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert main(["data", "import", *paths, "--into", str(tmp_path / "c")]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = [line.split()[0] for line in lines].index("B")
    for part in (lines[:first], lines[first:]):
        assert part[-2:] == [f"  {note}" for note in notes]
    assert main(["data", "list", str(tmp_path / "c")]) == 0
    assert "epoch" not in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["feather", "arrow", "parquet", "npz"])
def test_import_of_other_formats(ending: str, tmp_path: Path) -> None:
    bars = bt.sample_bars("A", "2024-01-01", "2024-01-20", "1d")
    path = tmp_path / f"a.{ending}"
    if ending == "npz":
        np.savez(path, **bars.columns)
    else:
        frame = bars.to_polars()
        (frame.write_parquet if ending == "parquet" else frame.write_ipc)(path)
    assert main(["data", "import", str(path), "--into", str(tmp_path / "c")]) == 0
    assert bt.Catalog(tmp_path / "c").read("A", "day") == bars


def test_import_reads_naive_times_in_a_zone(tmp_path: Path) -> None:
    text = "timestamp,price,size\n2024-01-02 09:30:00,1.0,5\n2024-01-02 09:30:01,1.1,5\n"
    (tmp_path / "t.csv").write_text(text)
    arguments = [
        "--into",
        str(tmp_path / "c"),
        "--symbol",
        "T",
        "--kind",
        "trades",
        "--timezone",
        "America/New_York",
    ]
    assert main(["data", "import", str(tmp_path / "t.csv"), *arguments]) == 0
    assert bt.Catalog(tmp_path / "c").read("T", "tick").timestamp[0] == 1704205800 * 10**9


def test_nothing_is_written_when_one_file_of_several_is_bad(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "good.csv").write_text(CSV)
    (tmp_path / "bad.csv").write_text(CSV.replace("200", "-200"))
    catalog = tmp_path / "catalog"
    names = [str(tmp_path / "good.csv"), str(tmp_path / "bad.csv")]
    assert "bad.csv row 3" in refused(capsys, "data", "import", *names, "--into", str(catalog))
    assert not catalog.exists()


def test_import_lean_prints_how_many_rows_were_kept(tmp_path: Path, capsys: Capture) -> None:
    import zipfile

    folder = tmp_path / "lean" / "equity" / "usa" / "daily"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "xyz.zip", "w") as archive:
        rows = [
            "20240102 00:00,100000,120000,90000,110000,100",
            "20240103 00:00,110000,130000,100000,120000,200",
        ]
        archive.writestr("xyz.csv", "\n".join(rows) + "\n")
    assert (
        main(["data", "import", str(tmp_path / "lean"), "--format", "lean", "--into", str(tmp_path / "c")])
        == 0
    )
    first, *notes = capsys.readouterr().out.splitlines()
    line = first.split()
    assert "  times: local in America/New_York" in notes
    assert line[:4] == ["XYZ", "day", "bars", "trade"]
    assert line[line.index("read") + 1] == line[line.index("kept") + 1] == "2"
    assert line[-2:] == ["dropped:", "none"]
    np.testing.assert_array_equal(bt.Catalog(tmp_path / "c").read("XYZ", "day").close, [11.0, 12.0])
