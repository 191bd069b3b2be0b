"""Two symbols of daily bars, and runs of targets over them."""

from datetime import datetime
from typing import Any

import numpy as np

import btcore as bt
from btcore.times.clock import to_ns

DAY = 86400 * 10**9


SECOND = 10**9


def ns(text: str) -> int:
    return to_ns(datetime.fromisoformat(text))


START = ns("2024-01-26")


FEBRUARY = ns("2024-02-01")


def bars(closes: list[float], opens: list[float] | None = None, start: int = START) -> bt.Bars:
    """Days whose opens are the closes before, where nothing else is said."""
    close = np.array(closes)
    open_ = np.r_[close[0], close[:-1]] if opens is None else np.array(opens)
    times = start + DAY * np.arange(len(close))
    return bt.Bars(times, open_, np.maximum(open_, close), np.minimum(open_, close), close, interval="1d")


def traded(result: bt.Result) -> list[tuple[int, str, float, float]]:
    """(day since START, symbol, signed quantity, price) of each fill."""
    return [
        (
            int(t["timestamp"] - START) // DAY,
            str(t["symbol"]),
            float(t["quantity"] if t["side"] == "buy" else -t["quantity"]),
            float(t["price"]),
        )
        for t in result.trades
    ]


# Bars of every day, 26 January to 2 February. The closes of the 26th are known once the 27th has begun, and
# what is decided on them fills at the opens of the 28th. On the 30th A closes at 120. The closes of the 31st
# are not known yet to a timer of the moment that February begins.
A = bars([100, 100, 100, 100, 120, 110, 110, 110], [100, 100, 100, 100, 101, 120, 121, 110])


B = bars([50, 50, 50, 50, 50, 60, 60, 60], [50, 50, 50, 50, 50, 50, 49, 60])


WHOLE = {"A": bt.Instrument(lot_size=1), "B": bt.Instrument(lot_size=1)}


SIXTY_FORTY = {"symbol": ["A", "B"], "value": [0.6, 0.4]}


def play(targets: bt.Targets, **more: Any) -> bt.Result:
    return bt.run(
        **{
            "data": {"A": A, "B": B},
            "strategy": targets,
            "initial_capital": 10_000.0,
            "instruments": WHOLE,
            **more,
        }
    )
