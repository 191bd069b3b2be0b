"""Repeats a run from its manifest, and compares it with the first one."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import msgspec

from btcore.config import CostModel, Execution, Instrument, checked
from btcore.data.run_data import RunData
from btcore.data.run_source import as_source
from btcore.errors import ConfigError
from btcore.results.result import Result
from btcore.results.summary import Metrics
from btcore.results.tables import TABLES
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.compiled.decorator import CompiledFunction
from btcore.times.resolutions import IRREGULAR, TICK, resolution_name
from btcore.version import __version__

from .handlers import StrategyLike
from .inputs import checked_cost_model
from .manifest import describe_cost_model
from .run_one import run

SETTINGS = (
    "initial_capital", "currency", "timezone", "start", "end", "mark_every", "calendar", "fx",
    "periods_per_year", "risk_free", "build_bars", "warm_up",
)  # fmt: skip

BEFORE_0_6 = ("0.1.", "0.2.", "0.3.", "0.4.", "0.5.")
GIVE = "bt.replay takes the strategy as its third argument"


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
    cost_model: CostModel | None = None,
) -> Replay:
    """Repeats the run of a manifest over `data`, and compares settings, data and code with it.

    manifest: that of a result, or the Result itself, whose tables and metrics are then compared too.
    data: as in `run`; the symbols of the manifest are taken, of a Source in its resolution.
    strategy: what the manifest cannot hold: arrays, compiled strategies, classes that cannot be imported;
        None for a built-in, or for a class that can be imported by the name in the manifest.
    benchmark: the data of the benchmark, where `data` does not have its symbol.
    cost_model: the functions of a run that had some, as a manifest has only their names and hashes.

    ConfigError for a manifest without settings, for a strategy or a cost model that is needed and not given,
    and for a cost model whose code is another one than that of the run.
    """
    expected = manifest if isinstance(manifest, Result) else None
    told: Any = _with_names_of_now(manifest.manifest if isinstance(manifest, Result) else manifest)
    settings, streams = _parts(told)
    made, params = _strategy_of(settings["strategy"], strategy)
    options: dict[str, Any] = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    options |= _of_data(streams, data)
    where = "manifest.run"
    options["execution"] = checked(f"{where}.execution", settings.get("execution", {}), Execution)
    options["instruments"] = checked(
        f"{where}.instruments", settings.get("instruments", {}), dict[str, Instrument]
    )
    options["cost_model"] = _cost_model_of(settings.get("cost_model"), cost_model)
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


def _parts(told: Any) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The settings of a manifest and its streams of data; ConfigError for another object."""
    if isinstance(told, Mapping) and "parts" in told:
        raise ConfigError(
            f"manifest: it is that of {len(told['parts'])} runs joined by {told.get('joined')}; each item of "
            'manifest["parts"] can be replayed'
        )
    settings = told.get("run") if isinstance(told, Mapping) else None
    described = settings.get("strategy") if isinstance(settings, Mapping) else None
    if not isinstance(settings, Mapping) or not isinstance(described, Mapping):
        raise ConfigError("manifest: it has no settings of a run, as the manifest of a Result does")
    streams = told.get("data", [])
    for i, stream in enumerate(streams):
        missing = [name for name in ("symbol", "kind", "rows", "sha256") if name not in stream]
        if missing:
            raise ConfigError(f"manifest.data[{i}]: {missing[0]} is missing")
    return settings, streams


def _with_names_of_now(told: Any) -> Any:
    """The manifest without `limit_fill` "through", the name that its default had before 0.6.0."""
    is_earlier = isinstance(told, Mapping) and str(told.get("btcore")).startswith(BEFORE_0_6)
    settings: Any = told.get("run") if is_earlier else None
    execution = settings.get("execution") if isinstance(settings, Mapping) else None
    if not isinstance(execution, Mapping) or execution.get("limit_fill") != "through":
        return told
    kept = {name: value for name, value in execution.items() if name != "limit_fill"}
    return {**told, "run": {**settings, "execution": kept}}


def _strategy_of(
    described: Mapping[str, Any], given: StrategyLike | None
) -> tuple[StrategyLike, Mapping[str, Any] | None]:
    """The strategy that is given, or else that a manifest describes, and its parameters."""
    kind, name, params = described.get("kind"), str(described.get("name")), described.get("params")
    if given is not None:
        if isinstance(given, CompiledFunction):
            return given, params if kind == "compiled" else None
        takes_params = kind == "python" if isinstance(given, type) else given == name
        return given, params if isinstance(given, type | str) and takes_params else None
    if kind == "built-in":
        return name, params
    if kind == "python":
        module, _, path = name.rpartition(".")
        try:
            found: Any = import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(f"strategy: {name} cannot be imported ({error}); {GIVE}") from error
        if not (isinstance(found, type) and issubclass(found, Strategy)):
            raise ConfigError(f"strategy: {name} is not a Strategy; {GIVE}")
        try:
            return found(**(params or {})), None
        except TypeError as error:  # it takes more than its parameters
            raise ConfigError(
                f"strategy: {name} is not made by its parameters alone ({error}); {GIVE}"
            ) from error
    raise ConfigError(f"strategy: a manifest does not hold what {kind} {name!r} consists of; {GIVE}")


def _cost_model_of(described: Any, given: CostModel | None) -> CostModel | None:
    """The model that is given; ConfigError if its functions are not those that a manifest describes."""
    given = checked_cost_model(given)
    was = described if isinstance(described, Mapping) else {}
    now = {} if given is None else describe_cost_model(given)
    missing, more = sorted(set(was) - set(now)), sorted(set(now) - set(was))
    if missing:
        raise ConfigError(
            f"cost_model: the run had a function for {missing[0]}, {was[missing[0]].get('name')}, which a "
            "manifest does not hold; bt.replay takes cost_model="
        )
    if more:
        raise ConfigError(f"cost_model: the run had no function for {more[0]}")
    for name, function in now.items():
        if function["code_sha256"] != was[name].get("code_sha256"):
            raise ConfigError(
                f"cost_model.{name}: the code of {function['name']} is not that of the run, "
                f"{was[name].get('name')}"
            )
    return given


def _of_data(streams: list[Mapping[str, Any]], data: RunData) -> dict[str, Any]:
    """Symbols and resolution for a Source, the symbol for data of one."""
    symbols = list(dict.fromkeys(stream["symbol"] for stream in streams))
    if as_source(data) is None:
        return {} if isinstance(data, Mapping) or len(symbols) != 1 else {"symbol": symbols[0]}
    names = {
        TICK if stream["kind"] != "bars" else resolution_name(int(stream.get("interval") or 0))
        for stream in streams
    }
    if len(names) != 1 or IRREGULAR in names:
        raise ConfigError("manifest: its data have no single resolution; give the data themselves")
    (name,) = names
    return {"symbols": symbols, "resolution": name}


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """What differs in versions, data, and each setting."""
    lines = []
    if first.get("btcore") != __version__:
        lines.append(f"btcore: {first.get('btcore')}, now {__version__}")
    streams = [
        {(s["symbol"], s.get("resolution", s["kind"])): s for s in each.get("data", [])}
        for each in (first, second)
    ]
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
    lines += _changed("", first.metrics, second.metrics)
    return lines + _changed("optimistic ", first.optimistic_metrics or {}, second.optimistic_metrics or {})


def _changed(what: str, first: Metrics, second: Metrics) -> list[str]:
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    return [f"{what}{name}: {first.get(name)!r}, now {second.get(name)!r}" for name in names]
