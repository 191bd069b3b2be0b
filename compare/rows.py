"""Findings of a comparison: numbers that must be equal, and differences that must be explained."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-9  # relative


def apart(ours: ArrayLike, theirs: ArrayLike) -> float:
    """Largest relative difference of two columns; infinite if their shapes differ or one value is NaN."""
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if a.shape != b.shape or not a.size:
        return float("inf")
    relative = np.abs(a - b) / np.maximum(np.abs(b), 1e-300)
    relative[a == b] = 0.0
    return float("inf") if np.isnan(relative).any() else float(relative.max())


@dataclass(frozen=True)
class Same:
    """Two columns that must agree in every row."""

    run: str
    number: str  # what is compared
    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]

    @property
    def ok(self) -> bool:
        return apart(self.ours, self.theirs) <= TOLERANCE

    def __str__(self) -> str:
        shown = (
            f"{len(self.ours)} and {len(self.theirs)} rows, at most {apart(self.ours, self.theirs):.1e} apart"
        )
        if self.ours.ndim == 1 and self.ours.size and self.theirs.size:
            shown += f"; last {self.ours[-1]:.12g} and {self.theirs[-1]:.12g}"
        return f"{'same' if self.ok else 'MISMATCH':9}{self.run}: {self.number}: {shown}"


@dataclass(frozen=True)
class Differs:
    """A convention that differs, and a number which shows that nothing else does.

    `bridged` is our number under the peer's convention: from a run configured that way, or from a result
    converted to it. It must equal their number, and `ours` must not.
    """

    convention: str
    number: str  # what is compared
    btcore: str
    peer: str
    ours: float
    theirs: float
    bridged: float

    @property
    def ok(self) -> bool:
        return apart([self.bridged], [self.theirs]) <= TOLERANCE < apart([self.ours], [self.theirs])

    def __str__(self) -> str:
        return (
            f"{'differs' if self.ok else 'MISMATCH':9}{self.convention}: {self.number} "
            f"{self.ours:.12g} and {self.theirs:.12g}; ours by their convention {self.bridged:.12g}"
        )

    def markdown(self) -> str:
        """One row of the table: convention, btcore, the peer, number, ours, theirs."""
        return (
            f"| {self.convention} | {self.btcore} | {self.peer} | {self.number} "
            f"| {self.ours:.10g} | {self.theirs:.10g} |"
        )


Row = Same | Differs
