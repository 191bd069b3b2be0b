"""Imports and cimports run one way between packages, and never in a circle.

Imports inside functions count. Those under `if TYPE_CHECKING:` do not, as only type checkers follow them.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"


def words(text: str) -> list[str]:
    return text.split()


# The name of a package covers all of its modules. A module may import its own package and those before it.
BTCORE = words(
    "version errors names times validation plain_values pictures costs peers config memory model rules feed "
    "contract engine data indicators strategies metrics fastpath results backtest audit research curve "
    "sizing jit cli verify . __main__"
)
BTSERVER = words("settings run_id schemas optimization_schemas errors store runs api cli . __main__")

# The modules of the server that import the engine, and of its search.
ENGINE_IMPORTERS = ("btserver.runs.engine", "btserver.runs.search.")
SHARED = ("btcore.config", "btcore.errors", "btcore.cli.parser")  # every module of the server may import them
ENGINE_HEADER = "btcore.engine.setup"  # the one header of the engine that other packages may cimport

IMPORT = re.compile(r"^ *(?:from\s+[.\w]+\s+c?import\s+(?:\([^)]*\)|[^\n]+)|c?import\s+[^\n]+)", re.MULTILINE)


def imported(text: str, package: str, *, compiled: bool) -> Iterator[str]:
    """The dotted names that the text of a module in `package` imports or cimports."""
    if not compiled:
        yield from _of_tree(ast.parse(text), package)
        return
    for match in IMPORT.finditer(text):  # other lines of Cython cannot be parsed
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


def sources(root: Path, package: str) -> Iterator[tuple[Path, str, set[str]]]:
    """Each source file of a package, its module, and every dotted name below `root` that it imports."""
    for path in sorted((root / package).rglob("*")):
        if path.suffix not in {".py", ".pyx", ".pxd", ".pyi"}:
            continue
        module = module_of(path, root)
        parent = module if path.stem == "__init__" else module.rpartition(".")[0]
        yield path, module, set(imported(path.read_text(), parent, compiled=path.suffix in {".pyx", ".pxd"}))


def part_of(name: str, package: str) -> str:
    """The entry of the order that a dotted name belongs to: `btcore.data.files.read` -> `data`."""
    below = name.removeprefix(package).lstrip(".").split(".")[0]
    return below or "."


def faults(root: Path, package: str, order: list[str]) -> list[str]:
    """Every upward import and every circle of a tree of sources."""
    rank = {name: place for place, name in enumerate(order)}
    modules = {module for _, module, _ in sources(root, package)}
    found, graph = [], dict[str, set[str]]()
    for path, module, names in sources(root, package):
        layer = part_of(module, package)
        if layer not in rank:
            found.append(f"{module}: {layer} is not in the order")
            continue
        used = {_nearest(name, modules) for name in names} - {"", module}
        if path.suffix in {".py", ".pyx"}:  # stubs and headers are not run
            graph.setdefault(module, set()).update(used)
        for name in sorted(used):
            part = part_of(name, package)
            if part != "." and part in rank and rank[part] > rank[layer]:
                where = path.relative_to(root)
                found.append(f"{where}: {module} imports {name}, and {part} comes after {layer}")
            if part == "." and layer != "__main__" and name == package:
                found.append(f"{path.relative_to(root)}: {module} imports {package} itself")
    return found + [f"circle: {' -> '.join(circle)}" for circle in circles(graph)]


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """A circle for each import that closes one."""
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, chain: list[str]) -> None:
        if module in chain:
            found.append([*chain[chain.index(module) :], module])
            return
        if module in done:
            return
        for used in sorted(graph.get(module, ())):
            visit(used, [*chain, module])
        done.add(module)

    for module in sorted(graph):
        visit(module, [])
    return found


def _nearest(name: str, modules: set[str]) -> str:
    """The module that defines a dotted name: itself or the nearest above; "" outside the package."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize(("package", "order"), [("btcore", BTCORE), ("btserver", BTSERVER)])
def test_imports_run_one_way(package: str, order: list[str]) -> None:
    assert faults(SRC, package, order) == []


@pytest.mark.parametrize(("package", "order"), [("btcore", BTCORE), ("btserver", BTSERVER)])
def test_the_order_names_every_package(package: str, order: list[str]) -> None:
    assert len(set(order)) == len(order)
    existing = {part_of(module, package) for _, module, _ in sources(SRC, package)}
    assert set(order) == existing


