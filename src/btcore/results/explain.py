"""The history of one order in sentences, from the tables of a result."""

from typing import Any, Protocol

import numpy as np

from btcore.errors import ConfigError
from btcore.rules.order_words import OrderReason, OrderStatus
from btcore.times.intervals import UNIT_NS

from .export import rfc3339
from .tables import Table

REASON_TEXTS = {
    OrderReason.NONE: "all of it",
    OrderReason.REQUESTED: "requested by the strategy, or no quantity left after an amendment or split",
    OrderReason.IOC: "immediate or cancel: not filled when it reached the market",
    OrderReason.FOK: "fill or kill: could not be filled completely when it reached the market",
    OrderReason.OCO: "one cancels the other: an order of its group was filled",
    OrderReason.DAY: "day order: its session closed",
    OrderReason.END_OF_DATA: "the data ended while it was open",
    OrderReason.INVALID_QUANTITY: "its quantity was not a positive number",
    OrderReason.INVALID_PRICE: "one of its prices or distances is not allowed for its instrument",
    OrderReason.LOT_SIZE: "its quantity was not a whole number of lots",
    OrderReason.TICK_SIZE: "one of its prices was not a whole number of ticks",
    OrderReason.BUYING_POWER: "it would have exceeded the buying power of the account",
    OrderReason.GTD: "good till date: its expiry was reached",
    OrderReason.OPENING: "at the opening only: not filled there",
    OrderReason.CLOSING: "at the close only: not filled there",
    OrderReason.POST_ONLY: "post-only: it would have taken liquidity",
    OrderReason.REDUCE_ONLY: "reduce-only: there was no position left to reduce",
    OrderReason.PARENT: "its parent ended without a fill that releases it",
    OrderReason.MIN_NOTIONAL: "its value was below the minimum notional of its instrument",
    OrderReason.INVALID_TERMS: "its terms contradict each other",
    OrderReason.LIQUIDATION: "the account fell below its maintenance margin and was liquidated",
    OrderReason.CASH: "the account could not pay for more without credit",
    OrderReason.SHORT_SALE: "cash account: it would have sold more than is held",
    OrderReason.STALE_QUOTE: "the quote that it met was older than max_quote_age",
    OrderReason.MAX_ORDER: "its quantity was above max_order",
    OrderReason.MAX_POSITION: "with it and the open orders a position could exceed max_position",
    OrderReason.MAX_OPEN_ORDERS: "max_open_orders were open",
    OrderReason.MAX_LOSS: "the account had lost max_loss, and the order could raise a position",
    OrderReason.ORDER_RATE: "max_orders_per_second had arrived within a second",
    OrderReason.HALTED: "it had to fill at once, and trading was halted",
    OrderReason.PRICE_BAND: "it had to fill at once, and the price was outside the price band",
    OrderReason.DELISTED: "its symbol was delisted",
}
TRAIL_UNITS = {"price": "", "percent": " %", "ticks": " ticks"}
Line = tuple[int, int, str]  # time, rank among lines of the same time, text


class Explainable(Protocol):
    """The tables of a result that describe an order."""

    @property
    def orders(self) -> Table: ...
    @property
    def trades(self) -> Table: ...
    @property
    def order_events(self) -> Table: ...


def explain(result: Explainable, order_id: int) -> str:
    """The terms of an order, its changes, its fills with the events behind them, and its end, one line each.

    ConfigError if no order has that id.
    """
    found = result.orders[result.orders["order_id"] == order_id]
    if not len(found):
        raise ConfigError(f"order_id: {order_id} is not the id of one of the {len(result.orders)} orders")
    order = found[0]
    fills = result.trades[result.trades["order_id"] == order_id]
    events = result.order_events[result.order_events["order_id"] == order_id]
    lines = [*_start_lines(order), *map(_event_line, events), *map(_fill_line, fills)]
    lines.sort(key=lambda line: line[:2])
    changed = np.isin(events["event"], ("amended", "restated", "snapped")).any()
    title = f"order {order_id}: {_describe(order)}{' (its last terms)' if changed else ''}"
    return "\n".join([title, *(f"{_time(when)} {text}" for when, _, text in lines), _end_line(order)])


def _number(value: float) -> str:
    return f"{value:.12g}"


def _time(moment: int) -> str:
    return rfc3339(np.array([moment], np.int64))[0]


