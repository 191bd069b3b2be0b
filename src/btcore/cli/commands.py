"""The command line: `btcore run`, `sweep`, `data import|list|sample` and `report`. It needs no server.

Exit codes: 0 success; 1 the strategy failed, or the output pipe was closed; 2 invalid input, with one line
on stderr and nothing written; 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.config import Execution, RunRequest, checked
from btcore.errors import BtcoreError, ConfigError, StrategyError
from btcore.strategies import STRATEGIES
from btcore.version import __version__

from .data_commands import RESOLUTIONS, add_data_commands
from .parser import Parser
from .sweep_command import add_sweep_options, best_table, expand_ranges, json_lines

if TYPE_CHECKING:
    from btcore.data import Source
    from btcore.results.result import Result

COSTS = ("slippage_bps", "commission_bps", "latency_ms")  # fields of Execution with options of their own
LOG_LINES = 20  # of the log that are printed; --json has all
INVALID_INPUT = (BtcoreError, msgspec.MsgspecError, OSError, ImportError, UnicodeDecodeError, RecursionError)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        arguments.command(arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except StrategyError as error:
        return _print_error(error, 1)
    except BrokenPipeError:  # the reader of the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _print_error("interrupted", 130)
    except INVALID_INPUT as error:
        return _print_error(error, 2)
    return 0


def _print_error(error: BaseException | str, code: int) -> int:
    """Prints the error as one line on stderr; returns `code`."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, RecursionError):
        text = "nested too deeply"
    print("btcore:", " ".join(text.split()), file=sys.stderr)
    return code


def _parser() -> Parser:
    parser = Parser(prog="btcore", description="Backtests from a shell.")
    parser.add_argument("--version", action="version", version=f"btcore {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    _run_parser(commands.add_parser("run", help="run one backtest"))
    sweep = commands.add_parser("sweep", help="run one strategy with many parameter sets")
    sweep.set_defaults(command=_sweep)
    _request_options(
        sweep,
        "a parameter and its values: V is JSON (a list is several values), START:STOP or START:STOP:STEP",
    )
    add_sweep_options(sweep)
    data = commands.add_parser("data", help="import, list or generate market data")
    add_data_commands(data.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser))
    report = commands.add_parser("report", help="write the HTML report of a saved result")
    report.set_defaults(command=_report)
    report.add_argument("result", metavar="RESULT", help=".npz or .parquet file of `btcore run --out`")
    report.add_argument("page", metavar="PAGE", help=".html file to write")
    return parser


def _run_parser(run: argparse.ArgumentParser) -> None:
    run.set_defaults(command=_run)
    _request_options(run, "a parameter of the strategy; V is JSON, otherwise a text")
    run.add_argument("--json", action="store_true", help="print the whole result as JSON and nothing else")
    run.add_argument("--out", metavar="FILE", help="save the result in this .npz or .parquet file")
    run.add_argument("--plot", metavar="FILE", help="write a report (.html) or the equity curve (.svg)")
    run.add_argument("--no-progress", action="store_true", help="never draw a progress bar")


def _request_options(run: argparse.ArgumentParser, param_help: str) -> None:
    """Adds the options that make a RunRequest."""
    run.add_argument("symbols", nargs="*", metavar="SYMBOL", help="symbols to trade")
    for flag, metavar, text in (
        ("--data", "DIR", "catalog folder (default: synthetic sample data)"),
        ("--start", "TIME", "first time, ISO 8601; read in --timezone if it has no offset"),
        ("--end", "TIME", "time before which the data end, likewise"),
        ("--resolution", "NAME", f"resolution of the data: {', '.join(RESOLUTIONS)} (default: day)"),
        (
            "--strategy",
            "NAME",
            f"built-in strategy: {', '.join(STRATEGIES)} (default: {next(iter(STRATEGIES))})",
        ),
        ("--capital", "MONEY", "initial capital, in --currency (default: 1000000)"),
        ("--currency", "CODE", "currency of the account, 3 to 5 capital letters (default: USD)"),
        ("--timezone", "ZONE", "IANA name of a time zone (default: UTC)"),
        ("--slippage-bps", "BPS", "how much worse a taker's price is, in 0.01 %% of it (default: 0)"),
        ("--commission-bps", "BPS", "commission, in 0.01 %% of a fill's notional (default: 0)"),
        ("--latency-ms", "MS", "milliseconds from the strategy to the market (default: 0)"),
        (
            "--mark-every",
            "LENGTH",
            "step of the equity curve: 30s, 1min, 1h, 1d (default: the end of every bar; for ticks 1min)",
        ),
        ("--request", "FILE", "JSON body of POST /v1/backtests, - for stdin; other options override it"),
    ):
        run.add_argument(flag, metavar=metavar, help=text)
    others = ", ".join(name for name in Execution.__struct_fields__ if name not in COSTS)
    for flag, text in (("--param", param_help), ("--execution", f"a setting of execution: {others}")):
        run.add_argument(flag, action="append", default=[], metavar="K=V", help=text)


