"""Options of the readers on the command line, and messages of the library in its words."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import btcore
from btcore.cli.flag_words import in_flags
from btcore.cli.reader_options import (
    ELSEWHERE,
    OPTIONS,
    TEXT_ONLY,
    add_reader_options,
    reader_options,
)
from btcore.data.tables.options import TableOptions, TableSettings, TextOptions, TextSettings
from btcore.errors import ConfigError

SOURCES = Path(btcore.__file__).parent


def parsed(*arguments: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_reader_options(parser)
    return reader_options(parser.parse_args(arguments))


def test_every_option_of_the_readers_is_an_option_of_the_command() -> None:
    options = {*TextOptions.__annotations__, *TableOptions.__annotations__, "by"}
    assert {*(option.name for option in OPTIONS), *ELSEWHERE} == options
    assert options == set(TextSettings.__struct_fields__) - {"given"}


def test_the_options_of_text_files_alone_are_those_that_other_readers_lack() -> None:
    lacking = set(TextSettings.__struct_fields__) - set(TableSettings.__struct_fields__)
    assert set(TEXT_ONLY) == lacking


VALUES = [
    (["--interval", "5min"], {"interval": "5min"}),
    (["--timezone", "Europe/Paris"], {"timezone": "Europe/Paris"}),
    (["--columns", "close=Last,volume="], {"columns": {"close": "Last", "volume": None}}),
    (["--columns", "timestamp=Date+Time"], {"columns": {"timestamp": ("Date", "Time")}}),
    (["--columns", r"timestamp=a\+b,bid=Bid+1"], {"columns": {"timestamp": "a+b", "bid": "Bid+1"}}),
    (["--columns", r"ask=Ask\, USD,bid=B\=C"], {"columns": {"ask": "Ask, USD", "bid": "B=C"}}),
    (["--unit", "us"], {"unit": "us"}),
    (["--time-format", "%d.%m.%Y"], {"time_format": "%d.%m.%Y"}),
    (["--dst", "earlier"], {"dst": "earlier"}),
    (["--years", "1990:2030"], {"years": (1990, 2030)}),
    (["--stamp", "close"], {"stamp": "close"}),
    (["--calendar", "XNYS"], {"calendar": "XNYS"}),
    (["--source", "mid"], {"source": "mid"}),
    (["--sort"], {"sort": True}),
    (["--duplicates", "last"], {"duplicates": "last"}),
    (["--missing", "drop"], {"missing": "drop"}),
    (["--crossed", "keep"], {"crossed": "keep"}),
    (["--sides", "A=-1,B=1,N=0"], {"sides": {"A": -1, "B": 1, "N": 0}}),
    (["--sides=-1=1"], {"sides": {"-1": 1}}),
    (["--decimal", ","], {"decimal": ","}),
    (["--thousands", "space"], {"thousands": " "}),
    (["--price-divisor", "1e9"], {"price_divisor": 1e9}),
    (["--negative-prices"], {"negative_prices": True}),
    (["--delimiter", "tab"], {"delimiter": "\t"}),
    (["--delimiter", ";"], {"delimiter": ";"}),
    (["--header"], {"has_header": True}),
    (["--no-header"], {"has_header": False}),
    (["--comment", "#"], {"comment": "#"}),
    (["--skip-rows", "3"], {"skip_rows": 3}),
    (["--encoding", "cp1252"], {"encoding": "cp1252"}),
    ([], {}),
]


@pytest.mark.parametrize(("arguments", "options"), VALUES, ids=[" ".join(x[0]) for x in VALUES])
def test_an_option_is_what_the_readers_take(arguments: list[str], options: dict[str, Any]) -> None:
    assert parsed(*arguments) == options
    TextSettings.of("read_csv", options)


def test_each_option_has_a_value_above() -> None:
    assert {option.name for option in OPTIONS} == {name for _, options in VALUES for name in options}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--columns", "close"], "--columns: 'close' is not NAME=NAME_IN_FILE"),
        (["--columns", "close=a,close=b"], "--columns: 'close=b' is not"),
        (["--columns", "timestamp=a+b+c"], "--columns: 'timestamp=a+b+c' is not"),
        (["--columns", "=Date"], "--columns: '=Date' is not"),
        (["--sides", "B=buy"], "--sides: 'B=buy' is not VALUE=1 (buy)"),
        (["--sides", "B=1,B=-1"], "--sides: 'B=-1' is not"),
        (["--years", "1990"], "--years: '1990' is not FIRST:LAST"),
        (["--years", "2030:1990"], "--years: '2030:1990' is not FIRST:LAST"),
        (["--skip-rows", "-1"], "--skip-rows: '-1' is not a number of rows"),
        (["--price-divisor", "x"], "--price-divisor: 'x' is not a positive number"),
    ],
)
def test_a_text_of_another_form_is_refused_with_the_option(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parsed(*arguments)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("pass interval=", "pass --interval"),
        ("bars need interval=; a length", "bars need --interval; a length"),
        ("pass skip_rows=3, has_header=False", "pass --skip-rows 3, --no-header"),
        ("has_header=True", "--header"),
        ("columns={'timestamp': 'Date'}", "--columns timestamp=Date"),
        ("columns={'timestamp': ('Date', 'Time')}", "--columns timestamp=Date+Time"),
        ("columns={'close': 'Adj Close'}", "--columns 'close=Adj Close'"),
        ('columns={"symbol": None}', "--columns symbol="),
        ("columns={'bid': ...}", "--columns bid=NAME"),
        ("columns={...}", "--columns K=V,..."),
        ('duplicates="first" or duplicates="last"', "--duplicates first or --duplicates last"),
        ("sort=True orders rows", "--sort orders rows"),
        ('decimal="," or decimal="."', "--decimal , or --decimal ."),
        ("price_divisor=1e9 divides", "--price-divisor 1e9 divides"),
        (
            "timezone= is 'Asia/Tokyo'; leave timezone= out",
            "--timezone is 'Asia/Tokyo'; leave --timezone out",
        ),
        (
            "symbol='A' for one of them, by=\"symbol\" for all",
            "--symbol A for one of them, --by symbol for all",
        ),
        ("delimiter: 'ab' is not one character", "--delimiter: 'ab' is not one character"),
        ("a.csv: stamp: it is for bars", "a.csv: --stamp: it is for bars"),
        ("columns['x']: 5 is not", "--columns x: 5 is not"),
        (
            "a.csv: columns['bid']: None, but quotes need it",
            "a.csv: --columns bid: it is left out, but quotes need it",
        ),
        ("a.csv row 3: crossed: bid > ask", "a.csv row 3: crossed: bid > ask"),
        ("a.csv row 3: side is 'x'; sides= says", "a.csv row 3: side is 'x'; --sides says"),
        ("b.parquet: a Parquet file: use read_parquet", "b.parquet: a Parquet file: pass --format parquet"),
        ("(timestamp=5, before=6)", "(timestamp=5, before=6)"),
        ("--interval: 'x' is not", "--interval: 'x' is not"),
    ],
)
def test_a_message_names_options_as_the_command_line_does(message: str, told: str) -> None:
    assert in_flags(message) == told


def messages() -> Iterator[str]:
    """The texts in the sources of what reads data, with a value in place of each expression."""
    paths = [path for name in ("data", "times") for path in sorted((SOURCES / name).rglob("*.py"))]
    for path in paths:
        tree = ast.parse(path.read_text())
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        for node in ast.walk(tree):
            if id(node) in documents | parts:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            if isinstance(node, ast.JoinedStr):
                yield "".join(map(_shown, node.values))


def _shown(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    return "'Local Time'" if part.conversion == ord("r") else "7"


def test_no_message_about_reading_names_an_option_as_python_does() -> None:
    names = "|".join((*TextSettings.__struct_fields__, "by"))
    python = re.compile(rf"\b({names})=(?!=)|\bread_(csv|parquet|arrow|npz)\b")
    of_python = [message for message in messages() if " " in message and python.search(message)]
    assert len(of_python) > 40
    left = [text for text in map(in_flags, of_python) if python.search(re.sub(r"--columns \S+", "", text))]
    assert left == []
