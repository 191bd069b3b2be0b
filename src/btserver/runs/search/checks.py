"""What of a request is refused before it is stored: everything that can be known without the data."""

import re
from importlib.util import find_spec
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from btcore.config import StrategySpec
from btcore.data import Catalog, SampleMarket
from btcore.errors import BtcoreError, ConfigError, near_name
from btcore.research.search.method import Search, make_search
from btcore.research.search.space import make_space
from btcore.research.sweeps.goals import goals_of
from btcore.research.sweeps.swept import Swept
from btserver.optimization_schemas import OptimizationRequest
from btserver.runs import engine

from .terms import search_terms, searched, split_ns, strategy_of, whole_space
from .validation import check_validation

LOOKED_AT = 64  # sets, of which the strategy must take one
MOST_LOOKED_THROUGH = 100_000  # sets of a grid for those that keep the constraints
# Arguments of the library, and the fields of a request that give them.
_FIELDS = {
    "trials": "max_trials",
    "seed": "random_seed",
    "objective": "objective_metric",
    "direction": "direction",
    "params": "search_space.parameters",
    "method": "method",
    "batch": "method",
}
_PLACE = re.compile(r"(?P<name>[a-z_]+)(?P<rest>(\.\w+|\[[^]]*\])*): (?P<text>.*)", re.DOTALL)


class Bounds(Struct, frozen=True, kw_only=True):
    """The bounds of an optimization; 0 for none. rows: of a run; trial_rows: rows times trials."""

    rows: int = 0
    trials: int = 0
    trial_rows: int = 0


def check_search(request: OptimizationRequest, source: Catalog | SampleMarket, bounds: Bounds) -> None:
    """ConfigError or DataError for what cannot be played; the message begins with the path of the fault."""
    base = request.base_backtest
    names = list(searched(request))
    swept = _swept(request)
    _check_names(request, swept, names)
    if base.execution.intrabar == "bounds":
        raise ConfigError(
            "base_backtest.execution.intrabar: 'bounds' plays two readings; a search needs one of them"
        )
    try:
        goals_of({request.objective_metric: request.direction})
        check_validation(request)
        search = _search(request)
        _check_trials(search.at_most, bounds)
        first = _first_set(search, swept)
    except ConfigError as error:
        raise ConfigError(_renamed(str(error), names)) from error
    played = replace(base, strategy=StrategySpec(name=base.strategy.name, params=first))
    try:
        engine.check_request(played, source)
    except BtcoreError as error:
        raise type(error)(f"base_backtest.{error}") from error
    split = split_ns(request)
    if split is not None and not base.start_ns < split < base.end_ns:
        raise ConfigError("holdout_share: the period is too short to be divided")
    _check_rows(search.at_most, engine.count_rows(base, source), bounds)


def _check_names(request: OptimizationRequest, swept: Swept, names: list[str]) -> None:
    """ConfigError for a parameter that the strategy does not have."""
    strategy, known = request.base_backtest.strategy, swept.parameters or []
    places = {name: f"base_backtest.strategy.params.{name}" for name in strategy.params}
    places |= {name: f"search_space.parameters[{i}].name" for i, name in enumerate(names)}
    for name, place in places.items():
        if name not in known:
            raise ConfigError(
                f"{place}: {strategy.name} has no parameter {name!r}{near_name(name, known)}, "
                f"only {', '.join(known) or 'none'}"
            )


def _swept(request: OptimizationRequest) -> Swept:
    try:
        return Swept(strategy_of(request.base_backtest))
    except ConfigError as error:
        raise ConfigError(f"base_backtest.{error}") from error


def _search(request: OptimizationRequest) -> Search:
    """The search; of Optuna one that draws from the same space, as its package need not be imported here."""
    terms: dict[str, Any] = search_terms(request)
    del terms["on_error"]
    space = whole_space(request)
    if request.method == "optuna":
        if find_spec("optuna") is None:
            raise ConfigError("method: this server has no optuna; choose grid or random")
        terms["method"] = "random"
    size = make_space(space, distinct=True).size
    if request.method == "grid" and request.constraints and size is not None and size > MOST_LOOKED_THROUGH:
        raise ConfigError(
            f"constraints: {size:,} sets would be looked through; {MOST_LOOKED_THROUGH:,} are allowed: widen "
            "the steps, or choose random"
        )
    return make_search(space, **terms)


def _first_set(search: Search, swept: Swept) -> dict[str, Any]:
    """A set that the strategy takes; ConfigError if it refuses the first of them."""
    sets = search.ask(LOOKED_AT)
    reason = ""
    for each in sets:
        try:
            swept.check(each)
        except ConfigError as error:
            reason = reason or str(error)
        else:
            return dict(each)
    which = "the only set is" if len(sets) == 1 else f"the first {len(sets)} sets are"
    raise ConfigError(f"search_space.parameters: {which} refused, because {reason or 'there is none'}")


def _renamed(text: str, names: list[str]) -> str:
    """The message of the library with the path of the field that gave the argument."""
    match = _PLACE.fullmatch(text)
    if match is None or match["name"] not in _FIELDS:
        return text
    field, rest = _FIELDS[match["name"]], match["rest"]
    parameter = rest.removeprefix(".").partition(".")[0].partition("[")[0]
    if match["name"] == "params" and parameter in names:
        return f"{field}[{names.index(parameter)}]: {match['text']}"
    return f"{field}: {match['text']}"


def _check_trials(trials: int, bounds: Bounds) -> None:
    if bounds.trials and trials > bounds.trials:
        raise ConfigError(f"max_trials: {trials:,} trials are more than {bounds.trials:,}, the limit")


def _check_rows(trials: int, rows: int, bounds: Bounds) -> None:
    if bounds.rows and rows > bounds.rows:
        raise ConfigError(
            f"base_backtest.symbols: a run could have {rows:,} rows; the limit is {bounds.rows:,}: "
            "choose fewer symbols, less time or a coarser resolution"
        )
    if bounds.trial_rows and rows * trials > bounds.trial_rows:
        raise ConfigError(
            f"max_trials: {trials:,} trials of {rows:,} rows are more than {bounds.trial_rows:,} rows, "
            "the limit: choose fewer trials, symbols or a coarser resolution"
        )
