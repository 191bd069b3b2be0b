"""The options of `btcore run`, `sweep`, `walk-forward` and `ladder` that make a RunRequest, and its data."""

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.config import Execution, RunRequest, as_written, checked
from btcore.errors import ConfigError, DataError
from btcore.strategies import STRATEGIES

from .json_input import read_object

if TYPE_CHECKING:
    from btcore.data import Source

COSTS = ("slippage_bps", "commission_bps", "latency_ms")  # fields of Execution with options of their own
FLAGS = {  # what an error begins with -> the option that gives it
    "start_date": "start",
    "end_date": "end",
    "resolution": "resolution",
    "strategy.name": "strategy",
    "strategy.params": "param",
    "params": "param",
    **{f"execution.{name}": name for name in COSTS},
    "execution": "execution",
    "initial_capital": "capital",
    "currency": "currency",
    "timezone": "timezone",
    "mark_every": "mark_every",
    "calendar": "calendar",
    "fx": "fx",
    "periods_per_year": "periods_per_year",
    "risk_free": "risk_free",
    "benchmark": "benchmark",
    "build_bars": "build_bars",
    "instruments": "instrument",
    "constraints": "constraint",
    **{
        name: name
        for name in (
            "trials", "seed", "workers", "study", "keep",
            "train", "test", "step", "purge", "embargo", "warm_up",
        )
    },
}  # fmt: skip


def add_request_options(run: argparse.ArgumentParser, param_help: str) -> None:
    """Adds the options that make a RunRequest."""
    run.add_argument("symbols", nargs="*", metavar="SYMBOL", help="symbols to trade")
    for flag, metavar, text in (
        ("--data", "DIR", "catalog folder (default: synthetic sample data)"),
        ("--start", "TIME", "first time, ISO 8601; read in --timezone if it has no offset"),
        ("--end", "TIME", "time before which the data end, likewise; a date excludes that day"),
        ("--resolution", "NAME", "resolution of the data: tick, minute, day, 5min and so on (default: day)"),
        (
            "--strategy",
            "NAME",
            f"built-in strategy: {', '.join(STRATEGIES)} (default: {next(iter(STRATEGIES))}); or one of your "
            "own, as in my_file.py:Dip",
        ),
        ("--capital", "MONEY", "initial capital, in --currency (default: 1000000)"),
        ("--currency", "CODE", "currency of the account, 3 to 5 capital letters (default: USD)"),
        ("--timezone", "ZONE", "IANA name of a time zone (default: that of the data; UTC with --request)"),
        ("--slippage-bps", "BPS", "how much worse a taker's price is, in 0.01 %% of it (default: 0)"),
        ("--commission-bps", "BPS", "commission, in 0.01 %% of a fill's notional (default: 0)"),
        ("--latency-ms", "MS", "milliseconds from the strategy to the market (default: 0)"),
        (
            "--mark-every",
            "LENGTH",
            "step of the equity curve: 30s, 1min, 1h, 1d (default: the end of every bar; for ticks 1min)",
        ),
        ("--calendar", "CODE", "exchange whose sessions are used, such as XNYS (default: local days)"),
        (
            "--periods-per-year",
            "NUMBER",
            "days or sessions in a year, for annual figures (default: by the calendar or the data)",
        ),
        ("--risk-free", "RATE", "rate per year: 0.05 is 5 %%; or JSON, a list of [time, rate] (default: 0)"),
        ("--benchmark", "SYMBOL", "symbol to compare with, which is not traded (default: none)"),
        ("--request", "FILE", "JSON body of POST /v1/backtests, - for stdin; other options override it"),
    ):
        run.add_argument(flag, metavar=metavar, help=text)
    others = ", ".join(name for name in Execution.__struct_fields__ if name not in COSTS)
    for flag, metavar, text in (
        ("--param", "K=V", param_help),
        ("--build-bars", "BARS", "bars that a strategy of your own sees too: 5min, '1000 ticks', '2 renko'"),
        ("--execution", "K=V", f"a setting of execution: {others}"),
        ("--fx", "CODE=RATE", "price of one unit of that currency, in --currency; RATE is a number or JSON"),
        (
            "--instrument",
            "SYMBOL=JSON",
            'the terms of a symbol, such as SPY={"tick_size": 0.01}; they replace those of the catalog',
        ),
    ):
        run.add_argument(flag, action="append", default=[], metavar=metavar, help=text)


def open_data(arguments: argparse.Namespace) -> "Source":
    """The catalog of --data, or sample data."""
    from btcore.data import Catalog, SampleMarket

    if arguments.data is None:
        return SampleMarket()
    if not Path(arguments.data).is_dir():
        raise ConfigError(f"--data: {arguments.data} is not a folder")
    return Catalog(arguments.data)


def data_text(arguments: argparse.Namespace, source: "Source") -> str:
    """A line that says where the data are from."""
    return f"data: {f'catalog {arguments.data}' if arguments.data else source.data_source}"


