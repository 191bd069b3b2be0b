"""Bars of other resolutions in random cases: both engines show them alike, and alone they change nothing."""

from dataclasses import fields, replace
from typing import Any

from engines import Case, Maker, OtherStream, assert_engines_agree, run_btcore
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markets import EXAMPLES, cases
from strategy_scripts import Script, scripted
from variations import law

from btcore.times.resolutions import resolution_name

often = settings(law, max_examples=max(EXAMPLES // 8, 1), deadline=None)

TICKS = 3  # of a bar that is built
LENGTHS = (7, 11)  # of bars that are given, in units of the data


def seeing(make: Maker, acts: bool = True) -> Maker:
    """The strategy, which also records bars of other resolutions, and follows its script there if `acts`."""

    def made(base: type) -> type:
        class Seeing(make(base)):
            def on_other_bar(self, ctx: Any, bar: Any) -> None:
                prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
                event = ("other", bar.symbol, bar.resolution, bar.timestamp, *prices)
                if acts:
                    self.step(ctx, *event)
                else:
                    self.__dict__.setdefault("others", []).append((ctx.now, *event))

        return Seeing

    return made


@st.composite
def cases_with_others(draw: Any) -> tuple[Case, Script]:
    case, script = draw(cases())
    others = []
    for symbol, stream in case.streams.items():
        if stream.get("bars"):
            others += given_bars(draw, symbol, stream)
    if all(not stream.get("bars") for stream in case.streams.values()):
        others = [bars_of_ticks(symbol, stream) for symbol, stream in case.streams.items()]
    return replace(case, others=others), script


def given_bars(draw: Any, symbol: str, stream: dict[str, Any]) -> list[OtherStream]:
    """Bars of one or two lengths, some of which end before the data, at times of the data, or after them."""
    rows = stream["bars"]
    first, unit = int(rows[0][0]), int(stream.get("interval") or rows[-1][0] - rows[0][0] or 10**9)
    found = []
    for length in draw(st.sampled_from(((), LENGTHS[:1], LENGTHS[1:], LENGTHS))):
        interval, start = length * unit, first + unit * draw(st.integers(-30, 5))
        made = [
            (start + i * interval, 10.0 + i, 12.0 + i, 9.0 + i, 11.0 + i, float(i))
            for i in draw(st.lists(st.integers(0, 8), unique=True).map(sorted))
        ]
        if made:
            found.append(OtherStream(symbol, resolution_name(interval), {"bars": made, "interval": interval}))
    return found


def ends_of(stream: dict[str, Any]) -> list[int]:
    return [
        stream["ends"][row[0]] if "ends" in stream else row[0] + stream["interval"] for row in stream["bars"]
    ]


def bars_of_ticks(symbol: str, stream: dict[str, Any]) -> OtherStream:
    """Bars of three ticks, of trades if there are some: each with all ticks of its last nanosecond."""
    trades = stream.get("trades")
    ticks = [(int(t[0]), t[1]) for t in trades or []] or [
        (int(q[0]), 0.5 * (q[1] + q[2])) for q in stream["quotes"]
    ]
    sizes = [t[2] for t in trades] if trades and len(trades[0]) > 2 else None
    rows, ends, begin = [], [], 0
    for i, (ts, _) in enumerate(ticks):
        if i + 1 - begin >= TICKS and (i + 1 == len(ticks) or ticks[i + 1][0] > ts):
            prices = [price for _, price in ticks[begin : i + 1]]
            volume = sum(sizes[begin : i + 1]) if sizes else float("nan")
            rows.append((ticks[begin][0], prices[0], max(prices), min(prices), prices[-1], volume))
            ends.append(ts + 1)
            begin = i + 1
    stream = {"bars": rows, "ends": {row[0]: end for row, end in zip(rows, ends, strict=True)}}
    return OtherStream(symbol, f"{TICKS} ticks", stream, build=f"{TICKS} ticks")


@often
@given(cases_with_others())
def test_both_engines_agree(drawn: tuple[Case, Script]) -> None:
    case, make = drawn[0], seeing(scripted(drawn[1]))
    assert_engines_agree(case, make)


@law
@given(cases_with_others())
def test_they_change_nothing_by_themselves(drawn: tuple[Case, Script]) -> None:
    case, script = drawn
    make = scripted(script)
    plain = run_btcore(replace(case, others=[]), make)
    for watched in (run_btcore(case, make), run_btcore(case, seeing(make, acts=False))):
        for part in fields(plain):
            if part.name != "strategy":
                assert str(getattr(watched, part.name)) == str(getattr(plain, part.name))  # NaN equals NaN


@law
@given(cases_with_others())
def test_each_is_seen_once_at_its_end(drawn: tuple[Case, Script]) -> None:
    case, script = drawn
    assume(all(instrument.sessions is None for instrument in case.instruments.values()))
    outcome = run_btcore(case, seeing(scripted(script), acts=False))
    start, last = outcome.equity[0]["ts"], outcome.equity[-1]["ts"]
    seen = [(event[0], event[2], event[3]) for event in getattr(outcome.strategy, "others", [])]
    due = [
        (end, each.symbol, each.resolution)
        for each in case.others
        for end in ends_of(each.stream)
        if start < end <= last
    ]
    assert seen == sorted(due, key=lambda item: item[0])
