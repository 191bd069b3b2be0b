"""A strategy against the data of its run: an error if it can do nothing, log lines where it may surprise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars
from btcore.data.markets import SymbolStreams
from btcore.errors import ConfigError
from btcore.strategies import check_params
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.strategy import HOOKS, Strategy
from btcore.strategies.compiled.compiled import Compiled
from btcore.strategies.signals.signals import Signals
from btcore.strategies.targets.targets import Targets
from btcore.times.clock import moment_text

from .hook_names import check_hooks
from .inputs import execution_source
from .prepare import PreparedRun

BY_CHANGES = {"momentum", "rsi"}  # n changes need n + 1 prices
WARM_UP_KINDS = ("bars", "quotes", "trades")  # the first that a symbol has is counted
CALLED_ALWAYS = {"on_start", "on_end"}
OTHER_BARS = "other_bars"
KIND_OF_HOOK = {
    "on_bar": "bars",
    "on_bars": "bars",
    "on_quote": "quotes",
    "on_trade": "trades",
    "on_other_bar": OTHER_BARS,
}


def check_strategy(run: PreparedRun, strategy: Any, params: Any) -> list[str]:
    """Lines of the log about a strategy that may not do what its author expects.

    ConfigError if it can do nothing: it has no hook, or none that the data of the run call.
    """
    if isinstance(strategy, str):
        return warm_up(run.markets, strategy, check_params(strategy, {} if params is None else params))
    if isinstance(strategy, Orders | Targets):
        return rows_at_opens(run.markets, strategy)
    if isinstance(strategy, Signals):
        return rows_without_bars(run, strategy)
    if isinstance(strategy, Compiled):
        kinds = {event: event for event in strategy.events if event in KIND_OF_HOOK.values()}
        others = [f"on_{event}" for event in strategy.events if event not in kinds]
        return _unmatched(run, "the compiled strategy", kinds, others)
    if isinstance(strategy, Strategy) or (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        return hooks_without_events(run, strategy)
    return []


def hooks_without_events(run: PreparedRun, strategy: Strategy | type[Strategy]) -> list[str]:
    """A line for each hook whose kind of event the data do not have, and for each hook of another package.

    ConfigError if no hook is left, and for a name that is nearly that of a hook.
    """
    cls = strategy if isinstance(strategy, type) else type(strategy)
    hooks = [name for name in HOOKS if getattr(strategy, name, None) is not None]
    lines = check_hooks(cls, hooks)
    kinds = {name: KIND_OF_HOOK[name] for name in hooks if name in KIND_OF_HOOK}
    others = [name for name in hooks if name not in KIND_OF_HOOK]
    lines += _unmatched(run, cls.__name__, kinds, others)
    return lines + fewer_rows(run.markets, cls.__name__, strategy.warm_up)


def fewer_rows(markets: SymbolStreams, name: str, rows: int) -> list[str]:
    """A line for each symbol with fewer rows than `warm_up`."""
    counted = [
        (symbol, min(containers, key=lambda each: WARM_UP_KINDS.index(each.kind)))
        for symbol, containers in markets
    ]
    return [
        f"{name}.warm_up is {rows} rows and {symbol} has {len(container)} {container.kind}: no callback of "
        "the data or of timers is called"
        for symbol, container in counted
        if len(container) < rows
    ]


def _unmatched(run: PreparedRun, name: str, kinds: dict[str, str], others: list[str]) -> list[str]:
    """Lines for hooks whose kind is not among the data; ConfigError if no other hook is ever called."""
    present = sorted({container.kind for _, containers in run.markets for container in containers})
    present += [OTHER_BARS] if run.others else []
    missing = {hook: kind for hook, kind in kinds.items() if kind not in present}
    if len(missing) == len(kinds) and not CALLED_ALWAYS & set(others):
        hooks, found = ", ".join([*missing, *others]), " and ".join(present)
        raise ConfigError(f"strategy: of {name}, {hooks} would never be called, as the data are {found}")
    return [f"{name}: {hook} is never called, as the data have no {kind}" for hook, kind in missing.items()]


def rows_at_opens(markets: SymbolStreams, strategy: Orders | Targets) -> list[str]:
    """A line for each symbol with rows at the open of a bar where no bar ends.

    A value that is computed from a bar is known at its end. Where bars follow each other without a gap, all
    opens but the first are ends, so that this finds only the first bar.
    """
    lines = []
    word = "orders" if isinstance(strategy, Orders) else "targets"
    for symbol, containers in markets:
        source = execution_source(containers)
        if not isinstance(source, Bars):
            continue
        times = strategy.timestamp[strategy.symbol == symbol]
        early = times[_among(times, source.timestamp) & ~_among(times, source.end)]
        if len(early):
            first = np.datetime64(int(early[0]), "ns")
            lines.append(
                f"{len(early)} of {len(times)} {word} of {symbol} are dated at the open of a bar, the first "
                f"at {first}Z: what is computed from a bar is known at its end, at which "
                f"{word.capitalize()}(bars=) dates its rows"
            )
    return lines


def rows_without_bars(run: PreparedRun, signals: Signals) -> list[str]:
    """Lines about rows of signals before the run and after it, and about rows at whose time no bar ends."""
    place, last, lines = signals.places(run.tape.symbols), run.tape.last_time(), []
    for number, (symbol, containers) in enumerate(run.markets):
        times = signals.timestamp[place == number]
        source = execution_source(containers)
        played = times[(times >= run.first_ts) & (times <= last)]
        if len(played) < len(times):
            lines.append(
                f"{len(times) - len(played)} of {len(times)} rows of signals of {symbol} are dated before "
                "the run or after its data, and do nothing"
            )
        astray = played[~_among(played, source.end)] if isinstance(source, Bars) else played[:0]
        if len(astray):
            lines.append(
                f"{len(astray)} of {len(times)} rows of signals of {symbol} are dated where no bar of the "
                f"run ends, the first at {moment_text(int(astray[0]))}: are these the bars of the run?"
            )
    return lines


def _among(times: NDArray[np.int64], moments: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for each of `times` that is one of the sorted `moments`."""
    if not len(moments):
        return np.zeros(len(times), np.bool_)
    at = np.minimum(np.searchsorted(moments, times), len(moments) - 1)
    found: NDArray[np.bool_] = moments[at] == times
    return found


def warm_up(markets: SymbolStreams, name: str, given: Any) -> list[str]:
    """A line for each symbol with fewer prices than a built-in strategy needs before it can act."""
    lengths = [getattr(given, field) for field in given.__struct_fields__ if field.endswith("period")]
    needed = max(lengths, default=0) + (name in BY_CHANGES)
    return [
        f"{name} needs {needed} prices before it can act, and {symbol} has {found}"
        for symbol, containers in markets
        if (found := sum(len(container) for container in containers)) < needed
    ]
