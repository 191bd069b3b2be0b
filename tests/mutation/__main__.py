"""Plants the faults into a copy of the tree, builds it once, and runs the tests with one fault at a time."""

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutation.faults import ROOT, Fault, problem, read_faults
from mutation.schemata import HEADER, plant

COPY = ROOT / "build" / "mutation"
WORKERS = 2
LEAST_SHARE = 0.95  # of faults that are noticed
SECONDS = 900  # for the tests of one fault
TEST_SECONDS = 60  # for one test
MEMORY = 8 * 2**30  # bytes of one process
FIRST = ["tests/by_hand", "tests/properties"]
UNIT = {  # tests of the package of a fault, besides FIRST
    "engine": ["backtest", "results", "strategies", "test_verify.py"],
    "rules": ["rules", "test_verify.py"],
    "metrics": ["metrics", "results"],
    "fastpath": ["backtest", "strategies/arrays"],
    "feed": ["feed", "backtest"],
    "strategies": ["strategies"],
}


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
    environment = variables()
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
        cwd=COPY,
        check=True,
        env=environment,
    )
    if not options.trust and not passes_without_fault(chosen, environment):
        return 2
    return report(chosen, run_all(chosen, environment))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the faults and run nothing")
    parser.add_argument("--only", help="numbers of faults, separated by commas")
    parser.add_argument("--sample", type=int, help="run this many faults, chosen at random")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--trust", action="store_true", help="skip the run without a fault")
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


def variables() -> dict[str, str]:
    """The environment of the build and the tests: modules come from the copy, and random tests are short."""
    own = {
        "PYTHONPATH": f"{COPY / 'src'}{os.pathsep}{COPY / 'tests' / 'mutation'}",
        "BTCORE_MUTATION_TIMES": str(COPY / "build" / "times.json"),
        "BTCORE_EXAMPLES": "200",
    }
    return {**{name: text for name, text in os.environ.items() if name != "BTCORE_FAULT"}, **own}


def tests_of(fault: Fault) -> list[str]:
    return FIRST + [f"tests/unit/{name}" for name in UNIT[fault.file.split("/")[0]]]


def run_tests(paths: list[str], environment: dict[str, str], limit: float | None) -> tuple[int, str]:
    """(exit code, output) of pytest in the copy; 124 if it takes longer than `limit` seconds."""
    options = [
        "-x",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "mutation_order",
        f"--timeout={TEST_SECONDS}",
    ]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *paths],
            cwd=COPY, env=environment, capture_output=True, text=True, timeout=limit, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124, ""
    return done.returncode, done.stdout + done.stderr


def passes_without_fault(chosen: list[Fault], environment: dict[str, str]) -> bool:
    """Runs the tests without a fault, which must pass, and stores how long each takes."""
    where = "import btcore.engine.engine as e; print(e.__file__)"
    shown = subprocess.run(
        [sys.executable, "-c", where], cwd=COPY, env=environment, check=True, capture_output=True, text=True
    )
    if str(COPY) not in shown.stdout:
        raise RuntimeError(f"the tests would run {shown.stdout.strip()}, which is not in the copy")
    began = time.monotonic()
    times = Path(environment["BTCORE_MUTATION_TIMES"])
    others = sorted({path for fault in chosen for path in tests_of(fault)} - set(FIRST[1:]))
    seconds: dict[str, float] = {}

    def run_part(part: tuple[str, list[str]]) -> tuple[int, str]:
        name, paths = part
        own = times.with_name(name)
        own.unlink(missing_ok=True)
        code, output = run_tests(paths, {**environment, "BTCORE_MUTATION_TIMES": str(own)}, None)
        if code == 0:
            seconds.update(json.loads(own.read_text()))
        return code, output

    with ThreadPoolExecutor(WORKERS) as pool:
        for code, output in pool.map(run_part, [("properties.json", FIRST[1:]), ("others.json", others)]):
            if code != 0:
                print(
                    output[-4000:],
                    f"without a fault the tests end with code {code}",
                    sep="\n",
                    file=sys.stderr,
                )
                return False
    times.write_text(json.dumps(seconds))
    print(f"without a fault {len(seconds)} tests pass, in {time.monotonic() - began:.0f} s", flush=True)
    return True


def run_all(chosen: list[Fault], environment: dict[str, str]) -> list[bool]:
    """For each fault: whether the tests notice it. The log has the first test that fails."""
    log = (COPY / "build" / "log.txt").open("a")

    def run_one(fault: Fault) -> bool:
        began = time.monotonic()
        code, output = run_tests(tests_of(fault), {**environment, "BTCORE_FAULT": str(fault.number)}, SECONDS)
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        what = failed[1] if failed else "not noticed" if code == 0 else f"code {code}"
        print(f"{fault.number:4d} {time.monotonic() - began:6.1f} s  {what}", file=log, flush=True)
        if code == 0:
            print(f"not noticed:\n{fault}", flush=True)
        return code != 0

    with log, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(run_one, chosen))


def report(chosen: list[Fault], noticed: list[bool]) -> int:
    """Prints the share of faults that are noticed; 1 if it is too small."""
    share = sum(noticed) / max(len(noticed), 1)
    print(f"{sum(noticed)} of {len(chosen)} faults are noticed: {100 * share:.1f} %")
    return int(share < LEAST_SHARE)


if __name__ == "__main__":
    sys.exit(main())
