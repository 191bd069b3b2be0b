"""`python -m bench [claims] [peers] [growth]` measures and writes RESULTS.md.

`--check` compares with the baseline, `--update` writes it. `--quick` tries the harness on a fiftieth of the
work; its page goes to build/bench/, and its figures mean nothing.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"


def claims(pytest_options: list[str]) -> int:
    """Runs every bench_*.py under pytest; figures of those that pass are saved even if others fail."""
    command = [sys.executable, "-m", "pytest", "bench", "--benchmark-only", "--benchmark-sort=name"]
    command += ["--quiet", f"--benchmark-json={BUILD / 'claims.json'}", "--benchmark-columns=min,median,iqr"]
    return subprocess.run([*command, *pytest_options], cwd=ROOT, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="claims | peers | growth", help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="try the harness on a fiftieth of the work")
    parser.add_argument(
        "--check", action="store_true", help="compare a few ratios and counts with bench/baseline.json"
    )
    parser.add_argument("--update", action="store_true", help="write bench/baseline.json")
    parser.add_argument("-k", metavar="NAMES", help="only the claims that pytest's -k selects")
    options = parser.parse_args()
    unknown = set(options.steps) - {"claims", "peers", "growth"}
    if unknown:
        parser.error(f"unknown step {', '.join(sorted(unknown))}; choose from claims, peers, growth")
    if options.quick:
        os.environ["BTCORE_BENCH_QUICK"] = "1"
    BUILD.mkdir(parents=True, exist_ok=True)
    if options.check or options.update:
        from . import guard

        return guard.update() if options.update else guard.check()
    from . import growth, page  # these read BTCORE_BENCH_QUICK
    from .peers import run

    steps = options.steps or ["claims", "peers", "growth"]
    code = claims(["-k", options.k] if options.k else []) if "claims" in steps else 0
    if "peers" in steps:
        run.measure_all(BUILD / "peers.json")
    if "growth" in steps:
        growth.measure_all(BUILD / "growth.json")
    written = BUILD / "RESULTS.md" if options.quick else ROOT / "bench" / "RESULTS.md"
    written.write_text(page.page(BUILD, quick=options.quick))
    print(f"written: {written}")
    return code


if __name__ == "__main__":
    sys.exit(main())
