"""`Orders`: scalars equal columns, invalid rows are named, hashes stay as they were."""

from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.backtest.manifest import describe_strategy

START = 1_700_000_000_000_000_000
ROWS = 6
COLUMNS: dict[str, Any] = {
    "symbol": "AB",
    "side": "sell",
    "quantity": 2.5,
    "limit_price": 4.0,
    "stop_price": 5.0,
    "time_in_force": "DAY",
    "oco": 3,
    "reduce_only": True,
    "latency_ms": 1.5,
}


def orders_of(rows: Any = range(ROWS), **given: Any) -> bt.Orders:
    return bt.Orders(START + np.asarray(rows), **{**COLUMNS, **given})


def sha256(orders: bt.Orders) -> str:
    return str(describe_strategy(orders, None)["sha256"])


@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize("rows", [list(range(ROWS)), [3, 0, 1, 5, 4, 2]], ids=["by time", "mixed"])
def test_a_scalar_is_a_column_of_it(name: str, rows: list[int]) -> None:
    scalar, column = orders_of(rows), orders_of(rows, **{name: [COLUMNS[name]] * ROWS})
    for mine, theirs in zip(scalar.columns().values(), column.columns().values(), strict=True):
        assert mine.dtype == theirs.dtype
        assert mine.tobytes() == theirs.tobytes()
    assert sha256(scalar) == sha256(column)


def test_hashes_do_not_change() -> None:
    """The hash in the manifest is that of the columns' bytes, whether or not a scalar is stored once."""
    few = bt.Orders([START + 3, START + 1, START + 2], "AB", "buy", 2.0)
    many = bt.Orders(
        START + np.array([1, 2, 2, 9]),
        ["A", "BCD", "A", "A"],
        [1, -1, 1, 1],
        [1.0, 2.0, 3.0, 4.0],
        limit_price=[1.0, np.nan, np.nan, 5.0],
        stop_price=[np.nan, 2.0, np.nan, np.nan],
        time_in_force=["GTC", "DAY", "GTC", "GTD"],
        expires=np.array(["NaT", "NaT", "NaT", "2030-01-01"], "M8[ns]"),
        oco=[0, 1, 1, 0],
        parent=[-1, -1, 0, -1],
        latency_ms=[np.nan, 1.5, 0, 2],
        trail=[np.nan] * 4,
        reduce_only=True,
    )
    assert sha256(few) == "da42f36bf8f435753149061ffd0ad2018601757bf68589bcc21eaca351ab4f27"
    assert sha256(many) == "4d378afc372fa389aaa1d05bdb9a980c5c0106f0b1b8e77dceca4c0855f088ef"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": 0.0}, "orders[0]: quantity 0.0 is not a positive number"),
        ({"quantity": [1, 1, 1, np.inf, 1, -1]}, "orders[3]: quantity inf is not a positive number"),
        ({"limit_price": 0}, "orders[0]: limit_price 0.0 is not a finite number other than 0"),
        ({"stop_price": [9, np.inf] * 3}, "orders[1]: stop_price inf is not a finite number other than 0"),
        ({"trail": [np.nan, np.nan, 0.0] * 2}, "orders[2]: trail 0.0 is not a positive number"),
        ({"limit_offset": -1}, "orders[0]: limit_offset -1.0 is not 0 or a positive number"),
        ({"side": "hold"}, "orders[0]: side 'hold' is not 'buy' or 'sell'"),
        ({"side": [1, 1, -1, 1, 2, 1]}, "orders[4]: side 2 is not 1 or -1"),
        (
            {"time_in_force": "day"},
            "orders[0]: time_in_force 'day' is not one of GTC, DAY, IOC, FOK, GTD, OPG, CLS "
            "(did you mean 'DAY'?)",
        ),
        ({"trail_by": "points"}, "orders[0]: trail_by 'points' is not one of price, percent, ticks"),
        ({"oco": -1}, "orders[0]: oco -1 is not 0 or a positive group number"),
        ({"latency_ms": 1e9}, "orders[0]: latency_ms 1000000000.0 is not between 0 and 86400000, a day"),
        (
            {"touch_price": [np.nan, np.nan, 9.0, np.nan, np.nan, 8.0]},
            "orders[2]: a stop price and a touch price exclude each other",
        ),
        ({"parent": 6}, "orders[0]: parent 6 is not a row from 0 to 5, or -1"),
        ({"parent": 0}, "orders[0]: parent 0 is not the row of an order that is sent earlier"),
        ({"quantity": [1.0, 2.0]}, "orders.quantity: not a column of 6 values but of 2"),
        ({"quantity": [[1.0]]}, "orders.quantity: not a column but an array of 2 dimensions"),
        (
            {"quantity": "much"},
            "orders.quantity: not a column of 6 values (could not convert string to float: 'much')",
        ),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_refusals_name_the_first_row_as_given(change: dict[str, Any], message: str, backwards: bool) -> None:
    rows = list(range(ROWS))[:: -1 if backwards else 1]
    with pytest.raises(bt.OrderError) as error:
        orders_of(rows, **change)
    assert str(error.value) == message