def _duration(ns: int) -> str:
    for name in ("s", "ms", "us"):
        if ns >= UNIT_NS[name]:
            return f"{_number(ns / UNIT_NS[name])} {name}"
    return f"{ns} ns"


def _describe(order: Any) -> str:
    """Side, quantity, symbol, prices and terms in one line."""
    kind = str(order["order_type"])
    words = [order["side"], _number(order["quantity"]), order["symbol"]]
    prices = (("touch", "touch_price"), ("stop", "stop_price"), ("limit", "limit_price"))
    has_none = all(np.isnan(order[column]) for _, column in prices)  # also of a child whose parent sets them
    is_market = kind.startswith("market") and "touched" not in kind
    words += [kind.replace("_", "-")] if is_market or (has_none and not order["trail_by"]) else []
    if order["trail_by"]:
        words += [kind.replace("_", " "), "by", _number(order["trail"]) + TRAIL_UNITS[order["trail_by"]]]
        words += ["offset", _number(order["limit_offset"])] if "limit" in kind else []
        words.append("at")
    for name, column in prices:
        words += [name, _number(order[column])] if not np.isnan(order[column]) else []
    lifetime = str(order["time_in_force"]).upper()
    words.append(f"{lifetime} {_time(order['expires_at'])}" if lifetime == "GTD" else lifetime)
    terms = [" ".join(map(str, words))]
    terms += [name.replace("_", "-") for name in ("post_only", "reduce_only") if order[name]]
    terms += [f"group {order['oco']}"] if order["oco"] else []
    terms += [f"child of order {order['parent']}"] if order["parent"] else []
    if "tag" in order.dtype.names and order["tag"]:  # results of 0.5.0 and earlier have no tags
        terms.append(f"tag {order['tag']}")
    return ", ".join(terms)


def _start_lines(order: Any) -> list[Line]:
    sent, arrived = int(order["sent_at"]), int(order["arrived_at"])
    if order["forced"]:
        return [(sent, 0, "sent by the liquidation of the account")]
    if arrived < 0:
        return [(sent, 0, "sent, never " + ("released" if order["parent"] else "arrived"))]
    if order["parent"]:
        return [(sent, 0, f"sent, waits for order {order['parent']}")]
    if arrived == sent:
        return [(sent, 0, "sent, arrived at the same time")]
    return [(sent, 0, "sent"), (arrived, 0, f"arrived after {_duration(arrived - sent)}")]


def _event_line(event: Any) -> Line:
    """Amendments come after fills of the same time, which they may react to; other events come before."""
    kind, value, reason = str(event["event"]), _number(event["value"]), str(event["reason"])
    text = {
        "amended": f"amended, quantity {value}",
        "amend_refused": f"amendment refused ({reason})",
        "triggered": f"triggered at {value}",
        "passed_stale": f"passed a quote that was {value} s old, more than max_quote_age",
        "clipped": f"smaller than asked, as buying power allows no more; {value} was asked",
        "snapped": f"rounded to ticks and lots of its instrument, quantity {value}",
        "released": f"released by a fill of its parent, quantity {value}",
        "restated": f"restated by a {reason} of {value}",
    }[kind]
    return int(event["timestamp"]), 3 if kind.startswith("amend") else 1, text


def _fill_line(fill: Any) -> Line:
    text = (
        f"filled {_number(fill['quantity'])} at {_number(fill['price'])} by {fill['rule']}: "
        f"event {fill['event']} of {_time(fill['event_timestamp'])}, "
        f"reference {_number(fill['reference_price'])}, slippage {_number(fill['slippage'])}"
    )
    if fill["improvement"] > 0.0:
        text += f", {_number(fill['improvement'])} better than its limit"
    if not np.isnan(fill["size_seen"]):
        text += f", size seen {_number(fill['size_seen'])}"
    return int(fill["timestamp"]), 4 if fill["rule"] == "standing_quote" else 2, text


def _end_line(order: Any) -> str:
    status, reason = OrderStatus(order["status"]), OrderReason(order["reason"])
    if status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED):
        return f"open, with {_number(order['leaves_quantity'])} to fill"
    filled = _number(order["filled_quantity"])
    if status != OrderStatus.FILLED:
        filled += f" of {_number(order['quantity'])} filled"
    if order["filled_quantity"] > 0.0:
        filled += f" at {_number(order['average_price'])} on average"
    return f"{_time(order['closed_at'])} {status}: {REASON_TEXTS[reason]} ({filled})"
