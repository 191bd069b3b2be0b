"""The command line: `btcore run`, `sweep`, `walk-forward`, `ladder`, `report`, `compare`, and `data ...`.

It needs no server.

Exit codes: 0 success; 1 the strategy failed, `data check` has a finding, or the output pipe was closed; 2
invalid input, with one line on stderr and nothing written; 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from btcore.errors import BtcoreError, ConfigError, StrategyError
from btcore.version import __version__

from .completion import add_completion
from .data_commands import add_data_commands
from .json_input import read_object
from .ladder_command import add_ladder_options, ladder_keywords
from .output_path import output_path
from .own_strategy import take_own_strategy
from .parser import Parser
from .report_command import add_compare_options, add_report_options
from .request_options import (
    add_request_options,
    data_text,
    flags_in_errors,
    open_data,
    read_request,
    request_body,
)
from .run_table import run_table
from .sweep_command import add_sweep_options
from .terminal import tolerate_signs
from .walk_forward_command import add_walk_forward_options

INVALID_INPUT = (BtcoreError, msgspec.MsgspecError, OSError, ImportError, UnicodeDecodeError, RecursionError)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        tolerate_signs(stream)
    try:
        arguments = command_parser().parse_args(argv)
        code: int | None = arguments.command(arguments)
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
    return code or 0


def _print_error(error: BaseException | str, code: int) -> int:
    """Prints the error as one line on stderr; returns `code`."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, RecursionError):
        text = "nested too deeply"
    print("btcore:", " ".join(text.split()), file=sys.stderr)
    return code


def command_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(prog="btcore", description="Backtests from a shell.")
    parser.add_argument("--version", action="version", version=f"btcore {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    _run_parser(commands.add_parser("run", help="run one backtest"))
    add_sweep_options(commands.add_parser("sweep", help="run one strategy with many parameter sets"))
    add_walk_forward_options(
        commands.add_parser(
            "walk-forward", help="choose parameters on windows of time and test them on the next"
        )
    )
    ladder = commands.add_parser("ladder", help="show what each cost and limit takes from a backtest")
    ladder.set_defaults(command=_ladder)
    add_request_options(ladder, "a parameter of the strategy; V is JSON, otherwise a text")
    add_ladder_options(ladder)
    data = commands.add_parser("data", help="import, list or generate market data")
    add_data_commands(data.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser))
    add_report_options(commands.add_parser("report", help="write the HTML report of a saved result"))
    add_compare_options(commands.add_parser("compare", help="compare saved results"))
    add_completion(
        commands.add_parser("completion", help="print a script that completes commands in a shell"),
        command_parser,
    )
    return parser


def _run_parser(run: argparse.ArgumentParser) -> None:
    run.set_defaults(command=_run)
    add_request_options(run, "a parameter of the strategy; V is JSON, otherwise a text")
    run.add_argument("--json", action="store_true", help="print the whole result as JSON and nothing else")
    run.add_argument("--out", metavar="FILE", help="save the result in this .npz or .parquet file")
    run.add_argument("--plot", metavar="FILE", help="write a report (.html) or the equity curve (.svg)")
    run.add_argument("--no-progress", action="store_true", help="never draw a progress bar")
    run.add_argument(
        "--replay",
        metavar="FILE",
        help="repeat the run of a saved result (.npz, .parquet) or of a manifest (JSON), and compare",
    )


def _run(arguments: argparse.Namespace) -> int | None:
    if arguments.replay:
        return _replay(arguments)
    source = open_data(arguments)
    body = request_body(arguments)
    own = take_own_strategy(body)
    request, timezone = read_request(arguments, body, source)
    out = output_path("--out", arguments.out, (".npz", ".parquet"))
    plot = output_path("--plot", arguments.plot, (".html", ".svg"))

    from btcore.backtest.request import play_request, run_options
    from btcore.backtest.run_one import run

    progress = False if arguments.no_progress else None
    with flags_in_errors(arguments):
        if own is None:
            result = play_request(request, source, timezone, progress=progress)
        else:
            result = run(source, *own.to_run(), progress=progress, **run_options(request, timezone))
    if out is not None:
        result.save(out)
    if plot is not None:
        (result.report if plot.suffix == ".html" else result.plot)(plot)
    if arguments.json:
        print(msgspec.json.encode(result.document()).decode())
        return None
    print(run_table(result, f"catalog {arguments.data}" if arguments.data else source.data_source))
    for path in (out, plot):
        if path is not None:
            print(f"wrote {path}")
    return None


def _replay(arguments: argparse.Namespace) -> int:
    """Repeats a run; the code is 1 if anything differs."""
    if request_body(arguments) != {"symbols": []}:
        raise ConfigError(
            "--replay: the settings are those of FILE; only --data, --out, --plot and --json go with it"
        )
    out = output_path("--out", arguments.out, (".npz", ".parquet"))
    plot = output_path("--plot", arguments.plot, (".html", ".svg"))

    from btcore.backtest.repeat import replay
    from btcore.results.result import Result, load_result

    if "" not in sys.path:
        sys.path.insert(0, "")  # a strategy may be a class of a file in this folder
    given: Any
    if Path(arguments.replay).suffix in (".npz", ".parquet"):
        given = load_result(arguments.replay)
    else:
        given = read_object("--replay", arguments.replay, ", as the manifest of a result is")
        given = given.get("manifest", given)
    repeated = replay(given, open_data(arguments))
    if out is not None:
        repeated.result.save(out)
    if plot is not None:
        (repeated.result.report if plot.suffix == ".html" else repeated.result.plot)(plot)
    same = "the same settings and data; a manifest has no figures to compare"
    if isinstance(given, Result):
        same = "the same settings, data and figures"
    if arguments.json:
        print(msgspec.json.encode(repeated.result.document()).decode())
    else:
        print(repeated.result)
    print("\n".join(repeated.differences) or same, file=sys.stderr if arguments.json else sys.stdout)
    return 0 if repeated.is_equal else 1


def _ladder(arguments: argparse.Namespace) -> None:
    keywords = ladder_keywords(arguments)
    source = open_data(arguments)
    body = request_body(arguments)
    own = take_own_strategy(body)
    request, timezone = read_request(arguments, body, source)
    out = output_path("--out", arguments.out, (".html",))

    from btcore.backtest.request import check_request, run_options
    from btcore.research.stress.climb import ladder

    with flags_in_errors(arguments):
        if own is None:
            check_request(request, source)
        named = (request.strategy.name, request.strategy.params)
        strategy, params = named if own is None else own.to_run()
        found = ladder(source, strategy, params, **keywords, **run_options(request, timezone))
    if out is not None:
        found.report(out)
    if arguments.json:
        print(msgspec.json.encode(found.document()).decode())
        return
    print(found)
    print()
    print(data_text(arguments, source))
    if out is not None:
        print(f"wrote {out}")
