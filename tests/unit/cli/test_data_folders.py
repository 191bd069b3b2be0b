"""`btcore data import` of folders: their formats, and the options that they take."""

import zipfile
from pathlib import Path

import pytest
from command_line import CSV, Capture, refused

import btcore as bt
from btcore.cli.commands import main

NAUTILUS = Path(__file__).parents[2] / "saved"


@pytest.fixture
def lean(tmp_path: Path) -> Path:
    """Days and minutes of XYZ."""
    rows = ["20240102 00:00,100000,120000,90000,110000,100", "20240103 00:00,110000,130000,100000,120000,200"]
    minutes = ["34200000,100000,120000,90000,110000,10", "34260000,100000,120000,90000,110000,10"]
    for name, member, lines in (
        ("equity/usa/daily/xyz.zip", "xyz.csv", rows),
        ("equity/usa/minute/xyz/20240102_trade.zip", "20240102_xyz_minute_trade.csv", minutes),
    ):
        path = tmp_path / "lean" / name
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "\n".join(lines) + "\n")
    return tmp_path / "lean"


def test_lean_takes_resolutions_and_markets(lean: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ["data", "import", str(lean), "--into", str(tmp_path / "c")]
    assert main([*arguments, "--resolution", "day"]) == 0
    assert [entry.resolution for entry in bt.Catalog(tmp_path / "c").list()] == ["day"]
    assert main([*arguments, "--resolution", "minute", "--resolution", "day", "--market", "usa"]) == 0
    assert [entry.resolution for entry in bt.Catalog(tmp_path / "c").list()] == ["day", "minute"]
    capsys.readouterr()
    assert "no file matches" in refused(capsys, *arguments, "--market", "fxcm")
    assert refused(capsys, *arguments, "--quote-bars", "both").startswith(
        "--quote-bars: 'both' is not one of"
    )


@pytest.mark.parametrize(
    "flag", [["--sort"], ["--no-header"], ["--kind", "bars"], ["--timezone", "UTC"], ["--columns", "close=x"]]
)
def test_options_of_files_are_refused_for_lean(
    flag: list[str], lean: Path, tmp_path: Path, capsys: Capture
) -> None:
    told = refused(capsys, "data", "import", str(lean), *flag, "--into", str(tmp_path / "c"))
    assert told == f"{flag[0]}: it is not for folders of LEAN data"
    assert not (tmp_path / "c").exists()


def test_folders_of_two_formats_are_refused(lean: Path, tmp_path: Path, capsys: Capture) -> None:
    bt.Catalog(tmp_path / "c").write("A", bt.sample_bars("A", "2024-01-01", "2024-01-20", "1d"))
    bt.Catalog(tmp_path / "c").export(tmp_path / "e")
    told = refused(capsys, "data", "import", str(lean), str(tmp_path / "e"), "--into", str(tmp_path / "c2"))
    assert told.startswith("PATH: ")
    assert told.endswith("(export) cannot be imported together")
    (tmp_path / "x.csv").write_text(CSV)
    told = refused(
        capsys, "data", "import", str(lean), str(tmp_path / "x.csv"), "--into", str(tmp_path / "c2")
    )
    assert "files and folders cannot be imported together" in told
    told = refused(capsys, "data", "import", str(lean), "--format", "csv", "--into", str(tmp_path / "c2"))
    assert "a folder is not of the format csv" in told
    told = refused(capsys, "data", "import", str(tmp_path / "c"), "--into", str(tmp_path / "c2"))
    assert told == f"{tmp_path / 'c'}: it is a catalog; `btcore data copy` copies datasets of it"
    assert not (tmp_path / "c2").exists()


def test_a_folder_of_nautilus_is_found_by_its_content(tmp_path: Path, capsys: Capture) -> None:
    (folder,) = [path for path in NAUTILUS.iterdir() if path.name.startswith("nautilus-")]
    for name, more in (("found", []), ("given", ["--format", "nautilus"])):
        assert main(["data", "import", str(folder), *more, "--into", str(tmp_path / name)]) == 0
        bt.import_nautilus(folder, expected := bt.Catalog(tmp_path / f"{name}2"))
        found = bt.Catalog(tmp_path / name)
        assert found.list() == expected.list()
        assert found.definitions() == expected.definitions()
    shown = capsys.readouterr().out
    assert all(entry.symbol in shown for entry in found.list())
    arguments = ["data", "import", str(folder), "--into", str(tmp_path / "c")]
    assert refused(capsys, *arguments, "--sort") == "--sort: it is not for folders of NautilusTrader"
    assert (
        refused(capsys, *arguments, "--adjust", "raw") == "--adjust: it is not for folders of NautilusTrader"
    )
    assert "'NO' is not among its symbols" in refused(capsys, *arguments, "--symbol", "NO")
