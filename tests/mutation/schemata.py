"""Source with all faults in it, of which the environment variable BTCORE_FAULT chooses one at run time.

A simple statement becomes a branch, the condition of an `if` or `while` a condition of both forms, and the
initial value of a declaration a conditional expression. So one build holds every fault.
"""

import re

from mutation.faults import Fault
from mutation.logical_lines import split_assignment, split_top, statements, without_comments

CHOICE = "btcore_fault()"
HEADER = '''"""The number of the fault that the environment chooses; 0: none."""

cdef extern from *:
    """
    #ifndef BTCORE_FAULT_H
    #define BTCORE_FAULT_H
    #include <pthread.h>
    #include <stdlib.h>
    static int btcore_fault_number = -1;
    /* A child process has its own fault. */
    static void btcore_forget_fault(void) {
        btcore_fault_number = -1;
    }
    __attribute__((constructor)) static void btcore_watch_forks(void) {
        pthread_atfork(0, 0, btcore_forget_fault);
    }
    static inline int btcore_fault(void) {
        if (btcore_fault_number < 0) {
            const char* text = getenv("BTCORE_FAULT");
            btcore_fault_number = text ? atoi(text) : 0;
        }
        return btcore_fault_number;
    }
    #endif
    """
    int btcore_fault() noexcept nogil
'''
IMPORT = "from btcore.fault cimport btcore_fault\n"
CONDITION = re.compile(r"(\s*(?:if|elif|while)\s)(.*):$", re.DOTALL)
LOOP = re.compile(r"(\s*for\s.*?\sin\s+range\()(.*)(\):)$", re.DOTALL)
OTHER = re.compile(
    r"\s*(?:else|try|except|finally|with|for|def|class|cdef class|cpdef|ctypedef|@|from|c?import)\b"
)
DECLARATION = re.compile(r"\s*cdef\s")


def plant(text: str, faults: list[Fault]) -> str:
    """The text of one file with its faults. ValueError for a fault in a line that cannot have one."""
    by_statement: dict[tuple[int, int], list[Fault]] = {}
    ranges = statements(text)
    for fault in faults:
        at = text.index(fault.original)
        where = next(each for each in ranges if each[0] <= at < each[1])
        by_statement.setdefault(where, []).append(fault)
    for begin, end in sorted(by_statement, reverse=True):
        text = text[:begin] + with_choices(text[begin:end], by_statement[begin, end]) + "\n" + text[end:]
    first = next(
        begin for begin, end in ranges if re.match(r"(?:from|c?import|cdef|cpdef)\b", text[begin:end])
    )
    return text[:first] + IMPORT + text[first:]


def with_choices(statement: str, faults: list[Fault]) -> str:
    """The statement with a choice between the original and its mutated forms."""
    original = without_comments(statement)
    mutated = [
        (fault.number, without_comments(statement.replace(fault.original, fault.mutated))) for fault in faults
    ]
    for pattern, parts in ((CONDITION, ()), (LOOP, (",",))):
        match = pattern.match(original)
        if match:
            others = [(number, _inner(pattern, form, number)) for number, form in mutated]
            inside = choose_items(match[2], others) if parts else either(match[2], others)
            return match[1] + inside + (match[3] if parts else ":")
    if OTHER.match(original):
        raise ValueError(f"fault {faults[0].number}: {original.strip()!r} cannot have a choice")
    if DECLARATION.match(original):
        return choose_items(original, mutated)
    return branch(original, mutated)


def _inner(pattern: re.Pattern[str], form: str, number: int) -> str:
    match = pattern.match(form)
    if match is None:
        raise ValueError(f"fault {number}: {form.strip()!r} is not a statement of the same kind")
    return match[2]


def either(original: str, mutated: list[tuple[int, str]]) -> str:
    """A condition that is one of the forms. With `and` and `or`, each operand may have another C type."""
    text = f"({original.strip()})"
    for number, form in mutated:
        text = f"({CHOICE} == {number} and ({form.strip()}) or {CHOICE} != {number} and {text})"
    return text


def choose(original: str, mutated: list[tuple[int, str]]) -> str:
    """A conditional expression between the forms of an expression."""
    text = f"({original.strip()})"
    for number, form in mutated:
        if form.strip() != original.strip():
            text = f"(({form.strip()}) if {CHOICE} == {number} else {text})"
    return text


def choose_items(original: str, mutated: list[tuple[int, str]]) -> str:
    """Conditional expressions for the items that differ: arguments, or initial values of a declaration."""
    items = split_top(original, ",")
    for k, item in enumerate(items):
        forms = []
        for number, form in mutated:
            other = split_top(form, ",")
            if len(other) != len(items):
                raise ValueError(f"fault {number}: {form.strip()!r} has another number of items")
            forms.append((number, other[k]))
        if any(form != item for _, form in forms):
            items[k] = _choose_value(item, forms)
    return ",".join(items)


def _choose_value(item: str, forms: list[tuple[int, str]]) -> str:
    target, value = split_assignment(item)
    if not value:
        return choose(item, forms)
    others = [(number, split_assignment(form)[1]) for number, form in forms]
    return f"{target}= {choose(value, others)}"


def branch(original: str, mutated: list[tuple[int, str]]) -> str:
    """An `if` between the forms of a simple statement. A form without text does nothing."""
    indent = original[: len(original) - len(original.lstrip())]
    lines, word = [], "if"
    for number, form in mutated:
        lines += [f"{indent}{word} {CHOICE} == {number}:", f"{indent}    {form.strip() or 'pass'}"]
        word = "elif"
    return "\n".join([*lines, f"{indent}else:", f"{indent}    {original.strip()}"])
