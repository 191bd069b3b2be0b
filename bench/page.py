"""Writes RESULTS.md: a table for each claim, ours ÷ theirs for each peer, growth."""

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .growth import growth_tables
from .handwritten.native import compiler
from .peers.run import peers_table

CLAIMS = {
    1: "A plain event loop",
    2: "Many symbols",
    3: "Sparse orders over an indexed catalog",
    4: "Sweeps",
    5: "Callbacks and arrays of orders",
    6: "Starting and loading",
    7: "Results",
    8: "Server, over loopback sockets",
    9: "Indicators over arrays",
    10: "Executors of sweeps",
}
HEAD = ["what", "ms, median (quartiles)", "per second", "its bound", "bound, ms", "bound ÷ ours", "goal"]
PACKAGES = ("btcore", "numpy", "numba", "polars", "pytest-benchmark")


def machine() -> str:
    """Machine, compiler and versions that the numbers depend on."""
    found = [f"{processor()}, {os.cpu_count()} cores", platform.platform(), compiler_version()]
    found.append(f"CPython {platform.python_version()}")
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return "; ".join(found)


def processor() -> str:
    """The name of the processor's model."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def compiler_version() -> str:
    """The first line of the C compiler's version text."""
    done = subprocess.run([*compiler(), "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else "no C compiler"


def page(folder: Path, *, quick: bool = False) -> str:
    """The whole page, from the JSON files in `folder`."""
    parts = ["# Speed, as measured", ""]
    if quick:
        parts += ["**A trial of the harness on a fiftieth of the work; the figures mean nothing.**", ""]
    parts += [
        "Written by `scripts/bench`; [README.md](README.md) says how to read it.",
        "",
        machine() + ".",
        "",
    ]
    claims = read(folder / "claims.json")
    if claims:
        parts += [f"Claims measured {claims['datetime'][:16]}.", ""]
        for claim, title in CLAIMS.items():
            rows = [b for b in claims["benchmarks"] if b["extra_info"].get("claim") == claim]
            if rows:
                parts += [f"## {title}", "", *table(HEAD, map(claim_row, rows)), ""]
    peers = read(folder / "peers.json")
    if peers:
        parts += ["## Beside other packages", "", *peers_table(peers), ""]
    growth = read(folder / "growth.json")
    if growth:
        parts += ["## How cost grows", "", *growth_tables(growth), ""]
    return "\n".join(parts).rstrip() + "\n"


def read(file: Path) -> Any:
    return json.loads(file.read_text()) if file.exists() else None


def table(head: list[str], rows: Any) -> list[str]:
    """Lines of a Markdown table."""
    lines = [" | ".join(cells) for cells in rows]
    return [f"| {line} |" for line in (" | ".join(head), " | ".join(["---"] * len(head)), *lines)]


def claim_row(measured: dict[str, Any]) -> list[str]:
    info, stats = measured["extra_info"], measured["stats"]
    what = info["what"] + (f" ({info['note']})" if info.get("note") else "")
    if "megabytes" in info:
        taken = info["megabytes"]
        return [what, f"{taken:.0f} MB", "", "", "", "", goal_cell(info["goal"], {"megabytes": taken})]
    own = info.get("own") or stats
    bound, work, median = info.get("bound"), info.get("work"), own["median"]
    reached = {"seconds": median}
    if work:
        reached["rate"] = work / median
    if bound:
        reached["ratio"] = bound["median"] / median
    return [
        what,
        milliseconds(own),
        f"{short(reached['rate'])} {info['unit']}" if work else "",
        bound["name"] if bound else "",
        milliseconds(bound) if bound else "",
        f"{reached['ratio']:.3g}" if bound else "",
        goal_cell(info.get("goal"), reached),
    ]


def goal_cell(goal: list[Any] | None, reached: dict[str, float]) -> str:
    """The goal, and whether it was reached."""
    if not goal:
        return ""
    kind, number = goal
    least = kind in ("rate", "ratio")
    text = {
        "rate": f"≥ {short(number)}",
        "ratio": f"≥ {number:g} ×",
        "seconds": f"< {1000 * number:g} ms",
        "megabytes": f"< {number:g} MB",
    }[kind]
    met = reached[kind] >= number if least else reached[kind] < number
    return f"{text}: {'yes' if met else '**no**'}"


def milliseconds(seconds: dict[str, float]) -> str:
    """Median and quartiles."""
    numbers = [1000 * seconds[name] for name in ("median", "q1", "q3")]
    return "{} ({}–{})".format(*(f"{n:.3g}" if n < 1000 else f"{n:.0f}" for n in numbers))


def short(rate: float) -> str:
    """A rate with three digits."""
    for scale, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rate >= scale:
            return f"{rate / scale:.3g} {letter}"
    return f"{rate:.3g}"
