"""Imports and cimports run one way: a module may use only what stands before it in its list below.

Imports inside functions count. Those under `if TYPE_CHECKING:` are for type checkers and do not.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"


def places(text: str) -> list[str]:
    return text.split()


BTCORE = places("""
version errors config memory model progress curve formulas
rules.extremes rules.accounting rules.matching rules.admission rules.commission rules.latency rules.slippage
rules.api rules
stream merge tape index journal blotter quiet venue terms prepare entry family execution exchange bars margin
dated desk contract verbs relay jit compiled events context callbacks order_array engine orders
fast fast.book fast.rows fast.records fast.orders fast.plain
strategies.window fast.means fast.wide strategies.signal strategies.buy_and_hold strategies.ema_crossover
strategies.ma_crossover strategies.mean_reversion strategies.momentum strategies.rsi strategies.registry
strategies strategy
data.intervals data.checks data.validate data.zones data.sessions data.columns data.moments data.frames
data.container data.containers data.source data.merge data.convert data.readers data.scan data.resample
data.store
data.stream data.catalog data.lean_files data.lean_rows data.lean data.noise data.session data.sample data
portfolio timetable listing rebalance targets
schedule metrics periods words round_trips measures fast.lane fast.lanes tables summary rows export explain
archive axes look chart report result manifest inputs play run_journal backtest fast.abreast sweep_result
sweep conformance verify cuts pasts leakcheck . cli_data cli_sweep cli __main__
""")

BTSERVER = places("""
. settings auth metrics keys schemas wire changes writer store events errors inputs
pool engine runs worker results protocols routes streams openapi app cli __main__
""")

DOOR = "engine"  # the one module of the server that imports the engine
WORDS = ("btcore.config", "btcore.errors")  # what a run is asked and what can go wrong: for all to say

IMPORT = re.compile(r"^ *(?:from\s+[.\w]+\s+c?import\s+(?:\([^)]*\)|[^\n]+)|c?import\s+[^\n]+)", re.MULTILINE)


def imported(text: str, package: str, *, compiled: bool) -> Iterator[str]:
    """The dotted names that a module's text imports or cimports; `package` is where it stands."""
    if not compiled:
        yield from _of_tree(ast.parse(text), package)
        return
    for match in IMPORT.finditer(text):  # the rest is not Python
        yield from _of_tree(ast.parse(match[0].strip().replace("cimport", "import", 1)), package)


def _of_tree(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute("." * node.level + (node.module or ""), package)
            yield from (f"{source}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _of_tree(other, package)
        else:
            yield from _of_tree(node, package)


def _absolute(name: str, package: str) -> str:
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    above = package.split(".")[: len(package.split(".")) - dots + 1]
    return ".".join([*above, *filter(None, [name[dots:]])])


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def faults(root: Path, package: str, order: list[str]) -> list[str]:
    """What a tree of sources does against its order."""
    rank = {f"{package}.{name}" if name != "." else package: place for place, name in enumerate(order)}
    found = []
    for path in sorted((root / package).rglob("*")):
        if path.suffix not in {".py", ".pyx", ".pxd", ".pyi"}:
            continue
        module = module_of(path, root)
        if module not in rank:
            found.append(f"{module}: has no place in the order")
            continue
        inside = module if path.stem == "__init__" else module.rpartition(".")[0]
        names = imported(path.read_text(), inside, compiled=path.suffix in {".pyx", ".pxd"})
        for used in sorted({_known(name, rank) for name in names} - {"", module}):
            if rank[used] > rank[module]:
                found.append(f"{path.relative_to(root)}: {module} uses {used}, which comes after it")
    return found


def _known(name: str, rank: dict[str, int]) -> str:
    """The module that a dotted name stands in: itself or the nearest above; "" for a stranger's."""
    while name and name not in rank:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize(("package", "order"), [("btcore", BTCORE), ("btserver", BTSERVER)])
def test_imports_run_one_way(package: str, order: list[str]) -> None:
    assert faults(SRC, package, order) == []


@pytest.mark.parametrize("order", [BTCORE, BTSERVER])
def test_no_place_is_given_twice_or_to_nobody(order: list[str]) -> None:
    package = "btcore" if order is BTCORE else "btserver"
    assert len(set(order)) == len(order)
    modules = {module_of(path, SRC) for path in (SRC / package).rglob("*.p*") if path.suffix != ".pyc"}
    optional = {"rules.api", "__main__"}
    missing = [name for name in order if f"{package}.{name}" not in modules and name not in {".", *optional}]
    assert missing == []


def test_the_server_reaches_the_engine_by_its_door_alone() -> None:
    strangers = {}
    for path in sorted((SRC / "btserver").rglob("*.py")):
        names = [n for n in imported(path.read_text(), "btserver", compiled=False) if n.startswith("btcore")]
        others = [name for name in names if not name.startswith(WORDS)]
        if others and path.stem != DOOR:
            strangers[path.name] = others
    assert strangers == {}


def test_the_engine_knows_no_server() -> None:
    for path in sorted((SRC / "btcore").rglob("*.p*")):
        if path.suffix in {".py", ".pyx", ".pxd", ".pyi"}:
            compiled = path.suffix in {".pyx", ".pxd"}
            names = imported(path.read_text(), "btcore", compiled=compiled)
            assert not [name for name in names if name.split(".")[0] == "btserver"], path


PLANTED = [
    ("low.py", "from .high import thing\n"),
    ("low.py", "from btcore import high\n"),
    ("low.py", "import btcore.high\n"),
    ("low.py", "def later():\n    from btcore.high import thing\n"),
    ("low.pyi", "from btcore.high import Thing\n"),
    ("low.pxd", "from btcore.high cimport (\n    a,\n    b,\n)\n"),
    ("low.pyx", "cimport btcore.high\n"),
    (
        "low.pyx",
        "from libc.math cimport NAN\n\ndef f():\n    if NAN:\n        from btcore.high import thing\n",
    ),
    ("low.pyx", "from .high cimport thing\n"),
]


@pytest.mark.parametrize(("name", "text"), PLANTED)
def test_a_planted_upward_import_is_caught(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "btcore").mkdir()
    (tmp_path / "btcore" / name).write_text(text)
    (tmp_path / "btcore" / "high.py").write_text("from .low import other\n")
    assert faults(tmp_path, "btcore", ["low", "high"]) == [
        f"btcore/{name}: btcore.low uses btcore.high, which comes after it"
    ]


def test_a_module_without_a_place_is_caught(tmp_path: Path) -> None:
    (tmp_path / "btcore").mkdir()
    (tmp_path / "btcore" / "new.py").write_text("")
    assert faults(tmp_path, "btcore", ["low"]) == ["btcore.new: has no place in the order"]


HEAVY = places("""
pandas exchange_calendars polars pyarrow plotly starlette lmdb
email hashlib importlib.metadata numpy.ma numpy.random zipfile zoneinfo
""")
FIRST_RUN = """
times = [60 * 10**9 * i for i in range(100)]
prices = [100.0] * 100
bars = btcore.Bars(times, prices, prices, prices, prices, interval="1min")
assert btcore.run({"A": bars}, "ma_crossover").metrics["events"] == 100
"""


@pytest.mark.parametrize(("then", "loaded"), [("", []), (FIRST_RUN, [])], ids=["import", "first run"])
def test_the_import_and_a_plain_run_bring_in_nothing_heavy(then: str, loaded: list[str]) -> None:
    script = f"import sys, btcore\n{then}\nprint([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(loaded)
