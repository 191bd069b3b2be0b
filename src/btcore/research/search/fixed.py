"""Searches that do not depend on results: a grid, and parameter sets that are drawn."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from btcore.errors import ConfigError

from .draws import Missing, latin_points, random_points, sobol_points
from .space import ParameterSets, Params, Point, Space

MOST_REDRAWS = 100_000  # in a row, until it is an error; 1 to 2 s with a constraint that is a text
MOST_REDRAWS_OF_SEQUENCE = 1_000  # in a row, until the rest is drawn at random
Fits = Callable[[Params], bool]
Goals = Sequence[float | None] | None


class FixedSearch:
    """A `Search` whose parameter sets are known before any result."""

    batch: int | None = None
    goals_needed: bool = False

    def __init__(self, n_trials: int | None, at_most: int, types: dict[str, set[type]]) -> None:
        self.n_trials: int | None = n_trials
        self.at_most: int = at_most
        self.types: dict[str, set[type]] = types
        self.left_out = 0
        self.notes: list[str] = []
        self._sets: Iterator[Params] = iter(())

    def ask(self, n: int) -> list[Params]:
        return list(islice(self._sets, n))

    def tell(self, trials: Sequence[tuple[Params, Goals]]) -> None:
        """Nothing depends on results."""

    def _begin(self, sets: Iterator[Params]) -> None:
        """Finds the first set at once: constraints that none fits are an error before anything runs."""
        first = next(sets, None)
        if first is None:
            raise none_fits(self.left_out)
        self._sets = chain([first], sets)


class GridSearch(FixedSearch):
    """Every parameter set in order, without those that break a constraint; at most `trials` of them."""

    def __init__(
        self, sets: Sequence[Params], types: dict[str, set[type]], trials: int | None, fits: Fits | None
    ) -> None:
        count = sets.size if isinstance(sets, ParameterSets) else len(sets)
        at_most = count if trials is None else min(trials, count)
        super().__init__(at_most if fits is None else None, at_most, types)
        self._begin(self._fitting(sets, at_most, fits))

    def _fitting(self, sets: Iterable[Params], at_most: int, fits: Fits | None) -> Iterator[Params]:
        n_given = 0
        for params in sets:
            if n_given == at_most:
                break
            if fits is None or fits(params):
                n_given += 1
                yield params
            else:
                self.left_out += 1
        if self.left_out:
            self.notes.append(f"{self.left_out:,} parameter sets of the grid break a constraint")


class DrawnSearch(FixedSearch):
    """`trials` parameter sets that are drawn; what breaks a constraint, or is not new, is drawn again.

    Once a sequence or hypercubes give nothing new, the rest is drawn at random. A space without a continuum
    ends when all of its sets were drawn.
    """

    def __init__(self, space: Space, method: str, trials: int, seed: int, fits: Fits | None) -> None:
        size = space.size
        at_most = trials if size is None else min(trials, size)
        super().__init__(at_most if fits is None or size is None else None, at_most, space.types)
        self._space, self._method, self._seed = space, method, seed
        self._fits = fits
        self._begin(self._drawn(trials))

    def _drawn(self, trials: int) -> Iterator[Params]:
        missing, seen = Missing(trials), set[Point]()
        repeats = self._method != "random" and self._space.size is not None  # points may come twice
        redraws = 0
        for points, most_redraws in self._streams(missing):
            redraws = 0
            for point in points:
                params = None if point in seen else self._fitting(point)
                if repeats:
                    seen.add(point)
                if params is not None:
                    redraws = 0
                    missing.count -= 1
                    yield params
                    if not missing.count:
                        return
                else:
                    redraws += 1
                    if redraws == most_redraws:
                        break
        n_drawn = trials - missing.count
        if redraws == MOST_REDRAWS:
            raise no_fit(n_drawn, self.left_out)
        if n_drawn:
            self.notes.append(exhausted(n_drawn, trials))

    def _streams(self, missing: Missing) -> Iterator[tuple[Iterator[Point], int]]:
        if self._space.free and self._method == "latin_hypercube":
            yield latin_points(self._space, self._seed, missing), MOST_REDRAWS_OF_SEQUENCE
        if self._space.free and self._method == "sobol":
            yield sobol_points(self._space, self._seed), MOST_REDRAWS_OF_SEQUENCE
        yield random_points(self._space, self._seed), MOST_REDRAWS

    def _fitting(self, point: Point) -> Params | None:
        params = self._space.params(point)
        if self._fits is None or self._fits(params):
            return params
        self.left_out += 1
        return None


def none_fits(left_out: int) -> ConfigError:
    return ConfigError(f"constraints: none of the {left_out:,} parameter sets fits")


def no_fit(n_drawn: int, left_out: int) -> ConfigError:
    share = n_drawn / (n_drawn + left_out)
    return ConfigError(
        f"constraints: {left_out:,} of {n_drawn + left_out:,} parameter sets that were drawn break them, the "
        f"last {MOST_REDRAWS:,} in a row; {share:.2g} of the space fits. Narrow the ranges to what fits"
    )


def exhausted(n_drawn: int, trials: int) -> str:
    return f"the space has only {n_drawn:,} parameter sets that fit, of {trials:,} trials"