def _run(arguments: argparse.Namespace) -> None:
    request = _request(_request_body(arguments))
    source = _source(arguments.data)
    out = _output_path("--out", arguments.out, (".npz", ".parquet"))
    plot = _output_path("--plot", arguments.plot, (".html", ".svg"))

    from btcore.backtest.request import run_request

    result = run_request(request, source, progress=False if arguments.no_progress else None)
    if out is not None:
        result.save(out)
    if plot is not None:
        (result.report if plot.suffix == ".html" else result.plot)(plot)
    if arguments.json:
        print(msgspec.json.encode(result.document()).decode())
        return
    print(_table(result, f"catalog {arguments.data}" if arguments.data else source.data_source))
    for path in (out, plot):
        if path is not None:
            print(f"wrote {path}")


def _sweep(arguments: argparse.Namespace) -> None:
    body = _request_body(arguments)
    strategy = _merged(body, "strategy")
    body["strategy"] = strategy | {"params": expand_ranges(_merged(strategy, "params"))}
    request = _request(body)
    source = _source(arguments.data)

    from btcore.backtest.run_many import sweep_request
    from btcore.backtest.sweep_result import check_metric

    check_metric(arguments.metric)
    result = sweep_request(
        request, source, workers=arguments.workers, progress=False if arguments.no_progress else None
    )
    if arguments.json:
        print(json_lines(result))
    else:
        print(best_table(result, arguments.metric, arguments.top, lowest=arguments.lowest))
        print("data:", f"catalog {arguments.data}" if arguments.data else source.data_source)


def _request(body: dict[str, Any]) -> RunRequest:
    request: RunRequest = checked("", body, RunRequest)
    return request


def _request_body(arguments: argparse.Namespace) -> dict[str, Any]:
    """The JSON of --request, with the other options in place of its fields."""
    body = _read_json(arguments.request) if arguments.request else {}
    options = {
        "start_date": arguments.start,
        "end_date": arguments.end,
        "resolution": arguments.resolution,
        "initial_capital": _number(arguments.capital),
        "currency": arguments.currency,
        "timezone": arguments.timezone,
        "mark_every": arguments.mark_every,
    }
    body |= {name: value for name, value in options.items() if value is not None}
    if arguments.symbols or "symbols" not in body:
        body["symbols"] = arguments.symbols
    costs = {name: _number(getattr(arguments, name)) for name in COSTS}
    execution = {name: value for name, value in costs.items() if value is not None}
    execution |= _key_values("--execution", arguments.execution)
    if execution:
        body["execution"] = _merged(body, "execution", execution)
    if arguments.strategy is not None and _merged(body, "strategy").get("name") != arguments.strategy:
        body["strategy"] = {"name": arguments.strategy}  # without the parameters of another strategy
    params = _key_values("--param", arguments.param)
    if params:
        strategy = _merged(body, "strategy")
        body["strategy"] = strategy | {"params": _merged(strategy, "params", params)}
    return body


def _merged(body: dict[str, Any], name: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """A copy of the object of that name in `body`, with the items of `more`."""
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: {value!r} is not a mapping")
    return {**value, **(more or {})}


def _read_json(name: str) -> dict[str, Any]:
    text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(f"--request {name}: not valid JSON: {reason}") from error
    if not isinstance(body, dict):
        raise ConfigError(f"--request {name}: not a JSON object, as the body of POST /v1/backtests is")
    return body


def _number(text: str | None) -> float | str | None:
    """The number, or the text itself, which is rejected when the request is checked."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _key_values(flag: str, given: Sequence[str]) -> dict[str, Any]:
    """The values of KEY=VALUE texts by key; a value that is not valid JSON is a text."""
    values = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ConfigError(f"{flag}: {pair!r} is not KEY=VALUE")
        try:
            values[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            values[key] = value
    return values


def _source(folder: str | None) -> "Source":
    from btcore.data import Catalog, SampleMarket

    if folder is None:
        return SampleMarket()
    if not Path(folder).is_dir():
        raise ConfigError(f"--data: {folder} is not a folder")
    return Catalog(folder)


def _output_path(flag: str, name: str | None, suffixes: tuple[str, ...]) -> Path | None:
    """The path of a file to write, checked before anything runs; None if there is no name."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix not in suffixes:
        raise ConfigError(f"{flag}: {name} does not end in {' or '.join(suffixes)}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"{flag}: {name} cannot be written")
    return path


def _table(result: "Result", source: str) -> str:
    """The strategy, the period and the data, the metrics in groups, and the first lines of the log."""
    from btcore.results.report.chart import heading
    from btcore.results.report.page import GROUPS, PERCENT
    from btcore.results.summary import format_metric

    title, span = heading(result)
    lines = [title, span, f"data: {source}"]
    for group, names in GROUPS.items():
        lines += ["", group]
        for name in names:
            value = result.metrics[name]
            unit = " %" if name in PERCENT and value is not None else ""
            lines.append(f"  {name:<30}{format_metric(value):>20}{unit}")
    if result.logs:
        lines += ["", "Log", *(f"  {line}" for line in result.logs[:LOG_LINES])]
        if len(result.logs) > LOG_LINES:
            lines.append(f"  and {len(result.logs) - LOG_LINES:,} more lines, all of them in --json")
    return "\n".join(lines)


def _report(arguments: argparse.Namespace) -> None:
    page = _output_path("PAGE", arguments.page, (".html",))
    assert page is not None

    from btcore.results.result import load_result

    print(f"wrote {load_result(arguments.result).report(page)}")
