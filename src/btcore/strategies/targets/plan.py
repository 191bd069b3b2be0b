"""From targets to trades: what to buy and sell so that a portfolio stands where it is asked to.

`plan` is a pure function of one moment's numbers. It knows of no time and of no engine. Inside, everything is
in shares of equity: a symbol's `unit` is the weight of one unit of it.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Kind = Literal["weight", "value", "units"]
KINDS: tuple[Kind, ...] = ("weight", "value", "units")
DUST = 1e-9  # of equity: a smaller trade is not worth sending, unless it closes a position
_NOISE = 1e-12  # of equity: what rounding puts between two equal weights


class Plan(NamedTuple):
    """`orders`: (symbol's index, signed quantity), in the order to send; no zeros.

    `kept` is the share of the targets that the cash floor and the leverage have room for; 1.0 is all of them.
    """

    orders: list[tuple[int, float]]
    kept: float


def plan(  # noqa: PLR0917 - the six columns of a portfolio
    equity: float,
    prices: ArrayLike,
    multipliers: ArrayLike,
    lots: ArrayLike,
    held: ArrayLike,
    targets: ArrayLike,
    *,
    kind: Kind = "weight",
    tradable: ArrayLike = True,
    drift: float = 0.0,
    max_weight: float | None = None,
    max_turnover: float | None = None,
    cash_floor: float = 0.0,
    smallest: ArrayLike = 0.0,
    costs: ArrayLike = 0.0,
    fee: float = 0.0,
    half_spreads: ArrayLike = 0.0,
    loads: ArrayLike = 1.0,
    leverage: float = 1.0,
) -> Plan:
    """What to trade so that `held` becomes `targets`; an item a symbol, or one number for all.

    `prices` NaN: none yet, so not traded. `lots` 0: any size. `held` is signed and in whole lots. `targets`
    is a weight of equity, money or units by `kind`, NaN where there is none: left alone. `tradable` False:
    has a target, is not traded now. `smallest` is the least money an order may be of. `costs` is what a
    trade costs of its notional beside `half_spreads`, `fee` what each order costs in money beside both.
    `loads` is what a unit of notional counts in buying power.

    In this order: a target's weight is clipped to `max_weight`; the long ones are scaled so that all weights
    sum to at most `1 - cash_floor`, then all of them to a gross of at most `leverage`; a symbol no further
    than `drift` from its weight is let be; target quantities are rounded towards zero to whole lots; all
    trades are scaled to a sum of at most `max_turnover` of equity; what raises a position is scaled to what
    buying power and cash carry after costs. A scaled trade is rounded towards zero again.

    What lowers a position is sent before what raises one, sells before buys in each: every order passes the
    engine's check of buying power as it comes. Without equity nothing is traded.
    """
    if not equity > 0.0:
        return Plan([], 1.0)
    given = (prices, multipliers, lots, held, targets, smallest, costs, half_spreads, loads)
    price, multiplier, lot, holding, target, least, cost, half, load = _columns(given)
    unit = np.where(np.isnan(price), 0.0, price * multiplier / equity)
    cost = np.where(unit > 0.0, (1.0 + cost) * (1.0 + half) - 1.0, 0.0)
    aimed = np.nan_to_num(target) * (unit if kind == "units" else 1.0 / equity if kind == "value" else 1.0)
    if max_weight is not None:
        aimed = np.clip(aimed, -max_weight, max_weight)
    alone = np.where(np.isnan(target), holding * unit, 0.0)
    aimed, kept = _carried(aimed, alone, load, cash_floor, leverage)

    far = np.abs(holding * unit - aimed) > drift + _NOISE
    moves = np.asarray(tradable, bool) & (unit > 0.0) & ~np.isnan(target) & far
    quantity = np.divide(aimed, unit, out=np.zeros_like(unit), where=moves)
    least = np.maximum(least / equity, DUST)
    delta = _worth(np.where(moves, whole(quantity, lot) - holding, 0.0), holding, unit, least)
    if max_turnover is not None:
        delta = whole(delta * _share(max_turnover, float(np.abs(delta) @ unit)), lot)
        delta = _worth(delta, holding, unit, least)

    fees = fee * np.count_nonzero(delta) / equity
    after = holding + delta
    side = np.sign(after)
    same = np.maximum(holding * side, 0.0)  # what is held on the side the symbol ends on
    raised = np.where(delta == 0.0, 0.0, np.maximum(np.abs(after) - same, 0.0))
    closing = delta - side * raised
    # An order is checked at the quote's far side, and its symbol's whole position with it.
    spread = float(np.max(np.where(raised > 0.0, half * load * np.abs(after) * unit, 0.0), initial=0.0))
    fixed = float((load * (np.abs(after) - raised) + leverage * cost * np.abs(closing)) @ np.abs(unit))
    fixed += leverage * fees
    needed = float((raised * (load + leverage * cost)) @ unit)
    delta = whole(closing + side * raised * _share(leverage - fixed - spread, needed), lot)
    delta = _worth(delta, holding, unit, least)

    buys = np.where(side > 0.0, np.maximum(delta - closing, 0.0), 0.0)
    others = delta - buys
    cash = 1.0 - float((holding + others + cost * np.abs(others)) @ unit) - fees
    delta = whole(others + buys * _share(cash - cash_floor, float((buys * (1.0 + cost)) @ unit)), lot)
    delta = _worth(delta, holding, unit, least)
    raises = np.abs(holding + delta) > np.abs(holding)
    order = sorted(np.flatnonzero(delta).tolist(), key=lambda i: (raises[i], delta[i] > 0.0, i))
    return Plan([(i, float(delta[i])) for i in order], kept)


def whole(quantity: Floats, lots: ArrayLike) -> Floats:
    """Rounded towards zero to whole lots; a hair under a lot counts as the lot, a lot of 0 is any size."""
    lot = np.broadcast_to(np.asarray(lots, np.float64), quantity.shape)
    steps = np.divide(np.abs(quantity), lot, out=np.zeros_like(quantity), where=lot > 0.0)
    return np.where(lot > 0.0, np.sign(quantity) * np.floor(steps + 1e-9) * lot, quantity)


def _worth(delta: Floats, held: Floats, unit: Floats, least: Floats) -> Floats:
    """Without what is too small to send; dust that closes a position is not, where any size may be sent."""
    money = np.abs(delta) * unit
    closes_dust = (held + delta == 0.0) & (least <= DUST)
    return np.where((money >= least) | closes_dust, delta, 0.0)


def _columns(given: tuple[ArrayLike, ...]) -> list[Floats]:
    columns: Any = np.broadcast_arrays(*(np.asarray(column, np.float64) for column in given))
    return [np.atleast_1d(column) for column in columns]


def _carried(
    aimed: Floats, alone: Floats, load: Floats, cash_floor: float, leverage: float
) -> tuple[Floats, float]:
    """The weights that there is room for beside those left `alone`, and the share of what was aimed at."""
    longs = aimed > 0.0
    room = 1.0 - cash_floor - float(aimed[~longs].sum() + alone.sum())
    kept = _share(room, float(aimed[longs].sum()))
    aimed = np.where(longs, aimed * kept, aimed)
    scale = _share(leverage - float(load @ np.abs(alone)), float(load @ np.abs(aimed)))
    return aimed * scale, kept * scale


def _share(room: float, wanted: float) -> float:
    """What part of `wanted` there is room for."""
    room = max(room, 0.0)
    return 1.0 if wanted <= room * (1.0 + _NOISE) else room / wanted
