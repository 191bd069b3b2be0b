"""The command line, in this process and in a child process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import btcore as bt
from btcore.cli import commands
from btcore.cli.commands import main

YEAR = ["--start", "2024-01-01", "--end", "2024-12-31"]
CROSS = ["--strategy", "ma_crossover", "--param", "short_period=5", "--param", "long_period=20"]
COSTS = ["--slippage-bps", "1", "--commission-bps", "0.5", "--latency-ms", "0"]

Capture = pytest.CaptureFixture[str]


def run_process(
    *arguments: str, stdin: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "btcore", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def refused(capsys: Capture, *arguments: str) -> str:
    """The message of an invalid command: one line on stderr and exit code 2."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("btcore: ")
    assert shown.err.count("\n") == 1
    return shown.err.removeprefix("btcore: ").rstrip("\n")


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two symbols of minute bars."""
    folder = tmp_path / "catalog"
    arguments = [
        "--start",
        "2024-03-04",
        "--end",
        "2024-03-06",
        "--resolution",
        "minute",
        "--into",
        str(folder),
    ]
    assert main(["data", "sample", "--symbols", "AAPL,MSFT", *arguments]) == 0
    return folder


# --- output


def test_a_run_prints_its_metrics_and_where_the_data_came_from(capsys: Capture) -> None:
    assert main(["run", "AAPL", *YEAR, *CROSS]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert lines[0].startswith("ma_crossover(short_period=5, long_period=20")
    assert "data: synthetic sample data" in lines
    result = bt.run_request(
        msgspec.convert(
            {
                "symbols": ["AAPL"],
                "start_date": "2024-01-01",
                "end_date": "2024-12-31",
                "strategy": {"name": "ma_crossover", "params": {"short_period": 5, "long_period": 20}},
            },
            bt.RunRequest,
        ),
        bt.SampleMarket(),
    )
    printed = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert printed["total_return"] == [f"{result.metrics['total_return']:,.2f}", "%"]
    assert printed["total_trades"] == [str(result.metrics["total_trades"])]
    assert set(result.metrics) <= set(printed)


def test_json_is_the_document_and_nothing_else(capsys: Capture) -> None:
    assert main(["run", "AAPL", *YEAR, "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    document = json.loads(shown.out)
    assert document["manifest"]["data_source"] == "synthetic sample data"
    assert {"metrics_summary", "equity_curve", "trades", "orders", "logs", "fingerprint"} <= set(document)


def test_run_request_and_command_give_identical_numbers(catalog: Path) -> None:
    """`bt.run`, `run_request` and a process of `btcore run --json`, bit for bit."""
    body = {
        "symbols": ["AAPL", "MSFT"],
        "start_date": "2024-03-04T09:00:00",
        "end_date": "2024-03-05T16:30:00-05:00",
        "resolution": "minute",
        "strategy": {"name": "ma_crossover", "params": {"short_period": 5, "long_period": 20, "weight": 0.9}},
        "execution": {"slippage_bps": 1.0, "commission_bps": 0.5, "latency_ms": 10},
        "initial_capital": 250_000.0,
        "currency": "EUR",
        "timezone": "America/New_York",
        "mark_every": "5min",
    }
    run = run_process("run", "--data", str(catalog), "--request", "-", "--json", stdin=json.dumps(body))
    assert (run.returncode, run.stderr) == (0, "")
    by_flags = run_process(
        "run", "AAPL", "MSFT", "--data", str(catalog), "--start", "2024-03-04T09:00:00",
        "--end", "2024-03-05T16:30:00-05:00", "--resolution", "minute", *CROSS, "--param", "weight=0.9",
        "--slippage-bps", "1", "--commission-bps", "0.5", "--latency-ms", "10", "--capital", "250000",
        "--currency", "EUR", "--timezone", "America/New_York", "--mark-every", "5min", "--json",
    )  # fmt: skip
    assert by_flags.stdout == run.stdout

    source = bt.Catalog(catalog)
    asked = bt.run_request(msgspec.convert(body, bt.RunRequest), source)
    start, end = body["start_date"], body["end_date"]
    direct = bt.run(
        {symbol: source.read(symbol, "minute") for symbol in ("AAPL", "MSFT")},
        "ma_crossover",
        {"short_period": 5, "long_period": 20, "weight": 0.9},
        initial_capital=250_000.0,
        currency="EUR",
        timezone="America/New_York",
        start=start,
        end=end,
        execution=bt.Execution(slippage_bps=1.0, commission_bps=0.5, latency_ms=10),
        mark_every="5min",
        data_source="catalog",
    )
    assert asked.metrics["total_trades"] > 10
    printed = json.loads(run.stdout)
    for result in (asked, direct):
        assert json.loads(msgspec.json.encode(result.document())) == printed
    assert asked.fingerprint == direct.fingerprint == printed["fingerprint"]


def test_options_override_the_request(tmp_path: Path, capsys: Capture) -> None:
    request = tmp_path / "request.json"
    request.write_text(
        json.dumps(
            {
                "symbols": ["MSFT"],
                "start_date": "2024-01-01",
                "end_date": "2024-12-31",
                "strategy": {"name": "ma_crossover", "params": {"short_period": 5, "long_period": 20}},
                "execution": {"slippage_bps": 3, "leverage": 2},
            }
        )
    )

    def asked(*flags: str) -> dict[str, Any]:
        assert main(["run", *flags, "--request", str(request), "--json"]) == 0
        return json.loads(capsys.readouterr().out)["manifest"]

    plain = asked()
    assert plain["run"]["strategy"]["params"]["short_period"] == 5
    changed = asked("AAPL", "--param", "short_period=7", "--slippage-bps", "1", "--capital", "5000")
    assert [row["symbol"] for row in changed["data"]] == ["AAPL"]
    assert changed["run"]["initial_capital"] == 5000.0
    assert changed["run"]["strategy"]["params"] | {"short_period": 5} == plain["run"]["strategy"]["params"]
    assert changed["run"]["strategy"]["params"]["short_period"] == 7
    assert (changed["run"]["execution"]["slippage_bps"], changed["run"]["execution"]["leverage"]) == (
        1.0,
        2.0,
    )
    other = asked("--strategy", "momentum")
    assert other["run"]["strategy"]["params"]["lookback_period"] == 20


def test_every_setting_of_execution_can_be_given(capsys: Capture) -> None:
    terms = [
        "--execution",
        "leverage=2",
        "--execution",
        "limit_fill=touch",
        "--execution",
        "displayed_size=true",
    ]
    assert main(["run", "AAPL", *YEAR, *COSTS, *terms, "--json"]) == 0
    execution = json.loads(capsys.readouterr().out)["manifest"]["run"]["execution"]
    assert (execution["leverage"], execution["limit_fill"], execution["displayed_size"]) == (
        2.0,
        "touch",
        True,
    )


# --- files


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_saved_result_can_be_loaded_and_reported(suffix: str, tmp_path: Path, capsys: Capture) -> None:
    saved, page = tmp_path / f"result{suffix}", tmp_path / "page.html"
    assert main(["run", "AAPL", *YEAR, *CROSS, "--out", str(saved), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    loaded = bt.load_result(saved)
    assert json.loads(msgspec.json.encode(loaded.document())) == printed
    assert main(["report", str(saved), str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    assert printed["fingerprint"] in page.read_text()


@pytest.mark.parametrize(("name", "start"), [("run.html", "<!doctype html>"), ("run.svg", "<svg ")])
def test_plot(name: str, start: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / name
    assert main(["run", "AAPL", *YEAR, "--plot", str(path)]) == 0
    assert f"wrote {path}" in capsys.readouterr().out
    assert path.read_text().startswith(start)


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


CSV = "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200\n"


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
    assert bt.Catalog(tmp_path / "whole").list() == bt.Catalog(tmp_path / "pieces").list()


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
    line = capsys.readouterr().out.split()
    assert line[:4] == ["XYZ", "day", "bars", "trade"]
    assert line[line.index("read") + 1] == line[line.index("kept") + 1] == "2"
    assert line[-2:] == ["dropped:", "none"]
    np.testing.assert_array_equal(bt.Catalog(tmp_path / "c").read("XYZ", "day").close, [11.0, 12.0])


# --- errors


BAD_RUNS = [
    (["A"], "start_date: is required"),
    ([*YEAR], "symbols: length 0 is not at least 1"),
    ([*(f"S{i}" for i in range(101)), *YEAR], "symbols: length 101 is not at most 100"),
    (["A", "A", *YEAR], "symbols: 'A' is given more than once"),
    (["../A", *YEAR], "symbols[0]: '../A' does not match ^"),
    (["A\n", *YEAR], r"symbols[0]: 'A\n' does not match ^"),
    (["A", "--start", "2024-01-06", "--end", "2024-01-08"], "symbols[0]: no day data of 'A' from"),
    (["A", "--start", "2024-02-01", "--end", "2024-01-01"], "end_date: '2024-01-01' is not after"),
    (["A", "--start", "2024-02-01", "--end", "2024-02-01"], "end_date: '2024-02-01' is not after"),
    (["A", "--start", "yesterday", "--end", "2024-01-01"], "start_date: 'yesterday' is not an ISO 8601"),
    (["A", *YEAR, "--timezone", "Mars/Olympus"], "timezone: 'Mars/Olympus' is not a known IANA time zone"),
    (["A", *YEAR, "--timezone", "A" * 65], "timezone: length 65 is not at most 64"),
    (["A", *YEAR, "--timezone", "../etc/passwd"], "timezone: '../etc/passwd' is not a known"),
    (["A", *YEAR, "--capital", "nan"], "initial_capital: nan is not a finite number"),
    (["A", *YEAR, "--capital", "inf"], "initial_capital: inf is not a finite number"),
    (["A", *YEAR, "--capital=-inf"], "initial_capital: -inf is not a finite number"),
    (["A", *YEAR, "--capital", "-1"], "initial_capital: -1.0 is not above 0"),
    (["A", *YEAR, "--capital", "0"], "initial_capital: 0.0 is not above 0"),
    (
        ["A", *YEAR, "--capital", "1000000000001"],
        "initial_capital: 1000000000001.0 is not at most",
    ),
    (["A", *YEAR, "--capital", "much"], "initial_capital: 'much' is not a number"),
    (["A", *YEAR, "--currency", "usd"], "currency: 'usd' does not match ^[A-Z]{3,5}$"),
    (
        ["A", *YEAR, "--resolution", "week"],
        "resolution: 'week' is not one of day, hour, minute",
    ),
    (["A", *YEAR, "--mark-every", "1month"], "mark_every: '1month' does not match ^"),
    (
        ["A", *YEAR, "--strategy", "martingale"],
        "strategy.name: 'martingale' is unknown; choose from buy_and_hold",
    ),
    (["A", *YEAR, "--strategy", "No!"], "strategy.name: 'No!' does not match ^"),
    (["A", *YEAR, *CROSS, "--param", "speed=1"], "strategy.params.speed: ma_crossover has no such parameter"),
    (
        ["A", *YEAR, *CROSS, "--param", "short_period=20"],
        "strategy.params.short_period: 20 is not below long_period 20",
    ),
    (
        ["A", *YEAR, *CROSS, "--param", "short_period=2.5"],
        "strategy.params.short_period: 2.5 is not a whole number",
    ),
    (
        ["A", *YEAR, *CROSS, "--param", "short_period=few"],
        "strategy.params.short_period: 'few' is not a whole number",
    ),
    (["A", *YEAR, *CROSS, "--param", "weight=NaN"], "strategy.params.weight: 'NaN' is not a number"),
    (["A", *YEAR, "--param", "short_period"], "--param: 'short_period' is not KEY=VALUE"),
    (["A", *YEAR, "--slippage-bps", "-1"], "execution.slippage_bps: -1.0 is not at least 0"),
    (["A", *YEAR, "--slippage-bps", "nan"], "execution.slippage_bps: nan is not a finite number"),
    (
        ["A", *YEAR, "--execution", "commission_min=2", "--execution", "commission_max=1"],
        "execution.commission_min: 2.0 is above commission_max 1.0",
    ),
    (["A", *YEAR, "--execution", "magic=1"], "execution.magic: unknown field; choose from slippage_bps, "),
    (["A", *YEAR, "--data", "nowhere"], "--data: nowhere is not a folder"),
    (["A", *YEAR, "--out", "result.csv"], "--out: result.csv does not end in .npz or .parquet"),
    (["A", *YEAR, "--out", "nowhere/result.npz"], "--out: nowhere/result.npz cannot be written"),
    (["A", *YEAR, "--plot", "result.png"], "--plot: result.png does not end in .html or .svg"),
    (["A", *YEAR, "--request", "nowhere.json"], "nowhere.json: No such file or directory"),
    (["A", *YEAR, "--sweep"], "unrecognized arguments: --sweep (see btcore run --help)"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_RUNS, ids=[message[:50] for _, message in BAD_RUNS])
def test_a_bad_run_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, "run", *arguments).startswith(message)
    assert list(tmp_path.iterdir()) == []


BAD_REQUESTS = [
    ("", "not valid JSON: Input data was truncated"),
    ('{"symbols": ["A"', "not valid JSON: Input data was truncated"),
    ('{"symbols": [NaN]}', "not valid JSON"),
    ("[" * 100_000, "not valid JSON: nested too deeply"),
    ("[]", "not a JSON object"),
    (
        '{"symbols": "A", "start_date": "2024-01-01", "end_date": "2024-02-01"}',
        "symbols: 'A' is not a list",
    ),
    (
        '{"symbols": ["A"], "start_date": 2024, "end_date": "2024-02-01"}',
        "start_date: 2024 is not a string",
    ),
    (
        '{"symbols": ["A"], "start_date": "2024-01-01", "end_date": "2024-02-01", "leverage": 2}',
        "leverage: unknown field; choose from symbols, ",
    ),
    ('{"symbols": ["A"], "strategy": 7}', "strategy: 7 is not a mapping"),
    ('{"symbols": ["A"], "execution": []}', "execution: [] is not a mapping"),
]


@pytest.mark.parametrize(
    ("text", "message"), BAD_REQUESTS, ids=[message[-40:] for _, message in BAD_REQUESTS]
)
def test_a_bad_request_file_is_one_line(text: str, message: str, tmp_path: Path, capsys: Capture) -> None:
    request = tmp_path / "request.json"
    request.write_text(text)
    flags = ["--param", "weight=1", "--slippage-bps", "1"]
    assert message in refused(capsys, "run", "--request", str(request), *flags)


def test_a_request_that_is_not_text(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "request.json").write_bytes(b'{"symbols": ["\xff\xfe"]}')
    assert "not valid JSON" in refused(capsys, "run", "--request", str(tmp_path / "request.json"))


def test_an_unknown_symbol_lists_the_known_ones(catalog: Path, capsys: Capture) -> None:
    capsys.readouterr()
    arguments = ["--start", "2024-03-04", "--end", "2024-03-06", "--data", str(catalog)]
    message = refused(capsys, "run", "NVDA", *arguments, "--resolution", "minute")
    assert message.startswith("symbols[0]: no minute data of 'NVDA'")
    assert message.endswith("the symbols with data are AAPL, MSFT")
    assert "there is minute bars from" in refused(capsys, "run", "AAPL", *arguments, "--resolution", "day")


BAD_DATA = [
    (["data", "import", "x.csv", "--into", "c"], "x.csv: no such file"),
    (["data", "import", "x.xlsx", "--into", "c"], "x.xlsx: the name does not end in .csv, .gz"),
    (["data", "import", "empty.csv", "--into", "c"], "empty.csv: the file has no rows"),
    (
        ["data", "import", "good.csv", "--into", "c", "--columns", "close"],
        "--columns: 'close' is not OURS=THEIRS",
    ),
    (
        ["data", "import", "good.csv", "--into", "c", "--symbol", "../x"],
        "symbol: '../x' is not 1 to 32 letters",
    ),
    (
        ["data", "import", "good.csv", "good.csv", "--into", "c"],
        "--symbol: 1 different symbols for 2 files",
    ),
    (["data", "import", "good.csv", ".", "--into", "c"], "PATH: files and folders of LEAN data"),
    (
        ["data", "import", "good.csv", "--format", "lean", "--into", "c"],
        "good.csv: not a folder of LEAN data",
    ),
    (["data", "import", "good.csv"], "the following arguments are required: --into"),
    (["data", "import", "good.csv", "--into", "c", "--kind", "candles"], "argument --kind: invalid choice"),
    (["data", "list", "nowhere"], "nowhere: not a folder"),
    (["data", "sample", "--symbols", "A,A", *YEAR, "--into", "c"], "symbols: 'A' is given more than once"),
    (["data", "sample", "--symbols", "", *YEAR, "--into", "c"], "symbols: length 0 is not at least 1"),
    (["data"], "the following arguments are required: COMMAND"),
    (["report", "nowhere.npz", "page.html"], "nowhere.npz: No such file or directory"),
    (["report", "good.csv", "page.html"], "good.csv: a result is saved as .npz or .parquet"),
    (["report", "good.csv", "page.pdf"], "PAGE: page.pdf does not end in .html"),
    (["trawl"], "argument COMMAND: invalid choice: 'trawl'"),
    ([], "the following arguments are required: COMMAND"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_DATA, ids=[message[:50] for _, message in BAD_DATA])
def test_a_bad_command_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(CSV)
    Path("empty.csv").write_text("")
    assert refused(capsys, *arguments).startswith(message)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.csv", "good.csv"]


def test_invalid_input_is_exit_code_2_and_one_line(tmp_path: Path) -> None:
    run = run_process("run", "A", *YEAR, "--capital", "-1", "--out", "result.npz", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "btcore: initial_capital: -1.0 is not above 0\n"
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_that_fails_is_exit_code_1_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def run_request(*_: Any, **__: Any) -> bt.Result:
        class Broken(bt.Strategy):
            def on_bar(self, ctx: bt.Context, bar: Any) -> None:
                raise ZeroDivisionError("a line\nand another")

        return bt.run({"A": bt.sample_bars("A")}, Broken)

    monkeypatch.setattr("btcore.backtest.request.run_request", run_request)
    out = tmp_path / "result.npz"
    assert main(["run", "A", *YEAR, "--out", str(out)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "ZeroDivisionError: a line and another" in shown.err
    assert not out.exists()


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_source", interrupted)
    assert main(["run", "A", *YEAR]) == 130
    assert capsys.readouterr().err == "btcore: interrupted\n"


def test_a_closed_pipe_prints_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    arguments = [sys.executable, "-m", "btcore", "run", "A", *YEAR, "--json"]
    run = subprocess.run(arguments, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (1, "")


@pytest.mark.parametrize(
    ("command", "required"),
    [
        (["run"], []),
        (["sweep"], []),
        (["report"], ["result.npz", "page.html"]),
        (["data", "import"], ["x.csv", "--into", "c"]),
        (["data", "list"], ["c"]),
        (["data", "sample"], ["--symbols", "A", *YEAR, "--into", "c"]),
    ],
)
def test_an_error_of_a_command_names_the_help_of_that_command(
    command: list[str], required: list[str], capsys: Capture
) -> None:
    hint = f"(see btcore {' '.join(command)} --help)"
    assert refused(capsys, *command, *required, "--nonsense") == f"unrecognized arguments: --nonsense {hint}"
    if required:
        assert refused(capsys, *command).endswith(hint)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "A", *YEAR, "--strat", "rsi"],
        ["run", "A", *YEAR, "--no-prog"],
        ["sweep", "A", *YEAR, "--metr", "sharpe_ratio"],
        ["data", "import", "x.csv", "--into", "c", "--time", "UTC"],
        ["data", "sample", "--symbols", "A", *YEAR, "--into", "c", "--res", "day"],
    ],
)
def test_options_cannot_be_abbreviated(arguments: list[str], capsys: Capture) -> None:
    assert refused(capsys, *arguments).startswith("unrecognized arguments: --")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["data", "import", "--help"], ["--version"]]
)
def test_help_and_version(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith(("usage: btcore", f"btcore {bt.__version__}"))


def test_a_bar_is_drawn_on_a_terminal_and_only_there() -> None:
    """The bar goes to stderr, if that is a terminal and --no-progress is not given; stdout stays JSON."""
    import pty

    def drawn(*flags: str) -> tuple[str, str]:
        ours, theirs = pty.openpty()
        code = (
            "import btcore.backtest.progress as p, btcore.cli as c, sys;p.SHOW_AFTER = 0; sys.exit(c.main())"
        )
        arguments = [sys.executable, "-c", code, "run", "A", "--start", "2024-01-01", "--end", "2024-03-01"]
        run = subprocess.run(
            [*arguments, "--resolution", "minute", "--json", *flags],
            stdout=subprocess.PIPE,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        try:
            text = os.read(ours, 65536).decode()
        except OSError:  # nothing was written to the terminal
            text = ""
        os.close(ours)
        return run.stdout.decode(), text

    plain, bar = drawn()
    assert "100.0%" in bar
    quiet, nothing = drawn("--no-progress")
    assert nothing == ""
    assert json.loads(plain) == json.loads(quiet)
