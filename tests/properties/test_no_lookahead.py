"""What comes later changes nothing before, in both engines."""

from dataclasses import replace
from typing import Any

from engines import ENGINES, Case, assert_same
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from markets import EXAMPLES, cases, have_volume
from reference import sequence
from strategy_scripts import Action, Script, scripted


@settings(max_examples=max(EXAMPLES // 4, 1), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.integers(0, 100))
def test_what_comes_later_changes_nothing_before(drawn: tuple[Case, Script], percent: int) -> None:
    case, script = drawn
    script = replace(script, actions={call: [*map(by_day, todo)] for call, todo in script.actions.items()})
    events = sequence(case.streams)
    until = events[(len(events) - 1) * percent // 100].delivered
    streams = {symbol: cut(stream, until) for symbol, stream in case.streams.items()}
    assume(all(stream.keys() == case.streams[symbol].keys() for symbol, stream in streams.items()))
    assume(all(have_volume(stream) or not have_volume(case.streams[s]) for s, stream in streams.items()))
    for engine in ENGINES.values():
        whole = engine(case, scripted(script))
        part = engine(replace(case, streams=streams), scripted(script))
        seen = [call for call in part.strategy.seen if call["now"] <= until and call["event"] != ("end",)]
        delivered = [call["event"] for call in seen if call["event"][0] == "fill"]
        assert_same(seen, whole.strategy.seen[: len(seen)], case.initial_capital, "seen")
        assert_same(
            part.fills[: len(delivered)], whole.fills[: len(delivered)], case.initial_capital, "fills"
        )


def by_day(action: Action) -> Action:
    """The action with DAY instead of CLS, which depends on which bar is the last of the session."""
    at_close = action.terms.get("time_in_force") == "CLS"
    return replace(action, terms=action.terms | {"time_in_force": "DAY"}) if at_close else action


def cut(stream: dict[str, Any], until: int) -> dict[str, Any]:
    """The rows that have begun by `until`; kinds without rows are left out.

    A bar that has opened is kept, because a cancel waits for its end.
    """
    rows_by_kind = {
        kind: [row for row in stream[kind] if row[0] < until or (row[0] == until and kind != "bars")]
        for kind in ("quotes", "trades", "bars")
        if kind in stream
    }
    rows_by_kind = {kind: rows for kind, rows in rows_by_kind.items() if rows}
    lengths = {name: stream[name] for name in ("interval", "ends", "sides") if name in stream}
    return rows_by_kind | (lengths if "bars" in rows_by_kind else {})
