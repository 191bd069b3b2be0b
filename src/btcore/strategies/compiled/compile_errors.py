"""Numba's errors about a `btcore.compiled` strategy, in one sentence with the file and the line."""

import linecache
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARK = "btcore: "  # begins the messages of `numba_refusals`
ALLOWED = (
    "compiled code has numbers, arrays, its three arguments, and functions of btcore.jit, math, numpy and "
    "@numba.njit"
)
REASONS: list[tuple[str, str]] = [  # patterns of Numba's messages, and what they mean
    (
        r"Untyped global name '(\w+)': Cannot determine Numba type of <class 'function'>",
        "{0} is a function of Python; decorate it with @numba.njit",
    ),
    (
        r"Untyped global name '(\w+)': Cannot determine Numba type of <class '([\w.]+)'>",
        "{0} is a Python object of type {1}, which compiled code cannot use",
    ),
    (r"NameError: (name '\w+' is not defined)", "the {0}"),
    (r"Cannot unify (.+?) and (.+?) for '", "a value is {0} on one path and {1} on another"),
    (r"(Unknown attribute '\w+' of type [^\n]+)", "{0}"),
    (r"No implementation of function .*?>>> ([^\n]+)", "Numba has no {0}"),
    (r"unsupported opcode \(IMPORT_NAME\)", "it imports a module; import it above the function"),
]
MISFIT = (  # of the arguments of a method
    r"((?:got an unexpected keyword|missing a required|multiple values for) argument:? '\w+'|"
    r"too many positional arguments)"
)


def place_of(function: Callable[..., Any], line: int | None = None) -> str:
    """The file and the line of a function, or a line within its file with the text there."""
    code = function.__code__
    place = f"{Path(code.co_filename).name}, line {line or code.co_firstlineno}"
    text = linecache.getline(code.co_filename, line).strip() if line else ""
    return f"{place}: {text}" if text else place


def explain(function: Callable[..., Any], error: Exception) -> str:
    """What is wrong and where, of an error that Numba raises while it compiles the function."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    reason, begins = _reason(text)
    file = re.escape(Path(function.__code__.co_filename).name)
    found = re.search(rf"{file}(?:\", line | \()(\d+)", text[begins:])
    line = int(found[1]) if found else getattr(getattr(error, "loc", None), "line", None)
    method = re.search(r"AccountType'>, '(\w+)'\)", text)
    if method:
        misfit = re.search(MISFIT, text) if reason.startswith("Numba has no") else None
        reason = f"account.{method[1]}: {misfit[1] if misfit else reason}"
    return f"strategy {function.__name__} ({place_of(function, line)}): {reason}"


def _reason(text: str) -> tuple[str, int]:
    """The reason in words, and where Numba's text of it begins."""
    ours = re.search(rf"{MARK}([^\n]+)", text)
    if ours:
        return ours[1], ours.start()
    for pattern, meaning in REASONS:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return f"{meaning.format(*map(plain, found.groups()))}; {ALLOWED}", found.start()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("Failed in nopython")]
    first = re.sub(r"\.* Raised from .*", "", lines[0].rstrip(".")) if lines else "Numba cannot compile it"
    return f"{first}; {ALLOWED}", 0


def plain(text: str) -> str:
    """Numba's types by names of Python."""
    text = re.sub(r"Literal\[str\]\(([^)]*)\)", r"'\1'", text)
    text = re.sub(r"Literal\[\w+\]\(([^)]*)\)", r"\1", text)
    return re.sub(r"\bunicode_type\b", "a text", text)
