"""Repeats a run from its manifest, and compares it with the first one."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import msgspec

from btcore.config import Execution, Instrument
from btcore.data.run_data import RunData
from btcore.data.run_source import as_source
from btcore.errors import ConfigError
from btcore.results.result import Result
from btcore.results.tables import TABLES
from btcore.strategies.callbacks.strategy import Strategy
from btcore.times.resolutions import IRREGULAR, TICK, resolution_name
from btcore.version import __version__

from .handlers import StrategyLike
from .run_one import run

SETTINGS = (
    "initial_capital", "currency", "timezone", "start", "end", "mark_every", "calendar", "fx",
    "periods_per_year", "risk_free",
)  # fmt: skip


class Replay(NamedTuple):
    """A repeated run: its result, and in what it differs from the first one, in words."""

    result: Result
    differences: list[str]

    @property
    def is_equal(self) -> bool:
        """True if nothing differs."""
        return not self.differences


def replay(
    manifest: Mapping[str, Any] | Result,
    data: RunData,
    strategy: StrategyLike | None = None,
    *,
    benchmark: str | Mapping[str, Any] | None = None,
) -> Replay:
    """Repeats the run of a manifest over `data`, and compares settings, data and code with it.

    manifest: that of a result, or the Result itself, whose tables and metrics are then compared too.
    data: as in `run`; of a Source the symbols and the resolution of the manifest are taken.
    strategy: what the manifest cannot hold: arrays, compiled strategies, classes that cannot be imported;
        None for a built-in, or for a class that can be imported by the name in the manifest.
    benchmark: the data of the benchmark, where `data` does not have its symbol.

    ConfigError for a manifest without settings, and for a strategy that is needed and not given.
    """
    expected = manifest if isinstance(manifest, Result) else None
    told: Mapping[str, Any] = manifest.manifest if isinstance(manifest, Result) else manifest
    settings = told.get("run")
    if not isinstance(settings, Mapping) or "strategy" not in settings:
        raise ConfigError("manifest: it has no settings of a run, as the manifest of a Result does")
    made, params = (strategy, None) if strategy is not None else _strategy_of(settings["strategy"])
    options: dict[str, Any] = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    options |= _of_data(told, data)
    options["execution"] = msgspec.convert(settings["execution"], Execution)
    options["instruments"] = {
        symbol: msgspec.convert(terms, Instrument)
        for symbol, terms in settings.get("instruments", {}).items()
    }
    if settings.get("benchmark") is not None:
        options["benchmark"] = settings["benchmark"]["symbol"] if benchmark is None else benchmark
    result = run(data, made, params, data_source=told.get("data_source"), progress=False, **options)
    differences = _differences(_as_json(told), _as_json(result.manifest))
    if expected is not None:
        differences += _figures(expected, result)
    return Replay(result, differences)


def _as_json(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The manifest as a JSON text holds it, with lists for tuples."""
    found: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(manifest)))
    return found


def _strategy_of(described: Mapping[str, Any]) -> tuple[StrategyLike, Mapping[str, Any] | None]:
    """The strategy that a manifest describes, and its parameters."""
    kind, name = described.get("kind"), str(described.get("name"))
    if kind == "built-in":
        return name, described.get("params")
    if kind == "python":
        module, _, path = name.rpartition(".")
        try:
            found: Any = import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"strategy: {name} cannot be imported ({error}); give it as an argument"
            ) from error
        if not (isinstance(found, type) and issubclass(found, Strategy)):
            raise ConfigError(f"strategy: {name} is not a Strategy; give it as an argument")
        return found, described.get("params")
    raise ConfigError(
        f"strategy: a manifest does not hold what {kind} {name!r} consists of; give it as an argument"
    )


def _of_data(told: Mapping[str, Any], data: RunData) -> dict[str, Any]:
    """Symbols and resolution for a Source; nothing for other data."""
    if as_source(data) is None:
        return {}
    streams = told.get("data", [])
    names = {
        TICK if stream["kind"] != "bars" else resolution_name(int(stream.get("interval") or 0))
        for stream in streams
    }
    if len(names) != 1 or IRREGULAR in names:
        raise ConfigError("manifest: its data have no single resolution; give the data themselves")
    (name,) = names
    return {"symbols": list(dict.fromkeys(stream["symbol"] for stream in streams)), "resolution": name}


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """What differs in versions, data, and each setting."""
    lines = []
    if first.get("btcore") != __version__:
        lines.append(f"btcore: {first.get('btcore')}, now {__version__}")
    streams = [{(s["symbol"], s["kind"]): s for s in each.get("data", [])} for each in (first, second)]
    for key in dict.fromkeys([*streams[0], *streams[1]]):
        one, two = (each.get(key) for each in streams)
        name = " ".join(key)
        if one is None or two is None:
            lines.append(f"data: {name} {'are not in the first run' if one is None else 'are missing'}")
        elif one["sha256"] != two["sha256"]:
            lines.append(f"data: {name} differ ({one['rows']} rows, now {two['rows']})")
    was, now = first["run"], second["run"]
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) != now.get(name):
            lines += _setting(name, was.get(name), now.get(name))
    return lines


def _setting(name: str, was: Any, now: Any) -> list[str]:
    """A line for each entry that differs, or one for the setting."""
    if not (isinstance(was, Mapping) and isinstance(now, Mapping)):
        return [f"{name}: {was!r}, now {now!r}"]
    keys = [key for key in dict.fromkeys([*was, *now]) if was.get(key) != now.get(key)]
    return [f"{name}.{key}: {was.get(key)!r}, now {now.get(key)!r}" for key in keys]


def _figures(first: Result, second: Result) -> list[str]:
    """Tables and metrics that are not equal to the last bit."""
    lines = [] if first.fingerprint == second.fingerprint else ["fingerprint: another one"]
    lines += [
        f"{name}: {len(one)} rows, now {len(two)}" if len(one) != len(two) else f"{name}: its rows differ"
        for name in TABLES
        if (one := first.table(name)).tobytes() != (two := second.table(name)).tobytes()
    ]
    metrics = {**first.metrics, **second.metrics}
    changed = [name for name in metrics if first.metrics.get(name) != second.metrics.get(name)]
    return lines + [
        f"{name}: {first.metrics.get(name)!r}, now {second.metrics.get(name)!r}" for name in changed
    ]
