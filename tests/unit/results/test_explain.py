"""The history of an order: complete texts, and a sentence for every reason."""

import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books, records

import btcore as bt
from btcore.errors import ConfigError
from btcore.model import FILL_DTYPE, NOTE_DTYPE, ORDER_DTYPE, NoteKind, Rule
from btcore.results.explain import REASON_TEXTS
from btcore.results.labels import EVENTS
from btcore.results.result import Result, load_result
from btcore.rules.order_words import REASONS, OrderReason

MINUTE = 60 * 10**9
TEN = np.datetime64("2024-01-02T10:00", "ns")


def quotes(*prices, sizes=100.0):
    """One quote per minute from 10:00, with a spread of 0.01."""
    bid = np.array(prices)
    clock = TEN + np.arange(len(bid)) * np.timedelta64(1, "m")
    return bt.Quotes(clock, bid, np.round(bid + 0.01, 2), np.full(len(bid), sizes), np.full(len(bid), sizes))


class Script(bt.Strategy):
    """Does `steps[n]` at the n-th quote."""

    def __init__(self, steps):
        self.steps, self.seen = steps, 0

    def on_quote(self, ctx, quote):
        if self.seen in self.steps:
            self.steps[self.seen](ctx)
        self.seen += 1


def history(data, steps, order_id, instrument=None, **terms):
    result = bt.run(
        {"AAPL": data},
        Script(steps),
        initial_capital=10_000.0,
        execution=bt.Execution(**terms),
        instruments={"AAPL": instrument or bt.Instrument()},
        progress=False,
    )
    return result.explain(order_id)


def test_the_history_of_a_taker_in_two_parts():
    data = quotes(101.5, 101.6, 101.4, sizes=[4.0, 4.0, 9.0])
    steps = {0: lambda ctx: ctx.sell("AAPL", 10, limit=101.5)}
    text = history(data, steps, 1, displayed_size=True, slippage_bps=2.0, latency_ms=250.0)
    assert text.splitlines() == [
        "order 1: sell 10 AAPL limit 101.5 GTC",
        "2024-01-02T10:00:00Z sent",
        "2024-01-02T10:00:00.250Z arrived after 250 ms",
        "2024-01-02T10:00:00.250Z filled 4 at 101.5 by standing_quote: event 0 of 2024-01-02T10:00:00Z, "
        "reference 101.5, slippage 0, size seen 4",
        "2024-01-02T10:01:00Z filled 4 at 101.5 by quote_reached: event 1 of 2024-01-02T10:01:00Z, "
        "reference 101.5, slippage 0, size seen 4",
        "2024-01-02T10:02:00Z expired: the data ended while it was open (8 of 10 filled at 101.5 on average)",
    ]


def test_the_history_of_a_slipped_market_order():
    steps = {1: lambda ctx: ctx.buy("AAPL", 3)}
    assert history(quotes(99.0, 99.99, 98.0), steps, 1, slippage_bps=10.0).splitlines() == [
        "order 1: buy 3 AAPL market GTC",
        "2024-01-02T10:01:00Z sent, arrived at the same time",
        "2024-01-02T10:01:00Z filled 3 at 100.1 by standing_quote: event 1 of 2024-01-02T10:01:00Z, "
        "reference 100, slippage 0.1, size seen 100",
        "2024-01-02T10:01:00Z filled: all of it (3 at 100.1 on average)",
    ]


def bracket(ctx):
    ctx.buy("AAPL", 10, limit=99.0)
    ctx.sell("AAPL", 10, limit=102.0, parent=1, oco=7)
    ctx.sell("AAPL", 10, stop=98.0, parent=1, oco=7, reduce_only=True)


@pytest.mark.parametrize("suffix", ["", ".npz", ".parquet"])
def test_the_history_of_a_bracket_is_the_same_after_saving(tmp_path, suffix):
    result = bt.run({"AAPL": quotes(100.0, 98.9, 100.0, 97.5, 97.0)}, Script({0: bracket}), progress=False)
    if suffix:
        result.save(tmp_path / f"run{suffix}")
        result = load_result(tmp_path / f"run{suffix}")
    assert result.explain(1).splitlines()[2:] == [
        "2024-01-02T10:01:00Z filled 10 at 99 by quote_reached: event 1 of 2024-01-02T10:01:00Z, "
        "reference 99, slippage 0, size seen 100",
        "2024-01-02T10:01:00Z filled: all of it (10 at 99 on average)",
    ]
    assert result.explain(2).splitlines() == [
        "order 2: sell 10 AAPL limit 102 GTC, group 7, child of order 1",
        "2024-01-02T10:00:00Z sent, waits for order 1",
        "2024-01-02T10:01:00Z released by a fill of its parent, quantity 10",
        "2024-01-02T10:03:00Z canceled: one cancels the other: an order of its group was filled "
        "(0 of 10 filled)",
    ]
    assert result.explain(3).splitlines() == [
        "order 3: sell 10 AAPL stop 98 GTC, reduce-only, group 7, child of order 1",
        "2024-01-02T10:00:00Z sent, waits for order 1",
        "2024-01-02T10:01:00Z released by a fill of its parent, quantity 10",
        "2024-01-02T10:03:00Z triggered at 98",
        "2024-01-02T10:03:00Z filled 10 at 97.5 by quote_taken: event 3 of 2024-01-02T10:03:00Z, "
        "reference 97.5, slippage 0, size seen 100",
        "2024-01-02T10:03:00Z filled: all of it (10 at 97.5 on average)",
    ]


