"""The manifest of a run, which suffices to repeat it, and its fingerprint: a hash of settings and data."""

import json
import sys
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

import msgspec
import numpy as np

from btcore.config import Execution, Instrument
from btcore.costs import CostModel
from btcore.data.base import Container
from btcore.data.hashing import sha256_hex
from btcore.data.other_bars import OtherBars
from btcore.metrics.annual import Rates
from btcore.strategies.arrays.handler import ArrayHandler
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.code_hash import CodeHash
from btcore.strategies.compiled.handler import CompiledHandler
from btcore.strategies.signals.signals import Signals
from btcore.strategies.targets.targets import Targets
from btcore.version import __version__

# Settings that 0.1.0 did not have. They are described only where they differ from their defaults, so that
# runs without them have the same description as in earlier releases.
LATER_FIELDS = {
    "sessions",  # of Instrument, since 0.4.0
    "bar_fill",  # of Execution, since 0.6.0, as those that follow
    "close_at_end",
    "consume",
    "max_quote_age",
    "commission_per_order",
    "commission_max_bps",
    "commission_round_to",
    "slippage_entry_bps",
    "max_order",
    "max_position",
    "max_open_orders",
    "max_loss",
    "max_orders_per_second",
    "oco_across",
    "resting_on",
    "commission",  # of Instrument, since 0.6.0, as those that follow
    "slippage",
    "halts",
    "price_bands",
    "delisting",
    "mark_prices",
    "limit_fill",  # of Execution, since 0.6.0 with None as its default, which before had the name "through"
}


def describe_strategy(strategy: Any, params: Any) -> dict[str, Any]:
    """Kind, name and parameters of a strategy, and a hash of Python code or of arrays."""
    if isinstance(strategy, str):
        return {"kind": "built-in", "name": strategy, "params": msgspec.to_builtins(params)}
    if isinstance(strategy, Strategy):
        return describe_python(strategy)
    if isinstance(strategy, Orders | Signals | Targets):
        name = type(strategy).__name__.lower()
        params = {} if isinstance(strategy, Orders) else strategy.params
        columns = strategy.columns()
        if isinstance(strategy, Orders) and not strategy.from_fill.any():
            del columns["from_fill"]  # since 0.7.0: fingerprints of earlier releases stay
        content = b"".join(f"{n}:{c.dtype}:{len(c)}".encode() + c.tobytes() for n, c in columns.items())
        return {"kind": name, "name": name, "params": params, "sha256": sha256_hex(content)}
    if isinstance(strategy, ArrayHandler | CompiledHandler):
        return strategy.described
    name = type(strategy).__qualname__
    return {
        "kind": "compiled",
        "name": name,
        "params": {},
        "incomplete": [f"the code and the state of {name}"],
    }


def describe_python(strategy: Strategy) -> dict[str, Any]:
    """Class, parameters, and hashes of code and state; `incomplete` names what is not part of the hashes."""
    cls = type(strategy)
    code, state = CodeHash((Strategy, object)), CodeHash((Strategy, object, cls))
    code.add_class(cls)
    state.add_value(cls.__qualname__, strategy)
    incomplete = [*code.incomplete, *state.incomplete]
    return {
        "kind": "python",
        "name": f"{cls.__module__}.{cls.__qualname__}",
        "params": msgspec.to_builtins(strategy.params),
        "code_sha256": code.digest,
        "state_sha256": state.digest,
        **({"incomplete": incomplete} if incomplete else {}),
    }


def describe_cost_model(model: CostModel) -> dict[str, Any]:
    """The name and a hash of the code of each function; `incomplete` names what is not part of the hash."""
    described = {}
    for name, function in model.functions().items():
        inner = getattr(function, "__wrapped__", function)
        code = CodeHash()
        if isinstance(inner, FunctionType):
            code.add_function(inner, inner.__qualname__)
        else:
            code.add_value(f"cost_model.{name}", inner)
        described[name] = {
            "name": f"{inner.__module__}.{getattr(inner, '__qualname__', type(inner).__qualname__)}",
            "code_sha256": code.digest,
            **({"incomplete": code.incomplete} if code.incomplete else {}),
        }
    return described


