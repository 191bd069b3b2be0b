"""Lines of the log about data that a run uses as they are, although a reader might expect something else."""

from collections.abc import Sequence

import numpy as np

from btcore.config import Execution
from btcore.data.containers import Bars, Quotes
from btcore.data.early_bars import early_row
from btcore.data.markets import SymbolStreams
from btcore.data.other_bars import OtherBars
from btcore.results.labels import NO_COSTS
from btcore.times.clock import moment_text
from btcore.times.intervals import interval_name

from .inputs import execution_source, has_sizes

COSTS = (
    "slippage_bps",
    "slippage_ticks",
    "slippage_volume",
    "slippage_sqrt",
    "commission_bps",
    "maker_bps",
    "taker_bps",
    "commission_per_share",
    "commission_min",
    "latency_ms",
    "response_latency_ms",
    "latency_jitter_ms",
    "response_jitter_ms",
)
EARLY_BARS = "bars that end too early:"
FEW_BARS = 10  # of fewer, gaps say nothing


def cautions(markets: SymbolStreams, execution: Execution) -> list[str]:
    """Lines about the data and settings of a run that its reader should know."""
    streams = [(symbol, container) for symbol, containers in markets for container in containers]
    lines = [crossed_quotes(s, c) for s, c in streams if isinstance(c, Quotes)]
    lines += [early_ends(s, c) for s, c in streams if isinstance(c, Bars)]
    lines.append(without_costs(markets, execution))
    if execution.slippage_volume or execution.slippage_sqrt:
        sources = [(symbol, execution_source(containers)) for symbol, containers in markets]
        lines += [
            f"slippage_volume and slippage_sqrt do nothing for {symbol}: its {source.kind} have no sizes"
            for symbol, source in sources
            if not has_sizes(source)
        ]
    return [line for line in [*lines, *closing_lines(markets, execution)] if line]


def closing_lines(markets: SymbolStreams, execution: Execution) -> list[str]:
    """Lines about orders that fill at a known close, and about positions closed at the end of the data."""
    lines = []
    if execution.bar_fill == "close":
        on_bars = any(isinstance(execution_source(containers), Bars) for _, containers in markets)
        lines.append(
            "market orders fill at the close of the bar on which they are decided (bar_fill='close')"
            if on_bars
            else "bar_fill='close' does nothing: no orders meet bars"
        )
    if execution.close_at_end:
        lines.append("positions left at the end of the data are closed at the last price (close_at_end)")
    return lines


def without_costs(markets: SymbolStreams, execution: Execution) -> str:
    """A line for a run in which trading costs nothing; "" if there is a spread, or any cost or latency."""
    costs = [getattr(execution, name) for name in COSTS]
    sources = [execution_source(containers) for _, containers in markets]
    has_spread = any(isinstance(s, Quotes) or (isinstance(s, Bars) and s.bid is not None) for s in sources)
    if has_spread or any(costs) or execution.commission_tiers:
        return ""
    return f"{NO_COSTS}: no spread, slippage, commission or latency"


def crossed_quotes(symbol: str, quotes: Quotes) -> str:
    """The number of quotes whose bid is above the ask, in words; "" if there are none."""
    crossed = int(np.count_nonzero(quotes.bid > quotes.ask)) if quotes.crossed == "keep" else 0
    return f"{crossed} of {len(quotes)} quotes of {symbol} are crossed (bid > ask)" if crossed else ""


def early_ends(symbol: str, bars: Bars) -> str:
    """A line if fewer than a tenth of the bars end where the next begins, as if they were longer; else "".

    There is none for bars with a column of ends.
    """
    if "end" in bars.columns or len(bars) < FEW_BARS:
        return ""
    adjacent = 0
    for rows in (len(bars) // 4, len(bars)):  # a quarter suffices for most data
        gaps = np.diff(bars.timestamp[:rows])
        adjacent = int(np.count_nonzero(gaps <= bars.interval))
        if 10 * adjacent >= len(bars):
            return ""
    return (
        f"only {adjacent} of {len(bars)} bars of {symbol} end where the next begins: if they are longer than "
        f"{interval_name(bars.interval)}, their closes are used too early, and interval= or end= must say so"
    )


def early_lines(others: Sequence[OtherBars], markets: SymbolStreams) -> list[str]:
    """A line for each stream of another resolution that has a bar with prices of after its end."""
    by_symbol = dict(markets)
    lines = []
    for each in others:
        finer = execution_source(by_symbol[each.symbol])
        found = None if each.built else early_row(each.bars, finer)
        if found is not None:
            row, last = found
            lines.append(
                f"{EARLY_BARS} {each.resolution} of {each.symbol}: row {row} ends at "
                f"{moment_text(int(each.bars.end[row]))} and has the high, low and close of {finer.kind} "
                f"until {moment_text(last)}; it is seen before these, and interval=, end= or stamp= must say "
                "its end"
            )
    return lines