def test_the_history_of_an_amended_order():
    steps = {
        0: lambda ctx: ctx.buy("AAPL", 10, limit=99.0),
        1: lambda ctx: ctx.amend(1, quantity=8, limit=100.02),
        2: lambda ctx: ctx.cancel(1),
    }
    text = history(quotes(100.0, 100.01, 100.0, sizes=5.0), steps, 1, displayed_size=True)
    assert text.splitlines() == [
        "order 1: buy 8 AAPL limit 100.02 GTC (its last terms)",
        "2024-01-02T10:00:00Z sent, arrived at the same time",
        "2024-01-02T10:01:00Z amended, quantity 8",
        "2024-01-02T10:01:00Z filled 5 at 100.02 by standing_quote: event 1 of 2024-01-02T10:01:00Z, "
        "reference 100.02, slippage 0, size seen 5",
        "2024-01-02T10:02:00Z filled 3 at 100.02 by quote_reached: event 2 of 2024-01-02T10:02:00Z, "
        "reference 100.02, slippage 0, size seen 5",
        "2024-01-02T10:02:00Z filled: all of it (8 at 100.02 on average)",
    ]


def test_the_history_of_a_rejected_order():
    steps = {0: lambda ctx: ctx.buy("AAPL", 1000, touch=99.0, limit=99.5, time_in_force="DAY")}
    assert history(quotes(100.0, 101.0), steps, 1).splitlines() == [
        "order 1: buy 1000 AAPL touch 99 limit 99.5 DAY",
        "2024-01-02T10:00:00Z sent, arrived at the same time",
        "2024-01-02T10:00:00Z rejected: it would have exceeded the buying power of the account "
        "(0 of 1000 filled)",
    ]


def test_the_history_of_a_trailing_stop_through_a_split():
    instrument = bt.Instrument(
        splits=[("2024-01-02T10:01:30", 2.0)], dividends=[("2024-01-02T10:01:40", 0.5)]
    )
    steps = {
        0: lambda ctx: (
            ctx.buy("AAPL", 10),
            ctx.sell("AAPL", 10, trail=2, trail_by="percent", limit_offset=0.5),
        )
    }
    lines = history(quotes(100.0, 104.0, 52.0, 50.0), steps, 2, instrument).splitlines()
    assert lines[0] == (
        "order 2: sell 20 AAPL trailing stop limit by 2 % offset 0.25 at "
        "stop 50.96 limit 50.71 GTC (its last terms)"
    )
    assert lines[2:4] == [
        "2024-01-02T10:01:30Z restated by a split of 2",
        "2024-01-02T10:01:40Z restated by a dividend of 0.5",
    ]
    assert lines[4] == "2024-01-02T10:03:00Z triggered at 50.96"


def test_the_history_of_a_liquidation():
    steps = {0: lambda ctx: (ctx.sell("AAPL", 90), ctx.buy("AAPL", 1, limit=50.0))}
    data = quotes(100.0, 205.0, 220.0)
    forced = history(data, steps, 3).splitlines()
    assert forced[0] == "order 3: buy 90 AAPL market GTC"
    assert forced[1] == "2024-01-02T10:02:00Z sent by the liquidation of the account"
    assert forced[2].startswith("2024-01-02T10:02:00Z filled 90 at 220.01 by standing_quote")
    assert history(data, steps, 2).splitlines()[-1] == (
        "2024-01-02T10:02:00Z canceled: the account fell below its maintenance margin and was liquidated "
        "(0 of 1 filled)"
    )


