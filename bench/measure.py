"""Measures one figure of a claim: ours and its bound, alternately, in one process."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def clock(function: Callable[[], Any]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def quartiles(seconds: list[float]) -> dict[str, float]:
    """`q1`, `median` and `q3`."""
    q1, median, q3 = np.quantile(seconds, [0.25, 0.5, 0.75]).tolist()
    return {"q1": q1, "median": median, "q3": q3}


def figure(
    benchmark: Any,
    ours: Callable[[], Any],
    *,
    claim: int,
    what: str,
    work: int = 0,
    unit: str = "",
    bound: tuple[str, Callable[[], Any]] | None = None,
    goal: tuple[str, float] | None = None,
    note: str = "",
    rounds: int = 7,
    seconds: list[float] | None = None,
    bound_seconds: list[float] | None = None,
) -> Any:
    """Measures `ours`, with its bound before each round; records the figure and returns the result.

    `work` is a number of `unit`. `goal` is ("rate", least work per second), ("seconds", most) or
    ("ratio", least time of the bound ÷ ours). `seconds`, if `ours` fills it, replaces the measured times, and
    `bound_seconds`, if the bound fills it, those of the bound; the first of each is of the warm-up.
    """
    theirs: list[float] = []
    result = benchmark.pedantic(
        ours, setup=lambda: bound and theirs.append(clock(bound[1])), rounds=rounds, warmup_rounds=1
    )
    benchmark.extra_info |= {"claim": claim, "what": what, "work": work, "unit": unit, "goal": goal}
    benchmark.extra_info |= {"note": note, "own": quartiles(seconds[1:]) if seconds else None}
    theirs = bound_seconds or theirs
    benchmark.extra_info["bound"] = {"name": bound[0], **quartiles(theirs[1:])} if bound else None
    return result
