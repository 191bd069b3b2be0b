"""Symbols add up, the future does not change the past, order arrays equal a strategy with timers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from engines import Case, Maker, Outcome, assert_same, containers
from hypothesis import given
from hypothesis import strategies as st
from markets import cases
from reference import sequence
from restated import (
    Units,
    map_rows,
    rows_in,
)
from strategy_scripts import Action, Script, scripted
from variations import accepted, instruments, law, map_actions, play, rich, terms, without

import btcore

Drawn = tuple[Case, Script]


def apart(script: Script) -> Maker:
    """A strategy that runs each symbol's actions by that symbol's own events and orders."""
    plan: dict[str, dict[int, list[Action]]] = {symbol: {} for symbol in script.symbols}
    for call, todo in script.actions.items():
        for number, action in enumerate(todo):
            ordered = action.verb in ("buy", "sell", "bracket")
            symbol = action.arguments[0] if ordered else script.symbols[(call + number) % len(script.symbols)]
            plan[symbol].setdefault(call % 12, []).append(action)

    def build(base: type) -> type:
        class Apart(scripted(replace(script, actions={}))(base)):
            def step(self, ctx: Any, *event: Any) -> None:
                super().step(ctx, *event)
                if event[0] == "start":
                    self.events = dict.fromkeys(plan, 0)
                    self.sent_of = {symbol: [] for symbol in plan}
                if event[0] in ("bar", "quote", "trade"):
                    symbol = event[1]
                    self.sent = self.sent_of[symbol]
                    for action in plan[symbol].get(self.events[symbol], ()):
                        self.act(ctx, action)
                    self.events[symbol] += 1

        return Apart

    return build


def of_symbol(outcome: Outcome, symbol: str) -> list[tuple[Any, ...]]:
    """The fills of a symbol, without order ids, which depend on other symbols."""
    chosen = [fill for fill in outcome.fills if fill["symbol"] == symbol]
    return [tuple(value for name, value in fill.items() if name != "order_id") for fill in chosen]


@law
@given(cases(), st.randoms(use_true_random=False))
def test_symbols_that_share_nothing_add_up_in_any_order(drawn: Drawn, random: Any) -> None:
    # A bracket takes the next free group number, which other symbols' groups would move.
    script = map_actions(drawn[1], lambda a: a if a.verb == "bracket" else without("oco")(a))
    case = terms(rich(drawn[0]), commission_tiers=[], latency_jitter_ms=0.0, response_jitter_ms=0.0)
    # Payments and splits at a bar's end come after the bars of that time, and so before or after the ticks of
    # another symbol at that time, by the order of the symbols.
    case = instruments(case, funding=[], dividends=[], splits=[])
    first = min(row[0] for stream in case.streams.values() for row in rows_of(stream))
    case = replace(case, start=first)  # the default start depends on which symbols are in the run
    together = play(case, apart(script))

    names = list(case.streams)
    random.shuffle(names)
    shuffled = play(replace(case, streams={name: case.streams[name] for name in names}), apart(script))
    gains = 0.0
    for symbol in names:
        alone = map_actions(script, lambda a, s=symbol: a if is_about(a, s) else nothing(a))
        outcome = play(case, apart(alone))
        gains += outcome.equity[-1]["equity"] - case.initial_capital
        expected = of_symbol(together, symbol)
        assert of_symbol(shuffled, symbol) == expected
        assert of_symbol(outcome, symbol) == expected
    assert_same(together.equity, shuffled.equity, 1e6, "equity")
    assert together.equity[-1]["equity"] - case.initial_capital == pytest.approx(gains, abs=1e-5)


def rows_of(stream: dict[str, Any]) -> list[tuple[float, ...]]:
    return [row for kind, rows in stream.items() if kind not in {"interval", "ends", "sides"} for row in rows]


def is_about(action: Action, symbol: str) -> bool:
    return action.verb not in ("buy", "sell", "bracket") or action.arguments[0] == symbol


def nothing(action: Action) -> Action:
    """A replacement that keeps the number of later actions."""
    return Action("log", ("nothing",))


@law
@given(cases(), st.integers(0, 100))
def test_another_future_leaves_the_past_unchanged(drawn: Drawn, percent: int) -> None:
    """Prices change after some event; rows that have begun by then are kept."""
    case, make = drawn[0], scripted(drawn[1])
    events = sequence(case.streams)
    until = events[(len(events) - 1) * percent // 100].delivered
    dearer = Units(2.0, 1.0)

    def changed(kind: str, row: tuple[float, ...]) -> tuple[float, ...]:
        return rows_in(dearer, kind, row) if row[0] > until else row

    one, two = play(case, make), play(replace(case, streams=map_rows(case.streams, changed)), make)
    past = [[call for call in o.strategy.seen if call["now"] <= until] for o in (one, two)]
    past = [[call for call in calls if call["event"] != ("end",)] for calls in past]
    assert past[0] == past[1]
    delivered = sum(call["event"][0] == "fill" for call in past[0])
    assert one.fills[:delivered] == two.fills[:delivered]
    assert [p for p in one.equity if p["ts"] <= until][:-1] == [p for p in two.equity if p["ts"] <= until][
        :-1
    ]


@law
@given(cases())
def test_order_arrays_equal_a_strategy_with_timers(drawn: Drawn) -> None:
    case, script = drawn
    times = [event.delivered + 1 for event in sequence(case.streams)]
    sent = [
        (times[call % len(times)], action)
        for call, todo in script.actions.items()
        for action in todo
        if action.verb in ("buy", "sell")
    ]
    sent.sort(key=lambda pair: pair[0])
    sending = order_columns(sent)

    class Timed(btcore.Strategy):
        def on_start(self, ctx: Any) -> None:
            self.todo = list(range(len(sent)))
            for at, _ in sent:
                ctx.set_timer(at)

        def on_end(self, ctx: Any) -> None:
            while self.todo:  # rows after the data
                send(ctx, sending, self.todo.pop(0))

        def on_timer(self, ctx: Any) -> None:
            while self.todo and sent[self.todo[0]][0] <= ctx.now:
                send(ctx, sending, self.todo.pop(0))

    Timed.__module__ = "nowhere"
    one = accepted(lambda: run_with(case, btcore.Orders(**sending)))
    two = run_with(case, Timed())
    for name, table in one.tables().items():
        assert table.tobytes() == two.table(name).tobytes(), name


NONE = {"limit": None, "stop": None, "touch": None, "trail": None, "limit_offset": None, "latency_ms": None}
PLAIN = {"trail_by": "price", "time_in_force": "GTC", "oco": 0, "post_only": False, "reduce_only": False}
RENAMED = {"limit": "limit_price", "stop": "stop_price", "touch": "touch_price"}


def order_columns(sent: list[tuple[int, Action]]) -> dict[str, Any]:
    """`btcore.Orders` of them; a parent is an earlier order of its symbol, `expires` counts from sending."""
    rows = []
    for i, (at, action) in enumerate(sent):
        symbol, quantity = action.arguments
        row = {"timestamp": at, "symbol": symbol, "side": action.verb, "quantity": quantity}
        row |= {RENAMED.get(name, name): action.terms.get(name) for name in NONE}
        row |= {name: action.terms.get(name, default) for name, default in PLAIN.items()}
        earlier = [j for j in range(i) if sent[j][1].arguments[0] == symbol]
        given = "parent" in action.terms and earlier
        row["parent"] = earlier[action.terms["parent"] % len(earlier)] if given else -1
        expires = action.terms.get("expires")
        row["expires"] = NEVER if expires is None else at + expires
        rows.append(row)
    names = rows[0] if rows else ("timestamp", "symbol", "side", "quantity")
    return {name: [row[name] for row in rows] for name in names}


def send(ctx: Any, columns: dict[str, Any], i: int) -> None:
    row = {name: column[i] for name, column in columns.items()}
    named = {short: row[long] for short, long in {n: RENAMED.get(n, n) for n in NONE}.items()}
    parent = row["parent"] + 1  # every row is sent, so an order's number is its row's
    expires = None if row["expires"] == NEVER else row["expires"]
    plain = {name: row[name] for name in PLAIN}
    act = getattr(ctx, row["side"])
    act(row["symbol"], row["quantity"], parent=parent, expires=expires, **named, **plain)


NEVER = np.iinfo(np.int64).max


def run_with(case: Case, strategy: Any) -> btcore.Result:
    return btcore.run(
        {s: containers(x, case.instruments[s].negative_prices) for s, x in case.streams.items()},
        strategy,
        initial_capital=case.initial_capital,
        execution=case.execution,
        instruments=case.instruments,
        timezone=case.timezone,
        mark_every=case.mark_every,
        fx=case.fx,
    )
