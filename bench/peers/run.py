"""Runs each peer in its own environment, one after the other on one core; btcore runs first and last."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from .work import QUICK

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / "build" / "peers"
PEERS = {  # distribution: further arguments of pip
    "vectorbt": ["vectorbt[rust]"],
    "ferro-ta": ["ferro-ta", "numpy"],
    "raptorbt": ["raptorbt", "numpy"],
    "backtesting": ["backtesting"],
    "hftbacktest": ["hftbacktest"],
    "nautilus_trader": ["nautilus_trader"],
    "numba": ["numba"],
}
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS")
MOST_SECONDS = 1800


def interpreter(peer: str) -> Path | None:
    """The Python of the peer's environment, created if missing. None, with a message, if that fails."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"{peer}: installing", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        command = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *PEERS[peer]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{peer}: SKIPPED, it cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
            return None
        (folder / "installed").touch()
    return python


def measure(peer: str, python: Path | str) -> dict[str, Any] | None:
    """The report of the peer's script; None, with a message, if it fails."""
    folder = ENVIRONMENTS / peer
    folder.mkdir(parents=True, exist_ok=True)
    settings = {f"{name}_NUM_THREADS": "1" for name in THREADS} | {"POLARS_MAX_THREADS": "1"}
    settings |= {"NUMBA_CACHE_DIR": str(folder / "numba-cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | settings
    script = HERE / f"of_{peer.replace('-', '_')}.py"
    pinned = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    print(f"{peer}:", flush=True)
    with tempfile.TemporaryDirectory() as nowhere:
        command = [*pinned, str(python), str(script)]
        try:
            done = subprocess.run(
                command,
                env=environment,
                cwd=nowhere,
                stdout=subprocess.PIPE,
                text=True,
                timeout=MOST_SECONDS,
                check=True,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"{peer}: SKIPPED, its script fails: {error}")
            return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_all(file: Path) -> None:
    """Writes all reports as JSON. btcore runs first and last, and all its rounds count."""
    ours = [measure("btcore", sys.executable)]
    found = {peer: measure(peer, python) for peer in PEERS if (python := interpreter(peer))}
    ours.append(measure("btcore", sys.executable))
    if ours[0] and ours[1]:
        for first, last in zip(ours[0]["rows"], ours[1]["rows"], strict=True):
            first["seconds"] += last["seconds"]
    skipped = [peer for peer in PEERS if not found.get(peer)]
    made = {"btcore": ours[0]} | {peer: rows for peer, rows in found.items() if rows}
    file.write_text(json.dumps({"quick": QUICK, "skipped": skipped, "found": made}, indent=1))


def peers_table(measured: dict[str, Any]) -> list[str]:
    """A table for each workload: ours ÷ theirs, by medians. Python callbacks are compared with ours."""
    found, lines = measured["found"], []
    names = [name for peer in found.values() if peer for name in peer["versions"]]
    lines += [f"One core each, in one run: {', '.join(dict.fromkeys(names))}.", ""]
    if measured["skipped"]:
        lines += [f"Not installed or failing here: {', '.join(measured['skipped'])}.", ""]
    rows = [(peer, row) for peer, report in found.items() if report for row in report["rows"]]
    for workload in dict.fromkeys(row["workload"] for _, row in rows):
        ours = {
            row["kind"]: rate(row) for peer, row in rows if (peer, row["workload"]) == ("btcore", workload)
        }
        lines += [f"### {workload.capitalize()}", ""]
        lines += ["| package | how | M/s | ours ÷ theirs | what it computed |", "|" + " --- |" * 5]
        here = [(peer, row) for peer, row in rows if row["workload"] == workload]
        for peer, row in sorted(here, key=lambda item: -rate(item[1])):
            ratio = "" if peer == "btcore" else beside(ours, row)
            cells = f"{peer} | {row['kind']} | {rate(row) / 1e6:.3g} | {ratio} | {row['computed']}"
            lines.append(f"| {cells} |")
        lines.append("")
    return lines[:-1]


def rate(row: dict[str, Any]) -> float:
    return float(row["work"] / median(row["seconds"]))


def beside(ours: dict[str, float], row: dict[str, Any]) -> str:
    """Our compiled strategy's rate ÷ theirs, and our Python callback's if theirs is one."""
    texts = []
    for kind, own in ours.items():
        if not kind.startswith("Python"):
            texts.insert(0, f"{own / rate(row):.2g}" if own < 10 * rate(row) else f"{own / rate(row):.0f}")
        elif "Python" in row["kind"]:
            texts.append(f"{own / rate(row):.2g} in Python")
    return ", ".join(texts)
