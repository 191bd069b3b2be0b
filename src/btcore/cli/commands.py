"""The command line: `btcore run`, `sweep`, `data import|list|sample` and `report`. No server is needed.

Exit codes: 0 done; 1 the strategy failed; 2 asked for wrongly, with one line on stderr and nothing written.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from btcore.config import Execution, RunRequest
from btcore.errors import BtcoreError, ConfigError, StrategyError
from btcore.strategies import STRATEGIES
from btcore.version import __version__

from .data_commands import RESOLUTIONS, add_data_commands
from .sweep_command import add_sweep_options, best_table, lines, spread

if TYPE_CHECKING:
    from btcore.data import Source
    from btcore.results.result import Result

COSTS = ("slippage_bps", "commission_bps", "latency_ms")  # have flags of their own
LOG_LINES = 20  # of a run that are shown; --json has them all
REFUSED = (BtcoreError, msgspec.MsgspecError, OSError, ImportError, UnicodeDecodeError, RecursionError)
_FIELD = re.compile(r"[a-z_]+[.:\[]")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code; what is asked for wrongly is told in one line."""
    try:
        arguments = _parser().parse_args(argv)
        arguments.command(arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except StrategyError as error:
        return _say(error, 1)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except REFUSED as error:
        return _say(error, 2)
    return 0


def _say(error: BaseException | str, code: int) -> int:
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, msgspec.ValidationError):
        text = _located(text)
    elif isinstance(error, RecursionError):
        text = "nested too deeply"
    print("btcore:", " ".join(text.split()), file=sys.stderr)
    return code


def _located(message: str) -> str:
    """msgspec's `Expected X - at `$.a.b``, or a check's own `b: ... - at `$.a``, as `a.b: ...`."""
    text, _, path = message.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    if not path:
        return text
    return f"{path}.{text}" if _FIELD.match(text) else f"{path}: {text}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="btcore", description="Backtests from a shell.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"btcore {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _run_parser(commands.add_parser("run", help="run a backtest", allow_abbrev=False))
    sweep = commands.add_parser("sweep", help="run many parameter sets", allow_abbrev=False)
    sweep.set_defaults(command=_sweep)
    _request_options(sweep, "of the strategy; V is JSON, a list of values, or START:STOP:STEP")
    add_sweep_options(sweep)
    data = commands.add_parser("data", help="import, list or make market data", allow_abbrev=False)
    add_data_commands(data.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser))
    report = commands.add_parser("report", help="write a saved result as one HTML page", allow_abbrev=False)
    report.set_defaults(command=_report)
    report.add_argument("result", metavar="RESULT", help="a .npz or .parquet that `btcore run --out` wrote")
    report.add_argument("page", metavar="PAGE", help="the .html to write")
    return parser


def _run_parser(run: argparse.ArgumentParser) -> None:
    run.set_defaults(command=_run)
    _request_options(run, "of the strategy; V is JSON")
    run.add_argument("--json", action="store_true", help="print the whole result as JSON and nothing else")
    run.add_argument("--out", metavar="FILE", help="save the result as .npz or .parquet")
    run.add_argument("--plot", metavar="FILE", help="write a report as .html, or the curves as .svg")
    run.add_argument("--no-progress", action="store_true", help="draw no bar, not even on a terminal")


def _request_options(run: argparse.ArgumentParser, param: str) -> None:
    run.add_argument("symbols", nargs="*", metavar="SYMBOL")
    run.add_argument("--data", metavar="DIR", help="catalog folder (without one: synthetic data)")
    run.add_argument("--start", metavar="TIME", help="ISO 8601; read in --timezone if it has no offset")
    run.add_argument("--end", metavar="TIME", help="data at or after it is left out")
    run.add_argument("--resolution", help=f"one of {', '.join(RESOLUTIONS)} (day)")
    run.add_argument("--strategy", metavar="NAME", help=f"one of {', '.join(STRATEGIES)} (the first)")
    run.add_argument("--param", action="append", default=[], metavar="K=V", help=param)
    run.add_argument("--capital", metavar="MONEY", help="initial capital (1000000)")
    run.add_argument("--currency", help="three to five capital letters (USD)")
    run.add_argument("--timezone", metavar="ZONE", help="an IANA name (UTC)")
    run.add_argument("--slippage-bps", metavar="BPS", help="how much worse a taker's price is (0)")
    run.add_argument("--commission-bps", metavar="BPS", help="of each fill's money (0)")
    run.add_argument("--latency-ms", metavar="MS", help="from the strategy to the market (0)")
    others = ", ".join(name for name in Execution.__struct_fields__ if name not in COSTS)
    run.add_argument(
        "--execution", action="append", default=[], metavar="K=V", help=f"any other term of trade: {others}"
    )
    run.add_argument("--mark-every", metavar="LENGTH", help="grid of the equity curve, as 30s, 1min, 1h, 1d")
    run.add_argument("--request", metavar="FILE", help="JSON as POST /v1/backtests takes it; - is stdin")