def test_a_parent_is_an_order_for_the_same_symbol() -> None:
    with pytest.raises(bt.OrderError, match=r"^orders\[1\]: parent 0 is not .* for the same symbol$"):
        orders_of(symbol=["A", "B", *"AAAA"], parent=[-1, 0, 0, -1, -1, -1])


def test_no_rows() -> None:
    """Whatever type an empty column has."""
    for none in ([], np.array([], np.int64), np.array([], "M8[ns]")):
        orders = bt.Orders(none, "A", "buy", [])
        assert len(orders) == 0
        assert orders.timestamp.dtype == np.int64
    assert len(bt.Orders([], [], [], [], limit_price=[])) == 0


def test_columns_are_copies_that_nothing_changes() -> None:
    given = np.ones(ROWS)
    orders = orders_of(quantity=given)
    given[0] = 9.0
    assert orders.quantity.tolist() == [1.0] * ROWS
    for column in orders.columns().values():
        assert not column.flags.writeable


def test_symbols_are_those_of_the_run() -> None:
    orders = orders_of(symbol=["A", "CC", "B", "A", "B", "CC"])
    assert orders.places(("CC", "A", "B", "D")).tolist() == [1, 0, 2, 1, 2, 0]
    assert orders_of().places(("X", "AB")).tolist() == [1] * ROWS
    with pytest.raises(
        bt.OrderError, match=r"orders: 'B' is not in this run \(did you mean 'AB'\?\); its symbols"
    ):
        orders.places(("A", "AB"))


@pytest.mark.parametrize(
    "change",
    [
        {"limit_price": 1.0}, {"time_in_force": "DAY"}, {"oco": 1}, {"parent": [-1, 0, -1, -1, -1, -1]},
        {"reduce_only": [False] * 5 + [True]}, {"latency_ms": [np.nan] * 5 + [0.0]},
        {"trail_by": "percent"},
    ],
)  # fmt: skip
def test_plain_orders_are_market_orders_and_no_more(change: dict[str, Any]) -> None:
    plain = {"symbol": "A", "side": "buy", "quantity": 1.0}
    times = START + np.arange(ROWS)
    assert bt.Orders(times, **plain).is_plain
    assert not bt.Orders(times, **{**plain, **change}).is_plain


@pytest.mark.parametrize("flag", ["post_only", "reduce_only"])
@pytest.mark.parametrize("value", ["False", ["no"] * ROWS, 2, np.nan, [True, "x", 1, 0, 0, 0]])
def test_a_flag_is_true_or_false_and_no_text(flag: str, value: Any) -> None:
    with pytest.raises(bt.OrderError, match=rf"orders\[\d\]: {flag} .* is not True or False"):
        bt.Orders(START + np.arange(ROWS), "A", "buy", 1.0, limit_price=1.0, **{flag: value})


@pytest.mark.parametrize("value", [1, [0, 1, 0, 1, 0, 1], [None, True, False, True, None, True]])
def test_a_flag_may_be_a_number_and_none_is_false(value: Any) -> None:
    orders = bt.Orders(START + np.arange(ROWS), "A", "buy", 1.0, reduce_only=value)
    assert orders.reduce_only.tolist() == [bool(one) for one in np.broadcast_to(value, ROWS)]


@pytest.mark.parametrize("column", ["timestamp", "expires"])
def test_lists_of_different_lengths_are_refused(column: str) -> None:
    given: dict[str, Any] = {"timestamp": [START], "symbol": "A", "side": "buy", "quantity": 1.0}
    with pytest.raises(bt.OrderError, match=f"orders.{column}: not a column"):
        bt.Orders(**{**given, column: [[1], [1, 2]]})
