"""`ctx.order`, tags, and the ids of the rows of `Orders`."""

from typing import Any

import pytest

import btcore as bt

SECOND = 10**9


def quotes(*rows: tuple[float, ...]) -> bt.Quotes:
    columns = list(zip(*rows, strict=True))
    return bt.Quotes([int(t * SECOND) for t in columns[0]], *columns[1:])


DATA = {"A": quotes((1, 99, 100, 4, 4), (2, 99, 100, 4, 4), (3, 97, 98, 4, 4), (4, 97, 98, 4, 4))}


class Look(bt.Strategy):
    """Buys 10 at the first quote, looks at each quote, amends the limit at the second."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Any, ...]] = []

    def on_start(self, ctx: bt.Context) -> None:
        with pytest.raises(bt.OrderError, match="order 1"):
            ctx.order(1)

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        if not self.seen:
            ctx.buy("A", 10, limit=100, tag="entry")
        state = ctx.order(1)
        self.seen.append(
            (
                state.status,
                state.filled_quantity,
                state.leaves_quantity,
                state.average_price,
                state.limit_price,
            )
        )
        if len(self.seen) == 2:
            ctx.amend(1, limit=98)


def seen(**execution: Any) -> list[tuple[Any, ...]]:
    settings = bt.Execution(displayed_size=True, **execution)
    strategy: Any = bt.run(DATA, Look(), execution=settings, progress=False).strategy
    found: list[tuple[Any, ...]] = strategy.seen
    return found


def test_the_state_is_that_of_the_exchange() -> None:
    # Sent at 1 and filled with 4 there; with 4 at 2; then at 98, the amended limit, with the last 2.
    assert seen() == [
        ("new", 0.0, 10.0, None, 100.0),
        ("partially_filled", 8.0, 2.0, 100.0, 100.0),
        ("filled", 10.0, 0.0, 99.6, 98.0),
        ("filled", 10.0, 0.0, 99.6, 98.0),
    ]


def test_with_response_latency_it_is_what_has_been_reported() -> None:
    # Reports take 1.5 s: of the fill at 1 at 2.5, of that at 2 at 3.5. The price is the one requested last.
    assert seen(response_latency_ms=1500) == [
        ("new", 0.0, 10.0, None, 100.0),
        ("new", 0.0, 10.0, None, 100.0),
        ("partially_filled", 4.0, 6.0, 100.0, 98.0),
        ("partially_filled", 8.0, 2.0, 100.0, 98.0),
    ]


def test_a_tag_is_in_the_table_and_the_explanation() -> None:
    result = bt.run(DATA, Look, execution=bt.Execution(displayed_size=True), progress=False)
    assert result.orders["tag"].tolist() == ["entry"]
    assert "tag entry" in bt.Result.explain(result, 1)


def test_tags_of_order_arrays() -> None:
    orders = bt.Orders([2 * SECOND, 1 * SECOND], "A", "buy", [1, 2], tag=["second", "first"])
    assert bt.run(DATA, orders, progress=False).orders["tag"].tolist() == ["first", "second"]


def test_rows_keep_their_parents_after_a_liquidation() -> None:
    # 50 bought at 100 with a capital of 1000; at 85 equity is 250, below 0.1 * 4250: order 2 liquidates.
    # The rows that follow have the ids 3 and 4: the child is of order 3, which buys 1, and sells at 90.
    rows = [
        (t, px - 1.0, px) for t, px in ((1, 100.0), (2, 100.0), (3, 86.0), (4, 86.0), (5, 86.0), (6, 92.0))
    ]
    orders = bt.Orders(
        [SECOND, 4 * SECOND, 4 * SECOND],
        "A",
        ["buy", "buy", "sell"],
        [50, 1, 1],
        limit_price=[None, None, 90.0],
        parent=[-1, -1, 1],
    )
    execution = bt.Execution(leverage=6, maintenance_margin=0.1)
    result = bt.run({"A": quotes(*rows)}, orders, initial_capital=1000, execution=execution, progress=False)
    assert result.orders["order_id"].tolist() == [1, 2, 3, 4]
    assert result.orders["parent"].tolist() == [0, 0, 0, 3]
    assert result.trades["price"].tolist() == [100.0, 85.0, 86.0, 90.0]