def made_of(order, notes=(), fills=()):
    """The result of one order, 5 of AAA at a limit of 100, sent at START."""
    journal = keep_books([("mark", START + DAY, 100.0)])
    plain = {
        "id": 1,
        "qty": 5.0,
        "asked_qty": 5.0,
        "limit_px": 100.0,
        "side": 1,
        "order_type": 1,
        "ts_sent": START,
    }
    plain |= {"ts_arrived": START + 1500, "ts_closed": START + MINUTE, "ts_expires": 2**63 - 1}
    plain |= dict.fromkeys(("stop_px", "trail", "limit_offset", "avg_px"), np.nan)
    journal.orders = records(ORDER_DTYPE, [plain | order])
    journal.notes = records(NOTE_DTYPE, [{"order_id": 1, "value": 5.0} | note for note in notes])
    journal.fills = records(
        FILL_DTYPE,
        [
            {"order_id": 1, "last_qty": 1.0, "last_px": 100.0, "reference_px": 100.0, "side": 1} | f
            for f in fills
        ],
    )
    return Result.from_journal(journal, manifest={}, fingerprint="")


@pytest.mark.parametrize("reason", list(OrderReason))
def test_every_reason_has_its_sentence(reason):
    status = 2 if reason == OrderReason.NONE else 3
    lines = made_of({"status": status, "reason": REASONS.index(reason)}).explain(1).splitlines()
    assert lines[-1].startswith(
        f"2024-01-01T00:01:00Z {'canceled' if reason else 'filled'}: {REASON_TEXTS[reason]} ("
    )
    assert len(REASON_TEXTS) == len(set(REASON_TEXTS.values())) == len(OrderReason)


@pytest.mark.parametrize("kind", list(NoteKind))
def test_every_event_of_an_order_has_a_line(kind):
    if kind == NoteKind.LIQUIDATED:  # concerns the account, not an order
        return
    lines = made_of({"status": 2}, [{"kind": int(kind), "ts": START + 2000}]).explain(1).splitlines()
    assert lines[3].startswith("2024-01-01T00:00:00.000002Z ")
    assert EVENTS[kind].split("_")[0][:5] in lines[3] or kind in (NoteKind.SNAPPED, NoteKind.CLIPPED)


def test_lines_of_the_same_time_are_in_order_of_cause():
    """An amendment comes after a fill that it may react to, but before a fill at the standing quote."""
    ts = START + MINUTE
    notes = [{"kind": int(kind), "ts": ts} for kind in (NoteKind.AMENDED, NoteKind.TRIGGERED)]
    fills = [{"ts": ts, "rule": int(rule)} for rule in (Rule.STANDING_QUOTE, Rule.QUOTE_TAKEN)]
    lines = made_of({"status": 2, "avg_px": 100.0, "filled_qty": 2.0}, notes, fills).explain(1).splitlines()
    assert [line.split()[1].rstrip(",") for line in lines[3:7]] == [
        "triggered",
        "filled",
        "amended",
        "filled",
    ]
    assert ["quote_taken" in lines[4], "standing_quote" in lines[6]] == [True, True]


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ({"ts_arrived": -1}, "2024-01-01T00:00:00Z sent, never arrived"),
        ({"ts_arrived": -1, "parent": 9}, "2024-01-01T00:00:00Z sent, never released"),
        ({"ts_arrived": START + 7}, "2024-01-01T00:00:00.000000007Z arrived after 7 ns"),
        ({"ts_arrived": START + 1500}, "2024-01-01T00:00:00.000001500Z arrived after 1.5 us"),
        ({"ts_arrived": START + 3 * MINUTE}, "2024-01-01T00:03:00Z arrived after 180 s"),
        ({"status": 1, "filled_qty": 2.0, "avg_px": 9.0}, "open, with 3 to fill"),
        (
            {"time_in_force": 4, "ts_expires": START + DAY, "flags": 1},
            "order 1: buy 5 AAA limit 100 GTD 2024-01-02T00:00:00Z, post-only",
        ),
        (
            {"order_type": 6, "limit_px": np.nan, "stop_px": 97.0, "trail": 3.0, "trail_by": 2},
            "order 1: buy 5 AAA trailing stop by 3 ticks at stop 97 GTC",
        ),
    ],
)
def test_the_terms_of_an_order_are_listed(order, line):
    assert line in made_of({"status": 4, "reason": 6} | order).explain(1).splitlines()


def test_a_better_price_and_unknown_sizes():
    fill = {
        "ts": START + 2000,
        "last_px": 99.5,
        "reference_px": 99.25,
        "size_seen": np.inf,
        "rule": 6,
        "event": 3,
    }
    fill |= {"ts_event": START}
    assert made_of({"status": 2}, fills=[fill]).explain(1).splitlines()[3] == (
        "2024-01-01T00:00:00.000002Z filled 1 at 99.5 by bar_open: event 3 of 2024-01-01T00:00:00Z, "
        "reference 99.25, slippage 0.25, 0.5 better than its limit"
    )


@pytest.mark.parametrize("order_id", [0, 2, -1])
def test_an_unknown_order_is_refused(order_id):
    with pytest.raises(ConfigError, match=f"order_id: {order_id} is not the id of one of the 1 orders"):
        made_of({"status": 2}).explain(order_id)
