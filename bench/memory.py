"""Measures the private memory of a process during a block of code."""

import threading
from pathlib import Path
from typing import Self

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
