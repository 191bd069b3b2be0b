"""A plugin of pytest that runs the collected tests once for each fault, each time in a child process.

The tests are collected once, as that takes longer than most runs: a child stops at the first test that fails.
Tests of the reference engine are left out, and random cases are not shrunk.
"""

import json
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mutation.faults import Fault

WORKERS = 2
SECONDS = 900  # for the tests of one fault
MEMORY = 8 * 2**30  # bytes of one process
UNKNOWN = 0.1  # seconds of a test that has not run
SHORT = 8.0  # seconds of a module
FIRST = ("tests/by_hand/", "tests/properties/")
BROAD = "tests/properties/test_against_reference.py"
OWN = {  # the tests of the package of a fault, those closest to it first
    "engine": ("tests/unit/test_verify.py", "tests/unit/backtest", "tests/unit/results"),
    "rules": ("tests/unit/rules", "tests/unit/test_verify.py"),
    "metrics": ("tests/unit/metrics", "tests/by_hand/test_metrics_of_runs.py", "tests/unit/results"),
    "fastpath": ("tests/unit/backtest", "tests/properties/test_plain_run.py", "tests/unit/strategies/arrays"),
    "feed": (
        "tests/unit/feed",
        "tests/unit/backtest",
        "tests/properties/test_plain_run.py",
        "tests/properties/test_skipping.py",
    ),
    "strategies": ("tests/unit/strategies",),
}


@dataclass
class Child:
    """A process that runs tests with one fault, or with none if `number` is 0."""

    number: int
    folder: Path  # for its temporary files and its outcome
    pid: int
    began: float = field(default_factory=time.monotonic)


@dataclass
class Outcome:
    number: int
    failed: str | None  # the test that failed, or why the process ended; None: all tests passed
    elapsed: float
    seconds: dict[str, float]  # by test


class FaultRuns:
    """After the session `outcomes` has an item for each fault; it is empty if tests fail without a fault."""

    def __init__(self, chosen: list[Fault], times: Path, log: Path, *, trust: bool, quick: bool) -> None:
        self.chosen, self.times, self.log = chosen, times, log
        self.trust, self.quick = trust and times.exists(), quick
        self.outcomes: list[Outcome] = []
        self.failed: str | None = None  # of the child process
        self.seconds: dict[str, float] = {}

    def pytest_sessionstart(self) -> None:
        from hypothesis import (
            Phase,
            settings,
        )  # not before pytest starts, which rewrites assertions of plugins

        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutation", settings.get_profile("btcore"), phases=phases, database=None)
        settings.load_profile("mutation")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Tests of the second engine alone, and the count of rare cases, which is slow and finds no fault.
        left_out = ("[reference", "the_reference_h", "test_branches")
        items[:] = [item for item in items if not any(part in item.nodeid for part in left_out)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = list(session.items)
        if not self.trust and not self.passes_without_fault(session, items):
            return True
        known: dict[str, float] = json.loads(self.times.read_text())
        cost: dict[str, float] = {}
        for item in items:
            cost[module_of(item)] = cost.get(module_of(item), 0.0) + known.get(item.nodeid, UNKNOWN)
        todo = ((fault.number, tests_of(fault, items, cost, quick=self.quick)) for fault in self.chosen)
        by_number = {fault.number: fault for fault in self.chosen}
        with self.log.open("a") as log:
            for outcome in self.run_all(session, todo):
                self.outcomes.append(outcome)
                print(f"{outcome.number:4d} {outcome.elapsed:6.1f} s  {outcome.failed}", file=log, flush=True)
                if outcome.failed is None:
                    print(f"not noticed:\n{by_number[outcome.number]}", flush=True)
        return True

    def passes_without_fault(self, session: pytest.Session, items: list[pytest.Item]) -> bool:
        """Runs all tests in two processes, and stores how long each takes."""
        random = [item for item in items if item.nodeid.startswith(FIRST[1])]
        others = [item for item in items if not item.nodeid.startswith(FIRST[1])]
        seconds: dict[str, float] = {}
        began = time.monotonic()
        for outcome in self.run_all(session, iter([(0, random), (0, others)])):
            if outcome.failed is not None:
                print(f"without a fault the tests fail: {outcome.failed}", flush=True)
                return False
            seconds.update(outcome.seconds)
        self.times.write_text(json.dumps(seconds))
        print(f"without a fault {len(seconds)} tests pass, in {time.monotonic() - began:.0f} s", flush=True)
        return True

    def run_all(
        self, session: pytest.Session, todo: Iterator[tuple[int, list[pytest.Item]]]
    ) -> Iterator[Outcome]:
        """The outcome of each run, as it ends; `WORKERS` of them at a time."""
        running: list[Child] = []
        while True:
            while len(running) < WORKERS and (item := next(todo, None)) is not None:
                running.append(self.start(session, *item))
            if not running:
                return
            time.sleep(0.05)
            for child in list(running):
                outcome = ended(child)
                if outcome is not None:
                    running.remove(child)
                    yield outcome

    def start(self, session: pytest.Session, number: int, items: list[pytest.Item]) -> Child:
        folder = Path(tempfile.mkdtemp(prefix="mutation-"))
        pid = os.fork()
        if pid:
            return Child(number, folder, pid)
        try:
            self.run_here(number, folder, items)
        finally:
            os._exit(1)

    def run_here(self, number: int, folder: Path, items: list[pytest.Item]) -> None:
        """Runs the items up to the first that fails, and writes the outcome. Called in the child process."""
        os.setpgid(0, 0)
        os.environ["BTCORE_FAULT"] = str(number)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        (folder / "outcome.json").write_text(json.dumps([self.failed, self.seconds]))


def ended(child: Child) -> Outcome | None:
    """The outcome of a process that has ended or runs too long; None if it still runs."""
    elapsed = time.monotonic() - child.began
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    if pid == 0:
        if elapsed <= SECONDS or child.number == 0:
            return None
        os.killpg(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
    path = child.folder / "outcome.json"
    failed: str | None = f"status {status}" if pid else "too slow"
    seconds: dict[str, float] = {}
    if path.exists():
        failed, seconds = json.loads(path.read_text())
    shutil.rmtree(child.folder, ignore_errors=True)
    return Outcome(child.number, failed, elapsed, seconds)


def module_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def tests_of(
    fault: Fault, items: list[pytest.Item], cost: dict[str, float], *, quick: bool
) -> list[pytest.Item]:
    """The tests that run with a fault; `cost` is by module.

    The short modules of its own package come first, then the cases by hand, the random markets, and all
    others, which `quick` leaves out. Tests of one module stay together, as they may share what is set up.
    """
    by_hand = fault.file.startswith(("engine/", "rules/"))  # the other packages have tests of their own
    own = OWN[fault.file.split("/")[0]]

    def place(item: pytest.Item) -> tuple[int, float, str]:
        module = module_of(item)
        is_own = module.startswith(own[:1] if by_hand else own) and cost[module] < SHORT
        ahead = (is_own, module.startswith(FIRST[0]) and by_hand, module == BROAD and by_hand)
        return -max(ahead * (3 - k) for k, ahead in enumerate(ahead)), cost[module], module

    chosen = [item for item in items if item.nodeid.startswith((*FIRST, *own))]
    return sorted((item for item in chosen if not quick or place(item)[0] < 0), key=place)
