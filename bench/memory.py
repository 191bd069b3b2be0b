"""Measures the private memory of a process, or of its workers, during a block of code."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

STATUS = Path("/proc/self/status")


def anonymous() -> int:
    """Private bytes of this process. Pages of mapped files are not counted, as the system may drop them."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


class Peak:
    """`with Peak() as peak: ...`, then `peak.megabytes`: the highest increase, sampled every millisecond."""

    def __enter__(self) -> Self:
        self.before = self.most = anonymous()
        self.over = threading.Event()
        self.watch = threading.Thread(target=self.sample)
        self.watch.start()
        return self

    def sample(self) -> None:
        while not self.over.wait(0.001):
            self.most = max(self.most, anonymous())

    def __exit__(self, *_: object) -> None:
        self.most = max(self.most, anonymous())
        self.over.set()
        self.watch.join()

    @property
    def megabytes(self) -> float:
        return (self.most - self.before) / 1e6


class Workers:
    """`with Workers() as seen: ...`: the memory of worker processes below this one, sampled.

    own: MB of the largest, without pages of files and of shared memory (these count as private, USS, as long
        as only one worker has read them). pss: with its share of all that it has mapped. seen: their ids.
    """

    def __enter__(self) -> Self:
        self.own = self.pss = 0.0
        self.seen: set[int] = set()
        self.over = threading.Event()
        self.watch = threading.Thread(target=self.sample)
        self.watch.start()
        return self

    def sample(self) -> None:
        while not self.over.wait(0.1):
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.Error, OSError):
                    command = " ".join(child.cmdline())
                    if "LokyProcess" in command or "ray::play" in command:
                        self.note(child.pid)

    def note(self, pid: int) -> None:
        found = {}
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size, *_ = line.split()
            found[name.rstrip(":")] = int(size)
        self.seen.add(pid)
        self.own = max(self.own, 1024e-6 * found["Anonymous"])
        self.pss = max(self.pss, 1024e-6 * found["Pss"])

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watch.join()
