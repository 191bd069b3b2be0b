"""`python -m btcore.verify`: its cases, and its output for a mismatch."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from btcore import verify
from btcore.audit.conformance import TABLE, Case, load
from btcore.config import Execution, Instrument
from btcore.results.labels import ORDER_TYPES
from btcore.rules.order_terms import TIME_IN_FORCE, TRAIL_BY
from btcore.rules.order_words import OrderReason

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
CASES = load()
# Only compiled strategies can cause these: Python refuses them before sending, which has a case too.
UNASKABLE = {OrderReason.INVALID_QUANTITY, OrderReason.INVALID_PRICE, OrderReason.INVALID_TERMS}
NAMES = """
Time and events, Execution source, Other resolutions, Sessions,
Scheduled events, Latency, Orders, Types, Market-to-limit,
Trailing, Admission,
Pre-trade limits, Buying power, Lifecycle, Cancel, Amend, Open bars, Validation, Time in force, Post-only,
Reduce-only, OCO,
OTO, bracket, Matching, Meeting, Quotes, Trades, Bars, Bars of bid and ask, Bars beside quotes,
Prices from the fill,
Liquidity, Slippage, Commission, Accounting,
A margin account without credit, By weight, Times given,
Cash account, Margin, Accrual, Split, Dividend, Funding, Session close, Trading halts, Price bands, Delisting,
Mark prices, Targets, The equity curve
"""
SECTIONS = set(re.split(r",\s+", NAMES.strip()))


def named(*places: str) -> set[str]:
    """Every text with one of these names, or in a list of that name, anywhere in the table."""
    found: set[str] = set()

    def look(value: Any, place: str = "") -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                look(item, name)
        elif isinstance(value, list):
            for item in value:
                look(item, place)
        elif isinstance(value, str) and place in places:
            found.add(value)

    look(msgspec.to_builtins(CASES))
    return found


def terms(name: str) -> set[str]:
    given = [case.terms.get(name, {}) for case in CASES]
    structs = [one for some in given for one in (some.values() if name == "instruments" else [some])]
    return {term for struct in structs for term in struct}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.case}")
def test_a_case_gives_the_expected_values(case: Case) -> None:
    outcome = verify.Outcome(case, verify.replay(case))
    assert not outcome.wrong, verify.table([outcome])


def test_every_rule_of_the_page_has_cases() -> None:
    rules = {case.rule for case in CASES}
    assert rules == SECTIONS | {"Metrics"}
    bold = re.findall(r"\*\*([A-Z][\w -]*)\.?\*\*|^## (.+)", PAGE.read_text(), re.MULTILINE)
    assert {name or heading for name, heading in bold} | {"bracket"} == SECTIONS


def test_every_setting_has_a_case() -> None:
    assert set(Execution.__struct_fields__) - terms("execution") == set()
    assert set(Instrument.__struct_fields__) - terms("instruments") == set()
    assert set(TIME_IN_FORCE) - named("time_in_force") == {"GTC"}
    assert set(TRAIL_BY) - named("trail_by") == {"price"}
    assert set(ORDER_TYPES) - named("types") == set()
    reasons = {text.partition(" ")[2] for text in named("ends")}
    assert set(OrderReason) - reasons - {OrderReason.NONE} == UNASKABLE


def test_a_case_has_a_unique_name_and_a_reason() -> None:
    names = [(case.rule, case.case) for case in CASES]
    assert len(set(names)) == len(names)
    assert all(case.because and case.expect for case in CASES)


def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def planted(folder: Path, case: str, name: str, value: Any) -> Path:
    """A table in which the expected value of one case is wrong."""
    rows = json.loads(TABLE.read_text())
    (row,) = [row for row in rows if row["case"] == case]
    row["expect"][name] = value
    path = folder / "planted.json"
    path.write_text(json.dumps(rows))
    return path


def test_a_mismatch_is_shown_and_is_exit_code_1(tmp_path: Path) -> None:
    path = planted(tmp_path, "the square of the share of volume", "fills", [[60, 1, 500, 101.5, "taker"]])
    shown = run("-m", "btcore.verify", "--table", str(path))
    head, row, because, summary = shown.stdout.splitlines()
    assert shown.returncode == 1
    assert head.split() == ["rule", "case", "expected", "got", "ok"]
    assert row.split()[0] == "Slippage"
    assert row.split()[-1] == "NO"
    assert 'the square of the share of volume  {"fills":[[60,1,500,101.5,"taker"]]}' in row
    assert '{"fills":[[60,1,500,101,"taker"]]}' in row
    assert because.strip() == "r = 500 / 1000; 100 * (1 + 0.04 * 0.25)"
    assert ", 1 mismatches," in summary


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = planted(tmp_path, "an undefined metric is None", "metrics", {"profit_factor": 0, "win_rate": 100})
    assert verify.main(["--json", "--table", str(path)]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert (shown["cases"], shown["mismatches"]) == (len(CASES), 1)
    (wrong,) = [row for row in shown["rows"] if not row["ok"]]
    assert (wrong["rule"], wrong["got"]) == ("Metrics", {"metrics": {"profit_factor": None, "win_rate": 100}})


def test_every_row_and_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert verify.main(["--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CASES) + 2


def test_an_invalid_table_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.json").write_text('[{"rule": "Bars"}]')
    for name in ("rows.json", "nowhere.json"):
        assert verify.main(["--table", str(tmp_path / name)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.startswith(f"btcore.verify: {tmp_path / name}: ")
        assert shown.err.count("\n") == 1
    assert verify.main(["--al"]) == 2
    assert (
        "unrecognized arguments: --al (did you mean '--all'?) (see python -m btcore.verify --help)"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("expected", "got", "alike"),
    [
        (1, 1.0, True),
        (0.3, 0.1 + 0.2, True),
        (100, 100.0000001, False),
        (883310808, 883310809, False),
        (None, 0, False),
        (0, None, False),
        ([1, [2]], [1.0, [2]], True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("maker", "taker", False),
    ],
)
def test_values_that_are_equal(expected: Any, got: Any, alike: bool) -> None:
    assert verify.same(expected, got) is alike


def test_it_needs_no_optional_package(tmp_path: Path) -> None:
    """Without site-packages, only btcore and its requirements can be imported."""
    for package in ("btcore", "numpy", "msgspec", "tzdata"):
        home = Path(str(importlib.import_module(package).__file__)).parent
        for path in (home, home.with_name(f"{package}.libs")):  # shared libraries beside a wheel's package
            if path.exists():
                (tmp_path / path.name).symlink_to(path, target_is_directory=True)
    for optional in ("polars", "exchange_calendars", "pytest"):
        assert run("-S", "-c", f"import {optional}", cwd=tmp_path).returncode == 1
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    shown = run("-S", "-m", "btcore.verify", env=environment, cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"{len(CASES)} cases" in shown.stdout
