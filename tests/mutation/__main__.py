"""Plants the faults into a copy of the tree, builds it once, and runs the tests with one fault at a time."""

import argparse
import importlib
import os
import random
import shutil
import subprocess
import sys

import pytest

from mutation.fault_runs import FIRST, OWN, FaultRuns, Outcome
from mutation.faults import ROOT, Fault, problem, read_faults
from mutation.schemata import HEADER, plant

COPY = ROOT / "build" / "mutation"
LEAST_SHARE = 0.95  # of faults that are noticed
OPTIONS = [
    "-q",
    "-q",
    "--tb=no",
    "--no-header",
    "-rN",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:faulthandler",
    "--capture=no",
    "--timeout=60",
]


def main() -> int:
    options = read_options()
    faults = read_faults()
    problems = [text for text in map(problem, faults) if text]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 2
    chosen = choose_faults(faults, options)
    if options.list:
        print("\n".join(map(str, chosen)))
        return 0
    copy_tree(faults)
    subprocess.run([sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"], cwd=COPY, check=True)
    set_variables()
    folders = {
        path for fault in chosen for path in OWN[fault.file.split("/")[0]] if not path.startswith(FIRST)
    }
    runs = FaultRuns(
        chosen,
        COPY / "build" / "times.json",
        COPY / "build" / "log.txt",
        trust=options.trust,
        quick=options.quick,
    )
    pytest.main([*OPTIONS, *FIRST, *sorted(folders)], plugins=[runs])
    return report(chosen, runs.outcomes)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the faults and run nothing")
    parser.add_argument("--only", help="numbers of faults, separated by commas")
    parser.add_argument("--sample", type=int, help="run this many faults, chosen at random")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument(
        "--trust", action="store_true", help="skip the run without a fault, if there was one before"
    )
    parser.add_argument("--quick", action="store_true", help="run the tests closest to each fault alone")
    return parser.parse_args()


def choose_faults(faults: list[Fault], options: argparse.Namespace) -> list[Fault]:
    """The faults to run, in the order of the list."""
    if options.only:
        numbers = {int(text) for text in options.only.split(",")}
        faults = [fault for fault in faults if fault.number in numbers]
    if options.sample is not None:
        faults = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
    return sorted(faults, key=lambda fault: fault.number)


def copy_tree(faults: list[Fault]) -> None:
    """Copies the tracked files, with the faults planted. A file with equal content is left as it is."""
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    planted = {f"src/btcore/{file}" for file in {fault.file for fault in faults}}
    wanted = {"src/btcore/fault.pxd": HEADER.encode()}
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file():
            continue
        data = path.read_bytes()
        if name in planted:
            own = [fault for fault in faults if f"src/btcore/{fault.file}" == name]
            data = plant(data.decode(), own).encode()
        wanted[name] = data
    for name, data in wanted.items():
        target = COPY / name
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            shutil.copymode(ROOT / name if (ROOT / name).exists() else target, target)
    for folder in ("src", "tests"):
        for path in (COPY / folder).rglob("*.p[xy]*"):
            if path.suffix in (".py", ".pyx", ".pxd", ".pyi") and str(path.relative_to(COPY)) not in wanted:
                path.unlink()


def set_variables() -> None:
    """Sets the environment of the tests: modules come from the copy, and random tests are short."""
    source = str(COPY / "src")
    sys.path.insert(0, source)
    os.environ["PYTHONPATH"] = source
    os.environ["BTCORE_EXAMPLES"] = "200"
    os.environ.pop("BTCORE_FAULT", None)
    os.chdir(COPY)
    module = importlib.import_module("btcore.engine.engine")
    if not str(module.__file__).startswith(source):
        raise RuntimeError(f"the tests would run {module.__file__}, which is not in {source}")


def report(chosen: list[Fault], outcomes: list[Outcome]) -> int:
    """Prints the share of faults that are noticed; 1 if it is too small, 2 if the faults did not run."""
    if len(outcomes) != len(chosen):
        return 2
    noticed = sum(outcome.failed is not None for outcome in outcomes)
    print(f"{noticed} of {len(chosen)} faults are noticed: {100 * noticed / len(chosen):.1f} %")
    return int(noticed < LEAST_SHARE * len(chosen))


if __name__ == "__main__":
    sys.exit(main())
