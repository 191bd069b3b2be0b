"""The interface of all searches, and the methods by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from btcore.errors import ConfigError, not_one_of

from .adaptive import OptunaSearch
from .constraints import Constraints, make_constraints
from .fixed import DrawnSearch, Goals, GridSearch
from .space import Params, make_space, parameter_sets, types_of

METHODS = ("grid", "random", "latin_hypercube", "sobol", "optuna")
DIRECTIONS = ("maximize", "minimize")


class Search(Protocol):
    """Gives parameter sets, and takes their results.

    The sets depend on the arguments of `make_search` alone, and those of an adaptive search on what it is
    told: asking again from the beginning, with the same results, gives the same sets.
    """

    n_trials: int | None
    """The number of parameter sets; None if it is not known before."""
    at_most: int
    """The most parameter sets that there can be."""
    batch: int | None
    """The number of sets that an adaptive search gives before their results must be told; else None."""
    goals_needed: bool
    """Whether the search is adaptive, and must be told objectives."""
    types: dict[str, set[type]]
    """The names of the parameters in order, each with the types of its values if these are listed."""
    left_out: int
    """The number of sets so far that broke a constraint."""
    notes: list[str]
    """Sentences for the result, complete when the search has ended."""

    def ask(self, n: int) -> list[Params]:
        """The next sets, at most `n`; fewer at the end of a batch, and none when the search has ended.

        Raises RuntimeError if all sets of the batch were asked and not all results were told; ConfigError for
        a constraint that fails, or that hardly any set fits.
        """
        ...

    def tell(self, trials: Sequence[tuple[Params, Goals]]) -> None:
        """Takes the objectives of sets in the order of asking; None for a set that was refused or failed.

        The same holds for an objective that is None or not finite. Raises ValueError for a set that is not
        the next.
        """
        ...


def make_search(
    space: Any,
    method: str = "grid",
    *,
    trials: int | None = None,
    seed: int = 0,
    constraints: Constraints = None,
    directions: Sequence[str] = ("maximize",),
    batch: int | None = None,
) -> Search:
    """The search of `space` by `method`.

    space: a mapping of names to ranges, lists of values or single values; for a grid also a sequence of
        parameter sets.
    method: "grid", "random", "latin_hypercube", "sobol" or "optuna".
    trials: the number of parameter sets; a grid without it has all.
    seed: a whole number from 0; a grid does not use it.
    constraints: see `make_constraints`.
    directions: "maximize" or "minimize" for each objective; only Optuna uses them.
    batch: the number of sets that Optuna proposes at once, 16 by default.

    Raises ConfigError, which begins with the name of the argument; `params` is the space.
    """
    if method not in METHODS:
        raise ConfigError(f"method: {not_one_of(method, METHODS)}")
    trials, batch = _whole("trials", trials, 1), _whole("batch", batch, 1)
    seed = _whole_number("seed", seed, 0)
    if method == "grid":
        sets = parameter_sets(space)
        types = types_of(sets)
        return GridSearch(sets, types, trials, make_constraints(constraints, list(types)))
    if not isinstance(space, Mapping):
        raise ConfigError(
            f"params: method {method!r} needs a mapping of names to ranges or values, not {space!r}"
        )
    if trials is None:
        raise ConfigError(f"trials: method {method!r} needs the number of parameter sets to draw")
    drawn = make_space(space, distinct=True)
    fits = make_constraints(constraints, drawn.names)
    if method == "optuna":
        _check_directions(directions)
        return OptunaSearch(drawn, trials, seed=seed, fits=fits, directions=directions, batch=batch)
    return DrawnSearch(drawn, method, trials, seed, fits)


def _whole(name: str, value: Any, least: int) -> int | None:
    return None if value is None else _whole_number(name, value, least)


def _whole_number(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{name}: {value!r} is not a whole number from {least}")
    return int(value)


def _check_directions(directions: Any) -> None:
    if isinstance(directions, str) or not isinstance(directions, Sequence) or not directions:
        raise ConfigError(f"directions: {directions!r} is not a list of 'maximize' or 'minimize'")
    for i, direction in enumerate(directions):
        if direction not in DIRECTIONS:
            raise ConfigError(f"directions[{i}]: {not_one_of(direction, DIRECTIONS)}")