def _run(arguments: argparse.Namespace) -> None:
    request = msgspec.convert(_body(arguments), RunRequest)
    source = _source(arguments.data)
    out = _target("--out", arguments.out, (".npz", ".parquet"))
    plot = _target("--plot", arguments.plot, (".html", ".svg"))

    from btcore.backtest.request import run_request

    result = run_request(request, source, progress=False if arguments.no_progress else None)
    if out is not None:
        result.save(out)
    if plot is not None:
        (result.report if plot.suffix == ".html" else result.plot)(plot)
    if arguments.json:
        print(msgspec.json.encode(result.document()).decode())
        return
    print(_table(result, f"catalog {arguments.data}" if arguments.data else source.describe()))
    for path in (out, plot):
        if path is not None:
            print(f"wrote {path}")


def _sweep(arguments: argparse.Namespace) -> None:
    body = _body(arguments)
    strategy = _over(body, "strategy")
    body["strategy"] = strategy | {"params": spread(_over(strategy, "params"))}
    request = msgspec.convert(body, RunRequest)
    source = _source(arguments.data)

    from btcore.backtest.run_many import sweep_request
    from btcore.backtest.sweep_result import check_metric

    check_metric(arguments.metric)
    result = sweep_request(
        request, source, workers=arguments.workers, progress=False if arguments.no_progress else None
    )
    if arguments.json:
        print(lines(result))
    else:
        print(best_table(result, arguments.metric, arguments.top, lowest=arguments.lowest))
        print("data:", f"catalog {arguments.data}" if arguments.data else source.describe())


def _body(arguments: argparse.Namespace) -> dict[str, Any]:
    """The request's JSON: that of --request with the flags laid over it."""
    body = _read_json(arguments.request) if arguments.request else {}
    flags = {
        "start_date": arguments.start,
        "end_date": arguments.end,
        "resolution": arguments.resolution,
        "initial_capital": _number(arguments.capital),
        "currency": arguments.currency,
        "timezone": arguments.timezone,
        "mark_every": arguments.mark_every,
    }
    body |= {name: value for name, value in flags.items() if value is not None}
    if arguments.symbols or "symbols" not in body:
        body["symbols"] = arguments.symbols
    costs = {name: _number(getattr(arguments, name)) for name in COSTS}
    terms = {name: value for name, value in costs.items() if value is not None}
    terms |= _pairs("--execution", arguments.execution)
    if terms:
        body["execution"] = _over(body, "execution", terms)
    if arguments.strategy is not None and _over(body, "strategy").get("name") != arguments.strategy:
        body["strategy"] = {"name": arguments.strategy}  # parameters of another would make no sense
    params = _pairs("--param", arguments.param)
    if params:
        strategy = _over(body, "strategy")
        body["strategy"] = strategy | {"params": _over(strategy, "params", params)}
    return body


def _over(body: dict[str, Any], name: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """The object of that name with `more` laid over it."""
    under = body.get(name, {})
    if not isinstance(under, dict):
        raise ConfigError(f"{name}: Expected `object`")
    return {**under, **(more or {})}


def _read_json(name: str) -> dict[str, Any]:
    text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(f"--request {name}: not valid JSON: {reason}") from error
    if not isinstance(body, dict):
        raise ConfigError(f"--request {name}: a JSON object is needed, as POST /v1/backtests takes it")
    return body


def _number(text: str | None) -> float | str | None:
    """A number where it is one; the request's own check refuses the rest."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _pairs(flag: str, given: Sequence[str]) -> dict[str, Any]:
    """`key=value` pairs; a value that is no JSON is a text."""
    pairs = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ConfigError(f"{flag}: {pair!r} is not KEY=VALUE")
        try:
            pairs[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            pairs[key] = value
    return pairs


def _source(folder: str | None) -> "Source":
    from btcore.data import Catalog, SampleMarket

    if folder is None:
        return SampleMarket()
    if not Path(folder).is_dir():
        raise ConfigError(f"--data: {folder} is not a folder")
    return Catalog(folder)


def _target(flag: str, name: str | None, suffixes: tuple[str, ...]) -> Path | None:
    """A file that can be written, found out before anything runs."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix not in suffixes:
        raise ConfigError(f"{flag}: {name} does not end in {' or '.join(suffixes)}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"{flag}: {name} cannot be written")
    return path


def _table(result: "Result", source: str) -> str:
    """The run in words, then its metrics in groups."""
    from btcore.results.report.chart import heading
    from btcore.results.report.page import GROUPS, PERCENT
    from btcore.results.summary import show

    title, span = heading(result)
    lines = [title, span, f"data: {source}"]
    for group, names in GROUPS.items():
        lines += ["", group]
        for name in names:
            value = result.metrics[name]
            unit = " %" if name in PERCENT and value is not None else ""
            lines.append(f"  {name:<30}{show(value):>20}{unit}")
    if result.logs:
        lines += ["", "Log", *(f"  {line}" for line in result.logs[:LOG_LINES])]
        if len(result.logs) > LOG_LINES:
            lines.append(f"  and {len(result.logs) - LOG_LINES:,} more lines, which --json has")
    return "\n".join(lines)


def _report(arguments: argparse.Namespace) -> None:
    page = _target("PAGE", arguments.page, (".html",))
    assert page is not None

    from btcore.results.result import load_result

    print(f"wrote {load_result(arguments.result).report(page)}")