def request_body(arguments: argparse.Namespace) -> dict[str, Any]:
    """The JSON of --request, with the other options in place of its fields."""
    body: dict[str, Any] = {}
    if arguments.request:
        body = read_object("--request", arguments.request, ", as the body of POST /v1/backtests is")
    options = {
        "start_date": arguments.start,
        "end_date": arguments.end,
        "resolution": arguments.resolution,
        "initial_capital": _number(arguments.capital),
        "currency": arguments.currency,
        "timezone": arguments.timezone,
        "mark_every": arguments.mark_every,
        "calendar": arguments.calendar,
        "periods_per_year": _number(arguments.periods_per_year),
        "risk_free": _number_or_json(arguments.risk_free),
        "benchmark": arguments.benchmark,
    }
    body |= {name: value for name, value in options.items() if value is not None}
    if arguments.build_bars:
        body["build_bars"] = arguments.build_bars
    if arguments.symbols or "symbols" not in body:
        body["symbols"] = arguments.symbols
    costs = {name: _number(getattr(arguments, name)) for name in COSTS}
    execution = {name: value for name, value in costs.items() if value is not None}
    execution |= _key_values("--execution", arguments.execution)
    if execution:
        body["execution"] = merged(body, "execution", execution)
    if arguments.strategy is not None and merged(body, "strategy").get("name") != arguments.strategy:
        body["strategy"] = {"name": arguments.strategy}  # without the parameters of another strategy
    params = _key_values("--param", arguments.param)
    if params:
        strategy = merged(body, "strategy")
        body["strategy"] = strategy | {"params": merged(strategy, "params", params)}
    for name, given in (
        ("fx", _key_values("--fx", arguments.fx, "CODE=RATE")),
        ("instruments", _instruments(arguments.instrument)),
    ):
        if given:
            body[name] = merged(body, name, given)
    return body


def merged(body: dict[str, Any], name: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """A copy of the object of that name in `body`, with the items of `more`."""
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: {value!r} is not a mapping")
    return {**value, **(more or {})}


def _number(text: str | None) -> float | str | None:
    """The number, or the text itself, which is rejected when the request is checked."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _number_or_json(text: str | None) -> Any:
    """The value of a JSON text, or the text itself, which is rejected when the request is checked."""
    try:
        return None if text is None else msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _instruments(given: Sequence[str]) -> dict[str, Any]:
    """The objects of SYMBOL={...} texts by symbol, which may contain "=" itself."""
    instruments = {}
    for pair in given:
        symbol, brace, terms = pair.partition("={")
        if not symbol or not brace:
            raise ConfigError(f'--instrument: {pair!r} is not SYMBOL=JSON, as in SPY={{"tick_size": 0.01}}')
        try:
            instruments[symbol] = msgspec.json.decode("{" + terms)
        except msgspec.DecodeError as error:
            raise ConfigError(f"--instrument {symbol}: not valid JSON: {error}") from error
    return instruments


def _key_values(flag: str, given: Sequence[str], form: str = "KEY=VALUE") -> dict[str, Any]:
    """The values of KEY=VALUE texts by key; a value that is not valid JSON is a text."""
    values = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ConfigError(f"{flag}: {pair!r} is not {form}")
        try:
            values[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            values[key] = value
    return values


def read_request(
    arguments: argparse.Namespace, body: dict[str, Any], source: "Source"
) -> tuple[RunRequest, str | None]:
    """The request, and the zone of the run; None, and dates read in it, for that of the data.

    The zone is that of the data if neither an option nor a request file, whose default is UTC, gives one.
    """
    from btcore.backtest.request import in_data_timezone

    with flags_in_errors(arguments):
        request: RunRequest = checked("", as_written(body, RunRequest), RunRequest)
        if arguments.timezone is None and not arguments.request:
            return in_data_timezone(request, source), None
        return request, request.timezone


@contextmanager
def flags_in_errors(arguments: argparse.Namespace) -> Iterator[None]:
    """Errors about what an option gives begin with the option: "currency: ..." is "--currency: ..."."""
    try:
        yield
    except (ConfigError, DataError) as error:
        raise type(error)(with_flag(str(error), arguments)) from error


def with_flag(message: str, arguments: argparse.Namespace) -> str:
    """The message with an option in place of the name that it begins with, if that option is given.

    An option with keys is followed by the key: "--param short_period". Without a request file, a field that
    is missing is an option that is missing.
    """
    for name, option in FLAGS.items():
        found = re.match(rf"{re.escape(name)}(?:\.(\w+)|\['([^']+)'\])?(?=[:.\[])", message)
        if not found:
            continue
        given, key = getattr(arguments, option, None), found[1] or found[2]
        if isinstance(given, list) and key:
            given = any(pair.startswith(f"{key}=") for pair in given)
        is_given = given is not None and given is not False and given != []
        if is_given or (not arguments.request and message.endswith(": is required")):
            return f"--{option.replace('_', '-')}{f' {key}' if key else ''}{message[found.end() :]}"
    return message
