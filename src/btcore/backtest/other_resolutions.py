"""The bars of other resolutions of a run: given with the data, or built from them."""

from collections.abc import Sequence

from btcore.config import Instrument
from btcore.data.built_bars import Spec, build_bars
from btcore.data.containers import Bars
from btcore.data.markets import SymbolStreams
from btcore.data.other_bars import OtherBars, ended_by, refuse_repeated
from btcore.times.hours import TradingHours, calendar_sessions

from .cautions import early_lines
from .session_ends import with_session_ends

Hours = str | TradingHours | None  # of a symbol: those of its instrument, else the calendar of the run


def hours_of(instruments: Sequence[Instrument], calendar: str | None) -> list[Hours]:
    """What says when the sessions of each symbol begin and end; None for local days."""
    return [instrument.sessions or calendar for instrument in instruments]


def prepare_others(
    given: Sequence[OtherBars],
    specs: Sequence[Spec],
    markets: SymbolStreams,
    hours: Sequence[Hours],
    *,
    timezone: str,
    start: int | None,
    last: int,
) -> tuple[list[OtherBars], list[str]]:
    """The bars given and those of `specs`, if they end by `last`, ns UTC, and lines of the log about them.

    Bars that end before the run are kept: strategies see them from the beginning on.
    """
    built, lines = build_bars(specs, markets, hours, timezone, start)
    by_symbol = dict(zip((symbol for symbol, _ in markets), hours, strict=True))
    ended = [each._replace(bars=bars_ended_at_closes(each.bars, by_symbol[each.symbol])) for each in given]
    others = ended_by([*ended, *built], last)
    refuse_repeated(others)
    lines += [
        f"{each.symbol} {each.resolution}: no bar of it ends by the end of the run"
        for each in others
        if not len(each.bars)
    ]
    return others, lines + early_lines(others, markets)


def bars_ended_at_closes(bars: Bars, hours: Hours) -> Bars:
    """The bars; those of regular hours end at the closes of these sessions, as bars that fill orders do."""
    if hours is None or len(bars) == 0:
        return bars
    return with_session_ends(bars, calendar_sessions(hours, int(bars.timestamp[0]), int(bars.end[-1])))
