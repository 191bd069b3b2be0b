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
from btcore.research.sweeps.goals import goals_of
from btcore.research.sweeps.swept import Swept
from btserver.optimization_schemas import OptimizationRequest
from btserver.runs import engine

from .terms import search_terms, searched, split_ns, strategy_of, whole_space
from .validation import check_validation

LOOKED_AT = 64  # sets, of which the strategy must take one
DAY_NS = 86_400 * 10**9
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
    """ConfigError or DataError, whose message begins with the path of the fault, for what cannot be played."""
    base = request.base_backtest
    ranges = searched(request)
    swept = _swept(request)
    known = swept.parameters
    for place, names in (
        ("search_space.parameters[{i}].name", list(ranges)),
        ("base_backtest.strategy.params.{name}", list(base.strategy.params)),
    ):
        for i, name in enumerate(names):
            if known is not None and name not in known:
                raise ConfigError(
                    f"{place.format(i=i, name=name)}: {base.strategy.name} has no parameter "
                    f"{name!r}{near_name(name, known)}, only {', '.join(known) or 'none'}"
                )
    if base.execution.intrabar == "bounds":
        raise ConfigError(
            "base_backtest.execution.intrabar: 'bounds' plays two readings; a search needs one of them"
        )
    try:
        goals_of({request.objective_metric: request.direction})
        search = _search(request)
        check_validation(request)
    except ConfigError as error:
        raise ConfigError(_renamed(str(error), list(ranges))) from error
    first = _first_set(search, swept, len(ranges))
    played = replace(base, strategy=StrategySpec(name=base.strategy.name, params=first))
    try:
        engine.check_request(played, source)
    except BtcoreError as error:
        raise type(error)(f"base_backtest.{error}") from error
    split = split_ns(request)
    if split is not None and not base.start_ns < split < base.end_ns:
        raise ConfigError("holdout_share: the period is too short to be divided")
    _check_size(search.at_most, engine.count_rows(base, source), bounds)


def _swept(request: OptimizationRequest) -> Swept:
    try:
        return Swept(strategy_of(request.base_backtest))
    except ConfigError as error:
        raise ConfigError(f"base_backtest.{error}") from error


def _search(request: OptimizationRequest) -> Search:
    """The search; of Optuna one that draws from the same space, as its package need not be imported here."""
    terms: dict[str, Any] = search_terms(request)
    del terms["on_error"]
    if request.method == "optuna":
        if find_spec("optuna") is None:
            raise ConfigError("method: this server has no optuna; choose grid or random")
        terms["method"] = "random"
    return make_search(whole_space(request), **terms)


def _first_set(search: Search, swept: Swept, n_searched: int) -> dict[str, Any]:
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


def _check_size(trials: int, rows: int, bounds: Bounds) -> None:
    if bounds.rows and rows > bounds.rows:
        raise ConfigError(
            f"base_backtest.symbols: a run could have {rows:,} rows; the limit is {bounds.rows:,}: "
            "choose fewer symbols, less time or a coarser resolution"
        )
    if bounds.trials and trials > bounds.trials:
        raise ConfigError(f"max_trials: {trials:,} trials are more than {bounds.trials:,}, the limit")
    if bounds.trial_rows and rows * trials > bounds.trial_rows:
        raise ConfigError(
            f"max_trials: {trials:,} trials of {rows:,} rows are more than {bounds.trial_rows:,} rows, "
            "the limit: choose fewer trials, symbols or a coarser resolution"
        )
