"""The list of faults, `faults.txt`.

A line without indentation names a file below src/btcore. Each fault in it is a pair of lines: after `-` the
text in the file, which occurs there once and lies in one line, and after `+` the text that replaces it. A `+`
alone removes the text. The number of a fault is its place in the list, from 1.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "btcore"
LIST = Path(__file__).with_name("faults.txt")


@dataclass(frozen=True)
class Fault:
    number: int
    file: str  # below src/btcore
    original: str
    mutated: str

    def __str__(self) -> str:
        return f"{self.number:4d} {self.file}\n     - {self.original}\n     + {self.mutated}"


def read_faults(path: Path = LIST) -> list[Fault]:
    """All faults of the list, in its order. ValueError for a line that is no part of a fault."""
    faults: list[Fault] = []
    file, original = "", None
    for k, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if line[0] != " ":
            file = text
        elif text.startswith("- ") and original is None and file:
            original = text[2:]
        elif text.split(" ")[0] == "+" and original is not None:
            faults.append(Fault(len(faults) + 1, file, original, text[2:]))
            original = None
        else:
            raise ValueError(f"{path.name}:{k}: {text!r} is not a file, or '-' and then '+' with a text")
    if original is not None:
        raise ValueError(f"{path.name}: the last fault has no '+'")
    return faults


def problem(fault: Fault) -> str | None:
    """What is wrong with a fault, in words; None if its text occurs once."""
    path = SRC / fault.file
    if not path.is_file():
        return f"{fault.file} does not exist"
    count = path.read_text().count(fault.original)
    if count != 1:
        return f"{fault.file}: {fault.original!r} occurs {count} times, not once"
    if fault.original == fault.mutated:
        return f"{fault.file}: {fault.original!r} is replaced by itself"
    return None