def test_only_few_modules_of_the_server_import_the_engine() -> None:
    others = {}
    for _, module, names in sources(SRC, "btserver"):
        used = {name for name in names if name.split(".")[0] == "btcore" and not name.startswith(SHARED)}
        if used and not module.startswith(ENGINE_IMPORTERS):
            others[module] = used
    assert others == {}


def test_the_library_does_not_import_the_server() -> None:
    for path, _, names in sources(SRC, "btcore"):
        assert not {name for name in names if name.split(".")[0] == "btserver"}, path


def test_no_other_package_cimports_the_headers_of_the_engine() -> None:
    found = outside_cimports(SRC)
    assert found == []


def outside_cimports(root: Path) -> list[str]:
    """Files outside `engine/` that cimport a header of it other than `setup`."""
    headers = {
        module
        for path, module, _ in sources(root, "btcore")
        if path.suffix == ".pxd" and module.startswith("btcore.engine.") and module != ENGINE_HEADER
    }
    return [
        f"{path.relative_to(root)}: {used}"
        for path, module, names in sources(root, "btcore")
        if path.suffix in {".pyx", ".pxd"} and not module.startswith("btcore.engine")
        for used in sorted({_nearest(name, headers) for name in names} - {""})
    ]


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
    ("low/deep.py", "from ..high import thing\n"),
    ("low/deep.py", "from btcore.high.deeper import thing\n"),
]


@pytest.mark.parametrize(("name", "text"), PLANTED)
def test_a_planted_upward_import_is_caught(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {name: text, "high/deeper.py": "", "high/__init__.py": ""})
    (fault,) = faults(tmp_path, "btcore", ["low", "high"])
    assert fault.startswith(f"btcore/{name}: btcore.low")
    assert fault.endswith("and high comes after low")


def test_an_import_of_the_package_itself_is_caught(tmp_path: Path) -> None:
    write(tmp_path, {"low.py": "import btcore as bt\n", "__init__.py": ""})
    assert faults(tmp_path, "btcore", ["low", "."]) == ["btcore/low.py: btcore.low imports btcore itself"]


@pytest.mark.parametrize(
    "files",
    [
        {"low/a.py": "from .b import x\n", "low/b.py": "from .a import y\n"},
        {"low/a.py": "from .b import x\n", "low/b.py": "def f():\n    from btcore.low.a import y\n"},
        {"low/a.pyx": "from btcore.low.b import x\n", "low/b.py": "from .a import y\n"},
    ],
)
def test_a_planted_circle_is_caught(files: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, files)
    assert faults(tmp_path, "btcore", ["low"]) == ["circle: btcore.low.a -> btcore.low.b -> btcore.low.a"]


def test_a_package_that_the_order_lacks_is_caught(tmp_path: Path) -> None:
    write(tmp_path, {"new.py": ""})
    assert faults(tmp_path, "btcore", ["low"]) == ["btcore.new: new is not in the order"]


def test_a_planted_cimport_of_the_engine_is_caught(tmp_path: Path) -> None:
    text = "from btcore.engine.fills cimport execute\n"
    write(tmp_path, {"fastpath/a.pyx": text, "engine/b.pxd": text, "engine/fills.pxd": ""})
    assert outside_cimports(tmp_path) == ["btcore/fastpath/a.pyx: btcore.engine.fills"]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "btcore" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


HEAVY = words(
    "pandas exchange_calendars polars pyarrow plotly bokeh starlette lmdb "
    "email hashlib importlib.metadata numpy.ma numpy.random zipfile zoneinfo"
)
FIRST_RUN = """
times = [60 * 10**9 * i for i in range(100)]
prices = [100.0] * 100
bars = btcore.Bars(times, prices, prices, prices, prices, interval="1min")
assert btcore.run({"A": bars}, "ma_crossover").metrics["events"] == 100
"""


@pytest.mark.parametrize(("then", "loaded"), [("", []), (FIRST_RUN, [])], ids=["import", "first run"])
def test_the_import_and_a_plain_run_load_no_heavy_module(then: str, loaded: list[str]) -> None:
    script = f"import sys, btcore\n{then}\nprint([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(loaded)