def describe_data(markets: Sequence[tuple[str, tuple[Container, ...]]]) -> list[dict[str, Any]]:
    """Kind, number of rows, first and last timestamp and content hash of each stream."""
    return [
        {
            "symbol": symbol,
            "kind": container.kind,
            "rows": len(container),
            "first": int(container.timestamp[0]) if len(container) else None,
            "last": int(container.timestamp[-1]) if len(container) else None,
            "interval": getattr(container, "interval", None),
            "source": getattr(container, "source", None),
            "sha256": container.content_hash,
        }
        for symbol, containers in markets
        for container in containers
    ]


def describe_others(others: Sequence[OtherBars]) -> list[dict[str, Any]]:
    """Likewise of the bars of other resolutions; those that the run builds follow from the rest."""
    return [
        described | {"resolution": each.resolution}
        for each in others
        if not each.built
        for described in describe_data([(each.symbol, (each.bars,))])
    ]


def with_notes(
    described: Sequence[dict[str, Any]], markets: Sequence[tuple[str, tuple[Container, ...]]]
) -> list[dict[str, Any]]:
    """What `describe_data` returns, with the notes of each stream that has any.

    The fingerprint has no notes: the same data read from another file give the same numbers.
    """
    streams = [container for _, containers in markets for container in containers]
    return [
        entry | ({"notes": list(container.notes)} if container.notes else {})
        for entry, container in zip(described, streams, strict=True)
    ]


def describe_settings(settings: Execution | Instrument) -> dict[str, Any]:
    """All fields as JSON values; those of LATER_FIELDS only if they differ from their defaults."""
    fields: dict[str, Any] = msgspec.to_builtins(settings)
    default = type(settings)()
    later = LATER_FIELDS | ({"maker_bps", "taker_bps"} if isinstance(settings, Instrument) else set())
    return {
        name: value
        for name, value in fields.items()
        if name not in later or getattr(settings, name) != getattr(default, name)
    }


def describe_run(
    *,
    strategy: dict[str, Any],
    execution: Execution,
    instruments: Mapping[str, Instrument],
    initial_capital: float,
    currency: str,
    timezone: str,
    start: int | None,
    end: int | None,
    mark_every: int | None,
    calendar: str | None,
    fx: Mapping[str, Any],
    periods_per_year: float | None = None,
    risk_free: Rates = 0.0,
    benchmark: dict[str, Any] | None = None,
    cost_model: dict[str, Any] | None = None,
    build_bars: list[Any] | None = None,
    warm_up: int = 0,
) -> dict[str, Any]:
    """The settings of a run as JSON values; instruments with default settings are left out.

    So are the settings of the metrics that have their defaults: earlier releases did not have them.
    """
    of_metrics = {"periods_per_year": periods_per_year, "risk_free": msgspec.to_builtins(risk_free)}
    of_metrics["benchmark"], of_metrics["cost_model"] = benchmark, cost_model
    of_metrics |= {"build_bars": build_bars, "warm_up": warm_up}
    return {
        "strategy": strategy,
        "execution": describe_settings(execution),
        "instruments": {
            symbol: describe_settings(instrument)
            for symbol, instrument in sorted(instruments.items())
            if instrument != Instrument()
        },
        "initial_capital": initial_capital,
        "currency": currency,
        "timezone": timezone,
        "start": start,
        "end": end,
        "mark_every": mark_every,
        "calendar": calendar,
        "fx": msgspec.to_builtins(fx),
        **{name: value for name, value in of_metrics.items() if value},
    }


def make_manifest(
    run: dict[str, Any], data: list[dict[str, Any]], *, data_source: str, timezone_from: str
) -> dict[str, Any]:
    """Versions, settings and data, as JSON values.

    `timezone_from` says why the run has its zone: "given", "data" or "default". The fingerprint does not have
    it, as only the zone itself decides about numbers.
    """
    import platform

    return {
        "btcore": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{sys.platform}-{platform.machine()}",
        "run": run,
        "data": data,
        "data_source": data_source,
        "timezone_from": timezone_from,
    }


def fingerprint(run: dict[str, Any], data: list[dict[str, Any]]) -> str:
    """SHA-256 of btcore's version, the settings and the data, as hexadecimal digits."""
    text = json.dumps([__version__, run, data], sort_keys=True, separators=(",", ":"))
    return sha256_hex(text.encode())
