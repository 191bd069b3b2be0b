"""Bars of another resolution: seen at their end, after all else of that time; they fill nothing."""

from typing import Any

from engines import Case, EngineRun, OtherStream
from hand_cases import at, bars, fills, seconds, timed

from btcore.config import Execution

MINUTES = bars((0, 10, 11, 9, 10), (1, 20, 21, 19, 20), (2, 30, 31, 29, 30), (3, 40, 41, 39, 40))


def heard(engine: EngineRun, rows: tuple[Any, ...], length: int, **terms: Any) -> tuple[list[Any], list[Any]]:
    """(what, seconds) of each callback, and the fills of a unit that is bought at each longer bar."""
    found: list[tuple[str, float | None]] = []

    class Heard:
        def on_bar(self, ctx: Any, bar: Any) -> None:
            found.append(("bar", seconds(ctx.now)))

        def on_timer(self, ctx: Any) -> None:
            found.append(("timer", seconds(ctx.now)))

        def on_start(self, ctx: Any) -> None:
            ctx.set_timer(at(2))

        def on_other_bar(self, ctx: Any, bar: Any) -> None:
            found.append((bar.resolution, seconds(ctx.now)))
            ctx.buy("A", 1)

    stream = {"bars": timed(rows), "interval": length * 10**9}
    case = Case({"A": MINUTES}, others=[OtherStream("A", f"{length}s", stream)], execution=Execution(**terms))
    outcome = engine(case, lambda base: type("Heard", (Heard, base), {}))
    return found, fills(outcome)


def test_it_comes_last_at_its_end_and_its_order_fills_at_the_next_open(engine: EngineRun) -> None:
    events, filled = heard(engine, ((0, 10, 21, 9, 20), (2, 30, 41, 29, 40)), 2)
    assert events == [
        ("bar", 1), ("timer", 2), ("bar", 2), ("2s", 2), ("bar", 3), ("bar", 4), ("2s", 4),
    ]  # fmt: skip
    # The order of second 2 fills at the open of the bar that begins then, 30; that of second 4 has none left.
    assert [(row[0], row[3]) for row in filled] == [(2, 30)]


def test_at_the_close_it_fills_at_the_close_of_the_bar_that_is_over(engine: EngineRun) -> None:
    _, filled = heard(engine, ((0, 10, 21, 9, 20),), 2, bar_fill="close")
    assert [(row[0], row[3]) for row in filled] == [(2, 20)]


def test_between_events_and_beyond_the_data(engine: EngineRun) -> None:
    # The first ended before the data, the second ends with the third second, the third after the data.
    events, _ = heard(engine, ((-7, 9, 9, 9, 9), (0, 10, 31, 9, 30), (3, 40, 41, 39, 40)), 3)
    assert [event for event in events if event[0] == "3s"] == [("3s", 3)]
