"""Invalid commands and request files: exit code 2 and one line on stderr."""

from pathlib import Path

import pytest
from command_line import CROSS, CSV, YEAR, Capture, refused, run_process

BAD_RUNS = [
    (["A"], "--start: is required"),
    ([*YEAR], "symbols: length 0 is not at least 1"),
    ([*(f"S{i}" for i in range(101)), *YEAR], "symbols: length 101 is not at most 100"),
    (["A", "A", *YEAR], "symbols: 'A' is given more than once"),
    (
        ["../A", *YEAR],
        "symbols[0]: '../A' is not 1 to 32 letters, digits and ._:=^/!&$#@+*%- that begin with a letter",
    ),
    (["A\n", *YEAR], r"symbols[0]: 'A\n' is not 1 to 32 letters"),
    (["A", "--start", "2024-01-06", "--end", "2024-01-08"], "symbols[0]: no day data of 'A' from"),
    (["A", "--start", "2024-02-01", "--end", "2024-01-01"], "--end: '2024-01-01' is not after"),
    (["A", "--start", "2024-02-01", "--end", "2024-02-01"], "--end: '2024-02-01' is not after"),
    (["A", "--start", "foo", "--end", "2024-01-01"], "--start: 'foo' is not an ISO 8601 date or time"),
    (["A", "--start", "", "--end", "2024-01-01"], "--start: length 0 is not at least 1"),
    (["A", "--start", "yesterday", "--end", "2024-01-01"], "--start: 'yesterday' is not an ISO 8601"),
    (["A", *YEAR, "--timezone", "Mars/Olympus"], "--timezone: 'Mars/Olympus' is not a known IANA time zone"),
    (["A", *YEAR, "--timezone", "A" * 65], "--timezone: length 65 is not at most 64"),
    (["A", *YEAR, "--timezone", "../etc/passwd"], "--timezone: '../etc/passwd' is not a known"),
    (["A", *YEAR, "--capital", "nan"], "--capital: nan is not a finite number"),
    (["A", *YEAR, "--capital", "inf"], "--capital: inf is not a finite number"),
    (["A", *YEAR, "--capital=-inf"], "--capital: -inf is not a finite number"),
    (["A", *YEAR, "--capital", "-1"], "--capital: -1.0 is not above 0"),
    (["A", *YEAR, "--capital", "0"], "--capital: 0.0 is not above 0"),
    (
        ["A", *YEAR, "--capital", "1000000000001"],
        "--capital: 1000000000001.0 is not at most",
    ),
    (["A", *YEAR, "--capital", "much"], "--capital: 'much' is not a number"),
    (["A", *YEAR, "--currency", "usd"], "--currency: 'usd' does not match ^[A-Z]{3,5}$"),
    (
        ["A", *YEAR, "--resolution", "week"],
        "--resolution: 'week' is not tick, second, minute, hour, day, irregular or a length",
    ),
    (["A", *YEAR, "--mark-every", "1month"], "--mark-every: '1month' does not match ^"),
    (
        ["A", *YEAR, "--strategy", "martingale"],
        "--strategy: 'martingale' is unknown; choose from buy_and_hold",
    ),
    (["A", *YEAR, "--strategy", "No!"], "--strategy: 'No!' does not match ^"),
    (["A", *YEAR, *CROSS, "--param", "speed=1"], "--param speed: ma_crossover has no such parameter"),
    (
        ["A", *YEAR, *CROSS, "--param", "short_period=20"],
        "--param short_period: 20 is not below long_period 20",
    ),
    (
        ["A", *YEAR, *CROSS, "--param", "short_period=2.5"],
        "--param short_period: 2.5 is not a whole number",
    ),
    (
        ["A", *YEAR, *CROSS, "--param", "short_period=few"],
        "--param short_period: 'few' is not a whole number",
    ),
    (["A", *YEAR, *CROSS, "--param", "weight=NaN"], "--param weight: 'NaN' is not a number"),
    (["A", *YEAR, "--param", "short_period"], "--param: 'short_period' is not KEY=VALUE"),
    (["A", *YEAR, "--slippage-bps", "-1"], "--slippage-bps: -1.0 is not at least 0"),
    (["A", *YEAR, "--slippage-bps", "nan"], "--slippage-bps: nan is not a finite number"),
    (
        ["A", *YEAR, "--execution", "commission_min=2", "--execution", "commission_max=1"],
        "--execution commission_min: 2.0 is above commission_max 1.0",
    ),
    (["A", *YEAR, "--execution", "magic=1"], "--execution magic: unknown field; choose from slippage_bps, "),
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
    (["data", "import", "x.xlsx", "--into", "c"], "x.xlsx: the name does not end in .csv, .txt"),
    (["data", "import", "empty.csv", "--into", "c"], "empty.csv: the file has no rows"),
    (
        ["data", "import", "good.csv", "--into", "c", "--columns", "close"],
        "--columns: 'close' is not NAME=NAME_IN_FILE",
    ),
    (
        ["data", "import", "good.csv", "--into", "c", "--symbol", "../x"],
        "--symbol: '../x' is not 1 to 32 letters",
    ),
    (
        ["data", "import", "good.csv", "good.csv", "--into", "c"],
        "good.csv: it begins at 2024-01-02T00:00:00Z, but good.csv of the same symbol ends at",
    ),
    (["data", "import", "good.csv", ".", "--into", "c"], "PATH: . is a folder; files and folders cannot"),
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
    (["report", "good.csv", "page.html"], "good.csv: the name does not end in .npz or .parquet"),
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
    assert run.stderr == "btcore: --capital: -1.0 is not above 0\n"
    assert list(tmp_path.iterdir()) == []


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
