"""Points of a parameter space at random, in Latin hypercubes and of Sobol sequences."""

from collections.abc import Iterator
from random import Random
from typing import Any

from btcore.data.conversions import import_library

from .constraints import EXTRA
from .space import Point, Space

SOBOL_BLOCK = 256  # points at a time; a power of 2, for which scipy's sequences are made


def random_points(space: Space, seed: int) -> Iterator[Point]:
    """Points in random order: of a space without a continuum each one once, else without end."""
    generator = Random(seed)
    if space.size is None:
        while True:
            yield space.point_at([generator.random() for _ in space.free])
    for index in _shuffled(space.size, generator):
        yield space.point(index)


def _shuffled(size: int, generator: Random) -> Iterator[int]:
    """0 to `size` - 1 in random order; takes memory for what was drawn, not for `size`.

    It is the shuffle of Fisher and Yates, of which only the exchanged places are stored.
    """
    moved: dict[int, int] = {}
    for left in range(size, 0, -1):
        place, last = generator.randrange(left), left - 1
        yield moved.get(place, place)
        end = moved.pop(last, last)
        if place != last:
            moved[place] = end


def latin_points(space: Space, seed: int, missing: "Missing") -> Iterator[Point]:
    """Points of Latin hypercubes, each of as many points as are missing when it begins."""
    engine = _sequences().LatinHypercube(len(space.free), rng=seed)
    while True:
        for shares in engine.random(missing.count):
            yield space.point_at(shares.tolist())


def sobol_points(space: Space, seed: int) -> Iterator[Point]:
    """Points of a scrambled Sobol sequence, in its order."""
    engine = _sequences().Sobol(len(space.free), scramble=True, rng=seed)
    while True:
        for shares in engine.random(SOBOL_BLOCK):
            yield space.point_at(shares.tolist())


class Missing:
    """How many parameter sets are still to be drawn."""

    def __init__(self, count: int) -> None:
        self.count = count


def _sequences() -> Any:
    return import_library("scipy.stats.qmc", EXTRA)
