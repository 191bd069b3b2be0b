"""Random streams of bars, quotes and trades.

Rows are drawn as short byte strings and read as indexes into the tables below. The first entry of a table is
the simplest, so failures shrink to readable cases. Prices are coarse, so that ties, touches and gaps are
common. Sizes are small, so that caps bind. Steps are binary fractions, so that no rounding error decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

MILLISECOND, SECOND, MINUTE, HOUR = 10**6, 10**9, 60 * 10**9, 3600 * 10**9
KINDS = (
    ("bars",),
    ("quotes",),
    ("trades",),
    ("quotes", "trades"),
    ("quotes", "bars"),
    ("trades", "bars"),
    ("quotes", "trades", "bars"),
)
GAPS = (1, 0, 1, 0, 1, 2, 0, 3, 1, 40)  # between ticks, in units of time
LEVELS = (0, 1, -1, 2, -2, 0, 1, -1, 3, -3, 0, 4, -4)  # of a price, in steps from 100
WIDTHS = (0, 1, 2, 5)  # of a bar beyond its open and close, in steps
SPREADS = (1, 2, 1, 0)
CROSSED = (1, -1, 0, -3)
LENGTHS = ("fixed", "fixed", "calendar", "sessions", "irregular")  # of bars
SIZES = (1.0, 2.0, 3.0, 5.0, 10.0, 0.5, 40.0)


class Dice:
    """Reads a byte string as choices from tables; past its end everything is the first choice."""

    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def pick(self, table: tuple[Any, ...]) -> Any:
        return table[next(self.data, 0) % len(table)]

    def one_in(self, n: int) -> bool:
        return next(self.data, 0) % n == n - 1


@dataclass(frozen=True)
class Ground:
    """Where a symbol's prices lie, and the steps of its prices and sizes."""

    origin: float
    step: float
    lot: float

    def price(self, levels: float) -> float:
        return self.origin + self.step * levels


@st.composite
def rows(draw: Any, least: int, width: int = 6) -> list[bytes]:
    least += draw(st.sampled_from((0, 4, 8, 12)))
    return draw(st.lists(st.binary(min_size=width, max_size=width), min_size=least, max_size=30))


@st.composite
def markets(  # noqa: PLR0917 - what the rows depend on
    draw: Any, kinds: tuple[str, ...], base: int, unit: int, ground: Ground, widths: tuple[int, ...] = ()
) -> dict[str, Any]:
    """The streams of one symbol. `widths` are how far bars reach beyond open and close, in steps."""
    market: dict[str, Any] = {}
    sized, crossed = draw(st.booleans()), draw(st.booleans())
    for kind in kinds:
        start = base + unit * draw(st.integers(0, 3))
        if kind == "bars":
            market["interval"] = unit * draw(st.sampled_from((1, 2, 4)))
            data = draw(rows(1))
            market["bars"] = bars(data, start, market["interval"], ground, widths or WIDTHS)
            lengths = draw(st.sampled_from(LENGTHS))
            if lengths != "fixed":
                market["ends"] = ends(lengths, data, market["bars"], market["interval"])
            if draw(st.sampled_from((False, False, True))):
                market["sides"] = sides(data, market["bars"], ground)
        elif kind == "quotes":
            spreads = CROSSED if crossed else SPREADS
            market[kind] = quotes(draw(rows(2)), start, unit, ground, spreads, sized)
        else:
            market[kind] = trades(draw(rows(2)), start, unit, ground, sized)
    return market


def bars(
    data: list[bytes], start: int, interval: int, ground: Ground, widths: tuple[int, ...] = WIDTHS
) -> list[tuple[float, ...]]:
    made, ts = [], start
    for dice in map(Dice, data):
        opened, closed = (ground.price(dice.pick(LEVELS)) for _ in range(2))
        high = max(opened, closed) + ground.step * dice.pick(widths)
        low = min(opened, closed) - ground.step * dice.pick(widths)
        volume = 4 * dice.pick((*SIZES, 0.0))
        made.append((ts, opened, high, low, closed, volume))
        ts += interval * dice.pick((1, 1, 1, 1, 1, 2, 7))
    return made


def sides(
    data: list[bytes], made: list[tuple[float, ...]], ground: Ground
) -> dict[int, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Open, high, low and close of bid and ask of each bar by its timestamp; wider at some opens."""
    found = {}
    for (ts, *prices, _), dice in zip(made, map(Dice, data), strict=True):
        wider = ground.step * dice.pick((0.0, 1.0, 0.0, 2.0))
        below, above = (ground.step * dice.pick((0.5, 1.0, 0.0)) for _ in range(2))
        bid = tuple(px - below for px in prices)
        ask = tuple(px + above + (wider if i < 2 else 0.0) for i, px in enumerate(prices))
        found[int(ts)] = (bid, ask)
    return found


def ends(lengths: str, data: list[bytes], made: list[tuple[float, ...]], interval: int) -> dict[int, int]:
    """The end of each bar by its timestamp, at or before the next bar's start.

    Bars of calendar lengths end where the next begins. Of bars in sessions, some are cut short by a close.
    """
    starts = [int(row[0]) for row in made]
    found = {}
    for ts, following, dice in zip(starts, [*starts[1:], starts[-1] + 2 * interval], data, strict=True):
        share = Dice(dice[::-1]).pick((0.25, 1.0, 0.5, 1.0, 0.0, 0.75))
        length = following - ts if lengths == "calendar" else int((following - ts) * share)
        if lengths == "sessions":
            length = interval if share == 1.0 else interval // 4
        found[ts] = ts + max(length, 1)
    return found


def quotes(  # noqa: PLR0917 - as the other two
    data: list[bytes], start: int, unit: int, ground: Ground, spreads: tuple[int, ...], sized: bool
) -> list[tuple[float, ...]]:
    made = []
    for ts, dice in ticks(data, start, unit):
        bid = ground.price(dice.pick(LEVELS))
        ask = bid + ground.step * dice.pick(spreads)
        sizes = (dice.pick((*SIZES, 0.0)), dice.pick((*SIZES, 0.0))) if sized else ()
        made.append((ts, bid, ask, *sizes))
    return made


def trades(data: list[bytes], start: int, unit: int, ground: Ground, sized: bool) -> list[tuple[float, ...]]:
    made = []
    for ts, dice in ticks(data, start, unit):
        price = ground.price(dice.pick(LEVELS))
        made.append((ts, price, dice.pick(SIZES), dice.pick((0, 1, -1))) if sized else (ts, price))
    return made


def ticks(data: list[bytes], start: int, unit: int) -> Iterator[tuple[int, Dice]]:
    ts = start
    for number, dice in enumerate(map(Dice, data)):
        gap = dice.pick(GAPS)
        ts += unit * (max(gap, 1) if number == 1 else gap)  # never all at one instant
        yield ts, dice
