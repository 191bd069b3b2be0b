"""`btcore data check`: what it prints, and its exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import CSV, Capture, refused, run_process

import btcore as bt
from btcore.cli.commands import main

GOOD = "timestamp,open,high,low,close,volume\n" + "".join(
    f"2024-01-{day:02},{10 + day / 10:.1f},{11 + day / 10:.1f},{9 + day / 10:.1f},{10.5 + day / 10:.2f},100\n"
    for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)
)
OUTLIER = GOOD.replace("2024-01-08,10.8,11.8,9.8,11.30", "2024-01-08,10.8,110,9.8,105")
CROSSED = "timestamp,bid,ask,bid_size,ask_size\n" + "".join(
    f"2024-01-02T00:00:{second:02}Z,{1.2 if second == 5 else 1.0 + second / 100},1.15,1,1\n"
    for second in range(10)
)


def check(capsys: Capture, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["data", "check", *arguments])
    return code, capsys.readouterr().out


def test_good_data_exit_with_0(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    code, shown = check(capsys, str(tmp_path / "good.csv"), "--calendar", "XNYS")
    assert code == 0, shown
    assert "GOOD day bars" in shown
    assert "XNYS" in shown
    assert (
        shown
        == f"{tmp_path / 'good.csv'}\n{bt.inspect(tmp_path / 'good.csv', symbol='GOOD', calendar='XNYS')}\n"
    )


@pytest.mark.parametrize(
    ("text", "flags", "name"),
    [
        (OUTLIER, [], "outliers"),
        (CROSSED, [], "crossed_quotes"),
        (GOOD.replace("2024-01-10", "2024-01-09"), [], "refused"),
        (
            GOOD.replace("2024-01-10,", "2024-01-12,").replace("\n2024-01-12,11", "\n2024-01-10,11"),
            [],
            "refused",
        ),
        (
            GOOD.replace("2024-01-10,11.0,12.0,10.0,11.50,100\n", ""),
            ["--calendar", "XNYS"],
            "missing_sessions",
        ),
        (GOOD, ["--years", "2020:2021"], "refused"),
    ],
)
def test_a_finding_that_changes_results_exits_with_1(
    text: str, flags: list[str], name: str, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "x.csv").write_text(text)
    code, shown = check(capsys, str(tmp_path / "x.csv"), *flags)
    assert code == 1, shown
    assert f"! {name} (" in shown
    code, shown = check(capsys, str(tmp_path / "x.csv"), *flags, "--json")
    (document,) = json.loads(shown)
    assert (code, document["ok"], document["path"]) == (1, False, str(tmp_path / "x.csv"))
    found = {finding["name"]: finding for finding in document["datasets"][0]["findings"]}
    assert found[name]["changes_results"] is True


def test_what_a_reader_refuses_is_said_in_the_words_of_the_command_line(
    tmp_path: Path, capsys: Capture
) -> None:
    rows = CSV.splitlines(keepends=True)
    (tmp_path / "x.csv").write_text(rows[0] + rows[2] + rows[1])
    for more in ([], ["--json"]):
        code, shown = check(capsys, str(tmp_path / "x.csv"), *more)
        assert code == 1
        assert "--sort puts them in order" in shown


def test_options_of_the_readers_apply(tmp_path: Path, capsys: Capture) -> None:
    text = GOOD.replace(",", ";").partition("\n")[2]
    (tmp_path / "x.csv").write_text(text)
    names = "timestamp=column_1,open=column_2,high=column_3,low=column_4,close=column_5,volume=column_6"
    code, shown = check(capsys, str(tmp_path / "x.csv"), "--no-header", "--columns", names, "--symbol", "ABC")
    assert code == 0, shown
    assert "ABC day bars" in shown


def test_a_file_of_many_symbols_is_checked_symbol_by_symbol(tmp_path: Path, capsys: Capture) -> None:
    rows = GOOD.splitlines()
    lines = [f"symbol,{rows[0]}", *(f"{symbol},{row}" for symbol in ("AAA", "BBB") for row in rows[1:])]
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    code, shown = check(capsys, str(tmp_path / "x.csv"))
    assert code == 0, shown
    assert "AAA day bars" in shown
    assert "BBB day bars" in shown
    code, shown = check(capsys, str(tmp_path / "x.csv"), "--symbol", "BBB")
    assert "AAA" not in shown
    assert "BBB day bars" in shown
    assert "there is no 'CCC'" in refused(capsys, "data", "check", str(tmp_path / "x.csv"), "--symbol", "CCC")


def test_a_catalog_is_checked_with_the_sessions_of_its_instruments(tmp_path: Path, capsys: Capture) -> None:
    days = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-08"], "datetime64[ns]")
    prices = np.array([10.0, 10.1, 10.2, 10.3])
    bars = bt.Bars(days, prices, prices + 1, prices - 1, prices, prices, interval="1d")
    catalog = bt.Catalog(tmp_path / "c")
    catalog.write("A", bars)
    folder = str(tmp_path / "c")
    assert check(capsys, folder)[0] == 0
    code, shown = check(capsys, folder, "--calendar", "XNYS")
    assert code == 1
    assert "! missing_sessions (1)" in shown
    catalog.define("A", bt.Instrument(sessions="XNYS"))
    assert check(capsys, folder)[0] == 1
    assert check(capsys, folder, "--symbol", "A", "--resolution", "1d")[0] == 1
    assert "'NO'" in refused(capsys, "data", "check", folder, "--symbol", "NO")
    assert refused(capsys, "data", "check", folder, "--sort") == "--sort: it is not for a catalog"
    assert refused(capsys, "data", "check", folder, "--kind", "bars") == "--kind: it is not for a catalog"


def test_processes_end_with_0_1_or_2(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(OUTLIER)
    codes = {
        arguments: run_process("data", "check", *arguments.split(), cwd=tmp_path).returncode
        for arguments in (
            "good.csv",
            "bad.csv",
            "good.csv bad.csv",
            "nowhere.csv",
            "good.csv nowhere.csv",
            "",
        )
    }
    assert list(codes.values()) == [0, 1, 1, 2, 2, 2]
    run = run_process("data", "check", "nowhere.csv", cwd=tmp_path)
    assert (run.stdout, run.stderr) == ("", "btcore: nowhere.csv: No such file or directory\n")
