"""What `btcore sweep` and `walk-forward` play: the data, the strategy, and the values of its parameters."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .own_strategy import take_own_strategy
from .param_ranges import with_ranges
from .request_options import merged, open_data, read_request


class Searched(NamedTuple):
    """The arguments of `bt.sweep` that a request gives; `params` raises ConfigError for a wrong range."""

    source: Any
    strategy: Any
    params: Callable[[], Any]
    options: dict[str, Any]


def open_search(arguments: argparse.Namespace, body: dict[str, Any]) -> Searched:
    """The data and the strategy of a request whose parameters have ranges; its other fields as options."""
    strategy = merged(body, "strategy")
    given = merged(strategy, "params")
    body["strategy"] = {name: value for name, value in strategy.items() if name != "params"}
    source = open_data(arguments)
    own = take_own_strategy(body)
    request, timezone = read_request(arguments, body, source)

    from btcore.backtest.request import run_options

    return Searched(
        source,
        request.strategy.name if own is None else own.strategy,
        partial(with_ranges, given, is_grid=arguments.method == "grid"),
        run_options(request, timezone),
    )
