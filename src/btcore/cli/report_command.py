"""`btcore report` and `btcore compare`: pages of saved results."""

import argparse
import sys
from pathlib import Path

from btcore.errors import ConfigError
from btcore.results.writing import path_ending_in

from .output_path import output_path


def add_report_options(report: argparse.ArgumentParser) -> None:
    """Adds the arguments of `btcore report`."""
    report.set_defaults(command=write_report)
    report.add_argument("result", metavar="RESULT", help=".npz or .parquet file of `btcore run --out`")
    report.add_argument(
        "page", nargs="?", metavar="PAGE", help=".html file to write (default: that of RESULT, beside it)"
    )
    report.add_argument("--out", metavar="FILE", help="the same as PAGE")
    _add_open(report)


def add_compare_options(compare: argparse.ArgumentParser) -> None:
    """Adds the arguments of `btcore compare`."""
    compare.set_defaults(command=compare_results)
    compare.add_argument(
        "results", nargs="+", metavar="RESULT", help="two or more files of `btcore run --out`"
    )
    compare.add_argument(
        "--name", action="append", metavar="NAME", help="a name, once for each result (default: its file's)"
    )
    compare.add_argument("--out", metavar="FILE", help="write this .html page too")
    _add_open(compare)


def _add_open(command: argparse.ArgumentParser) -> None:
    command.add_argument("--open", action="store_true", help="show the page in the browser")


def write_report(arguments: argparse.Namespace) -> None:
    """Writes the report of a saved result."""
    if arguments.page is not None and arguments.out is not None:
        raise ConfigError(f"--out: the page is {arguments.page} already; give one of them")
    flag = "--out" if arguments.out is not None else "PAGE"
    page = output_path(flag, arguments.page or arguments.out or _page_beside(arguments.result), (".html",))
    assert page is not None

    from btcore.results.result import load_result

    print(f"wrote {load_result(arguments.result).report(page)}")
    if arguments.open:
        show_in_browser(page)


def _page_beside(name: str) -> Path:
    """The page of a result beside it; ConfigError for what is no file of a result, as "." has no suffix."""
    return path_ending_in(name, ".npz", ".parquet").with_suffix(".html")


def compare_results(arguments: argparse.Namespace) -> None:
    """Prints the comparison of saved results, and writes its page if one is asked for."""
    page = output_path("--out", arguments.out, (".html",))
    if arguments.open and page is None:
        raise ConfigError("--open: --out is needed, the page to open")

    from btcore.results.comparison.side_by_side import compare
    from btcore.results.result import load_result

    names = arguments.name
    if names is None:
        stems = [Path(name).stem for name in arguments.results]
        names = stems if len(set(stems)) == len(stems) else None
    comparison = compare([load_result(name) for name in arguments.results], names)
    print(comparison)
    if page is not None:
        print(f"wrote {comparison.report(page)}")
        if arguments.open:
            show_in_browser(page)


def show_in_browser(page: Path) -> None:
    """Opens a page; a line on stderr where there is no browser."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        print(f"btcore: no browser was found to open {page}", file=sys.stderr)
