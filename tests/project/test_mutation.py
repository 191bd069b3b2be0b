"""The faults of `scripts/mutate`: the list fits the code, and the tests notice at least 95 % of them."""

import subprocess
from pathlib import Path

import pytest
from mutation.faults import SRC, Fault, problem, read_faults
from mutation.logical_lines import split_assignment, split_top, statements, without_comments
from mutation.schemata import plant, with_choices

ROOT = Path(__file__).parents[2]


def test_every_fault_is_in_the_code_once():
    assert [text for text in map(problem, read_faults()) if text] == []


def test_there_are_enough_faults():
    assert len(read_faults()) >= 100


def test_no_fault_is_listed_twice():
    faults = [(fault.file, fault.original, fault.mutated) for fault in read_faults()]
    assert len(set(faults)) == len(faults)


@pytest.mark.parametrize("file", sorted({fault.file for fault in read_faults()}))
def test_every_fault_has_a_choice(file):
    own = [fault for fault in read_faults() if fault.file == file]
    text = plant((SRC / file).read_text(), own)
    for fault in own:
        assert f"btcore_fault() == {fault.number}" in text


def test_the_choice_of_a_statement():
    fault = Fault(7, "x", "a + b", "a - b")
    assert with_choices("    x = a + b  # sum\n", [fault]) == (
        "    if btcore_fault() == 7:\n        x = a - b\n    else:\n        x = a + b"
    )
    assert with_choices("    if a + b > 0:\n", [fault]) == (
        "    if (btcore_fault() == 7 and (a - b > 0) or btcore_fault() != 7 and (a + b > 0)):"
    )
    assert with_choices("    cdef double x = a + b, y\n", [fault]) == (
        "    cdef double x = ((a - b) if btcore_fault() == 7 else (a + b)), y"
    )
    assert with_choices("for i in range(0, a + b):\n", [fault]) == (
        "for i in range(0,((a - b) if btcore_fault() == 7 else (a + b))):"
    )
    assert with_choices("f(a + b)\n", [Fault(7, "x", "f(a + b)", "")]) == (
        "if btcore_fault() == 7:\n    pass\nelse:\n    f(a + b)"
    )
    with pytest.raises(ValueError, match="cannot have a choice"):
        with_choices("def f(a + b):\n", [fault])


def test_statements_of_a_text():
    text = '"""a\nb"""\nx = f(  # (\n    1,\n)\ny = "#("\n'
    assert [text[a:b] for a, b in statements(text)] == [
        '"""a\nb"""\n',
        "x = f(  # (\n    1,\n)\n",
        'y = "#("\n',
    ]
    assert without_comments("x = 1  # one\n") == "x = 1"
    assert split_top("a(1, 2), ',', b", ",") == ["a(1, 2)", " ','", " b"]
    assert split_assignment("cdef bint a = b == c") == ("cdef bint a ", " b == c")


@pytest.mark.long
def test_the_tests_notice_nearly_all_faults():
    done = subprocess.run([ROOT / "scripts" / "mutate"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
