"""The story of one order, told from a result's tables."""

from typing import Any, Protocol

import numpy as np

from btcore.errors import ConfigError

from .export import rfc3339
from .labels import OrderReason, OrderStatus
from .tables import Table

ENDINGS = {
    OrderReason.NONE: "the whole of it",
    OrderReason.REQUESTED: "the strategy asked for it, or an amendment or split left nothing to fill",
    OrderReason.IOC: "immediate or cancel: this was not filled when it met the market",
    OrderReason.FOK: "fill or kill: the whole could not be filled when it met the market",
    OrderReason.OCO: "one cancels the other: an order of its group was filled",
    OrderReason.DAY: "a day order, and its session had closed",
    OrderReason.END_OF_DATA: "the data ended while it was open",
    OrderReason.INVALID_QUANTITY: "its quantity was not a positive number",
    OrderReason.INVALID_PRICE: "a price or distance of its type was not one its instrument allows",
    OrderReason.LOT_SIZE: "its quantity was not a whole number of lots",
    OrderReason.TICK_SIZE: "a price of it was not a whole number of ticks",
    OrderReason.BUYING_POWER: "it would have raised exposure beyond the account's buying power",
    OrderReason.GTD: "the date it was good until had come",
    OrderReason.OPENING: "for the opening only: this was not filled there",
    OrderReason.CLOSING: "for the close only: this was not filled there",
    OrderReason.POST_ONLY: "post-only, and it would have taken from the market",
    OrderReason.REDUCE_ONLY: "reduce-only, and there was nothing left to reduce",
    OrderReason.PARENT: "its parent ended without a fill to release it",
    OrderReason.MIN_NOTIONAL: "its value was below the least its instrument allows",
    OrderReason.INVALID_TERMS: "its terms exclude each other",
    OrderReason.LIQUIDATION: "the account fell below its maintenance margin and was liquidated",
    OrderReason.CASH: "a cash account, and its cash paid for no more",
    OrderReason.SHORT_SALE: "a cash account, and it would have sold more than is held",
}
TRAIL_UNITS = {"price": "", "percent": " %", "ticks": " ticks"}
Line = tuple[int, int, str]  # when, which of one instant comes first, what


class Explainable(Protocol):
    """What of a result tells an order's story."""

    @property
    def orders(self) -> Table: ...
    @property
    def trades(self) -> Table: ...
    @property
    def order_events(self) -> Table: ...


def explain(result: Explainable, order_id: int) -> str:
    """What order `order_id` asked, what befell it, each of its fills with its evidence, and how it ended."""
    found = result.orders[result.orders["order_id"] == order_id]
    if not len(found):
        raise ConfigError(f"order_id: no order {order_id} among {len(result.orders)}")
    order = found[0]
    fills = result.trades[result.trades["order_id"] == order_id]
    events = result.order_events[result.order_events["order_id"] == order_id]
    lines = [*_beginning(order), *(_told(event) for event in events), *(_filled(fill) for fill in fills)]
    lines.sort(key=lambda line: line[:2])
    changed = np.isin(events["event"], ("amended", "restated", "snapped")).any()
    title = f"order {order_id}: {_asked(order)}{' (its last terms)' if changed else ''}"
    return "\n".join([title, *(f"{_time(when)} {text}" for when, _, text in lines), _ending(order)])


def _number(value: float) -> str:
    return f"{value:.12g}"


def _time(moment: int) -> str:
    return rfc3339(np.array([moment], np.int64))[0]


def _span(ns: int) -> str:
    for unit, name in ((10**9, "s"), (10**6, "ms"), (10**3, "us")):
        if ns >= unit:
            return f"{_number(ns / unit)} {name}"
    return f"{ns} ns"


def _asked(order: Any) -> str:
    """Side, size, symbol, prices and terms in a line."""
    kind = str(order["order_type"])
    words = [order["side"], _number(order["quantity"]), order["symbol"]]
    words += [kind] if kind == "market" else []
    if order["trail_by"]:
        words += [kind.replace("_", " "), "by", _number(order["trail"]) + TRAIL_UNITS[order["trail_by"]]]
        words += ["offset", _number(order["limit_offset"])] if "limit" in kind else []
        words.append("at")
    for name, column in (("touch", "touch_price"), ("stop", "stop_price"), ("limit", "limit_price")):
        words += [name, _number(order[column])] if not np.isnan(order[column]) else []
    lifetime = str(order["time_in_force"]).upper()
    words.append(f"{lifetime} {_time(order['expires_at'])}" if lifetime == "GTD" else lifetime)
    terms = [" ".join(map(str, words))]
    terms += [name.replace("_", "-") for name in ("post_only", "reduce_only") if order[name]]
    terms += [f"group {order['oco']}"] if order["oco"] else []
    terms += [f"child of order {order['parent']}"] if order["parent"] else []
    return ", ".join(terms)


def _beginning(order: Any) -> list[Line]:
    sent, arrived = int(order["sent_at"]), int(order["arrived_at"])
    if order["forced"]:
        return [(sent, 0, "sent by the liquidation of the account")]
    if arrived < 0:
        return [(sent, 0, "sent; it never " + ("was released" if order["parent"] else "arrived"))]
    if order["parent"]:
        return [(sent, 0, f"sent, to wait for order {order['parent']}")]
    if arrived == sent:
        return [(sent, 0, "sent, and arrived at once")]
    return [(sent, 0, "sent"), (arrived, 0, f"arrived, after {_span(arrived - sent)}")]


def _told(event: Any) -> Line:
    """An amendment of an instant comes after the fills that it may answer, all else before."""
    kind, value, reason = str(event["event"]), _number(event["value"]), str(event["reason"])
    text = {
        "amended": f"amended, its quantity {value}",
        "amend_refused": f"amendment refused ({reason})",
        "triggered": f"triggered at {value}",
        "snapped": f"moved to the steps of its instrument, its quantity {value}",
        "released": f"released by its parent's fill, with {value}",
        "restated": f"restated by a {reason} of {value}",
    }[kind]
    return int(event["timestamp"]), 3 if kind.startswith("amend") else 1, text


def _filled(fill: Any) -> Line:
    text = (
        f"filled {_number(fill['quantity'])} at {_number(fill['price'])} by {fill['rule']}: "
        f"event {fill['event']} of {_time(fill['event_timestamp'])}, "
        f"reference {_number(fill['reference_price'])}, slippage {_number(fill['slippage'])}"
    )
    if fill["improvement"] > 0.0:
        text += f", {_number(fill['improvement'])} better than its limit"
    if not np.isnan(fill["size_seen"]):
        text += f", {_number(fill['size_seen'])} shown"
    return int(fill["timestamp"]), 4 if fill["rule"] == "standing_quote" else 2, text


def _ending(order: Any) -> str:
    status, reason = OrderStatus(order["status"]), OrderReason(order["reason"])
    if status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED):
        return f"open, with {_number(order['leaves_quantity'])} to fill"
    filled = _number(order["filled_quantity"])
    if status != OrderStatus.FILLED:
        filled += f" of {_number(order['quantity'])} filled"
    if order["filled_quantity"] > 0.0:
        filled += f" at {_number(order['average_price'])} on average"
    return f"{_time(order['closed_at'])} {status}: {ENDINGS[reason]} ({filled})"
