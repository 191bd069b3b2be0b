"""From targets to trades: which orders bring a portfolio to its targets.

`plan` is a pure function of one moment's numbers; it uses neither time nor the engine. Internally everything
is a share of equity: the `unit` of a symbol is the weight of one unit of it.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Kind = Literal["weight", "value", "units"]
KINDS: tuple[Kind, ...] = ("weight", "value", "units")
DUST = 1e-9  # of equity: a smaller trade is not sent unless it closes a position
_NOISE = 1e-12  # of equity: equal weights may differ by this much after rounding


class Plan(NamedTuple):
    """`orders`: (index of the symbol, signed quantity other than 0), in the order to send.

    `scale` is the share of the target weights that cash floor and leverage allow, at most 1.0. `clipped` has
    the indices of the symbols whose weight is beyond `max_weight`.
    """

    orders: list[tuple[int, float]]
    scale: float
    clipped: list[int]


def dot(first: Any, second: Any) -> float:
    """The sum of the products. The last bit of numpy's `@` depends on the processor."""
    return float((first * second).sum())


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
    min_notionals: ArrayLike = 0.0,
    costs: ArrayLike = 0.0,
    fee: ArrayLike = 0.0,
    half_spreads: ArrayLike = 0.0,
    margin_weights: ArrayLike = 1.0,
    leverage: float = 1.0,
) -> Plan:
    """The trades that bring `held` to `targets`. Columns have one item per symbol, or one number for all.

    equity: of the account, in the run's currency.
    prices: NaN for a symbol without a price; it is not traded.
    multipliers: the money that one unit gains when its price rises by 1.
    lots: quantities are whole multiples; 0 for any size.
    held: signed quantities, in whole lots.
    targets: by `kind` weights of equity, money or units; NaN for none: the symbol is not traded.
    tradable: False for a symbol that has a target but is not traded now.
    min_notionals: the smallest notional that an order may have.
    costs: what a trade costs as a share of its notional, without `half_spreads`.
    fee: what each order costs in money, whatever its size; one number, or one for each symbol.
    half_spreads: half the spread as a share of the mid.
    margin_weights: the buying power that one unit of notional uses.
    leverage: the highest gross weight: buying power as a multiple of equity.

    The steps, in this order. Each weight is clipped to `max_weight`. Long weights are scaled so that all
    weights sum to at most `1 - cash_floor`; then all weights are scaled to a gross of at most `leverage`. A
    symbol no further than `drift` from its weight is not traded. Target quantities are rounded towards zero
    to whole lots. All trades are scaled so that they sum to at most `max_turnover` of equity. Trades that
    enlarge a position are scaled to what buying power and cash allow after costs. A scaled trade is rounded
    towards zero again.

    Orders that reduce a position come before those that enlarge one, and in each group sells before buys, so
    that every order passes the engine's check of buying power. Without equity nothing is traded.
    """
    if not equity > 0.0:
        return Plan([], 1.0, [])
    given = (prices, multipliers, lots, held, targets, min_notionals, costs, half_spreads, margin_weights)
    price, multiplier, lot, holding, target, least, cost, half, margin = _columns(given)
    unit = np.where(np.isnan(price), 0.0, price * multiplier / equity)
    cost = np.where(unit > 0.0, (1.0 + cost) * (1.0 + half) - 1.0, 0.0)
    aim = np.nan_to_num(target) * (unit if kind == "units" else 1.0 / equity if kind == "value" else 1.0)
    highest = np.inf if max_weight is None else max_weight
    clipped = np.flatnonzero(np.abs(aim) > highest * (1.0 + _NOISE)).tolist()
    aim = np.clip(aim, -highest, highest)
    untouched = np.where(np.isnan(target), holding * unit, 0.0)
    aim, scale = _scale_to_account(aim, untouched, margin, cash_floor, leverage)

    far = np.abs(holding * unit - aim) > drift + _NOISE
    moves = np.asarray(tradable, bool) & (unit > 0.0) & ~np.isnan(target) & far
    quantity = np.divide(aim, unit, out=np.zeros_like(unit), where=moves)
    least = np.maximum(least / equity * (1.0 - 1e-9), DUST)  # 0.29 * 100 is 28.999999999999996
    delta = _drop_small(np.where(moves, whole(quantity, lot) - holding, 0.0), holding, unit, least)
    if max_turnover is not None:
        delta = whole(delta * _fitting_share(max_turnover, dot(np.abs(delta), unit)), lot)
        delta = _drop_small(delta, holding, unit, least)

    fees = float((np.asarray(fee) * (delta != 0)).sum()) / equity
    after = holding + delta
    side = np.sign(after)
    same = np.maximum(holding * side, 0.0)  # the position that is on the same side before and after
    raised = np.where(delta == 0.0, 0.0, np.maximum(np.abs(after) - same, 0.0))
    closing = delta - side * raised
    # The engine values an order and its symbol's whole position at the far side of the quote.
    spread = float(np.max(np.where(raised > 0.0, half * margin * np.abs(after) * unit, 0.0), initial=0.0))
    fixed = dot(margin * (np.abs(after) - raised) + leverage * cost * np.abs(closing), np.abs(unit))
    fixed += leverage * fees
    needed = dot(raised * (margin + leverage * cost), unit)
    delta = whole(closing + side * raised * _fitting_share(leverage - fixed - spread, needed), lot)
    delta = _drop_small(delta, holding, unit, least)

    buys = np.where(side > 0.0, np.maximum(delta - closing, 0.0), 0.0)
    others = delta - buys
    cash = 1.0 - dot(holding + others + cost * np.abs(others), unit) - fees
    delta = whole(others + buys * _fitting_share(cash - cash_floor, dot(buys * (1.0 + cost), unit)), lot)
    delta = _drop_small(delta, holding, unit, least)
    raises = np.abs(holding + delta) > np.abs(holding)
    order = sorted(np.flatnonzero(delta).tolist(), key=lambda i: (raises[i], delta[i] > 0.0, i))
    return Plan([(i, float(delta[i])) for i in order], scale, clipped)


def whole(quantity: Floats, lots: ArrayLike) -> Floats:
    """The quantities rounded towards zero to whole lots. A lot of 0 is any size.

    1e-9 of a lot is added before rounding, so that a rounding error does not cost a lot.
    """
    lot = np.broadcast_to(np.asarray(lots, np.float64), quantity.shape)
    steps = np.divide(np.abs(quantity), lot, out=np.zeros_like(quantity), where=lot > 0.0)
    return np.where(lot > 0.0, np.sign(quantity) * np.floor(steps + 1e-9) * lot, quantity)


def _drop_small(delta: Floats, held: Floats, unit: Floats, least: Floats) -> Floats:
    """Drops trades below `least`, a weight; one that closes a position only if a minimum notional applies."""
    weight = np.abs(delta) * unit
    closes_dust = (held + delta == 0.0) & (least <= DUST)
    return np.where((weight >= least) | closes_dust, delta, 0.0)


def _columns(given: tuple[ArrayLike, ...]) -> list[Floats]:
    columns: Any = np.broadcast_arrays(*(np.asarray(column, np.float64) for column in given))
    return [np.atleast_1d(column) for column in columns]


def _scale_to_account(
    aim: Floats, untouched: Floats, margin_weight: Floats, cash_floor: float, leverage: float
) -> tuple[Floats, float]:
    """The weights that fit beside the `untouched` ones, and the smallest share of a weight that remains."""
    longs = aim > 0.0
    room = 1.0 - cash_floor - float(aim[~longs].sum() + untouched.sum())
    long_scale = _fitting_share(room, float(aim[longs].sum()))
    aim = np.where(longs, aim * long_scale, aim)
    room = leverage - dot(margin_weight, np.abs(untouched))
    scale = _fitting_share(room, dot(margin_weight, np.abs(aim)))
    return aim * scale, long_scale * scale


def _fitting_share(room: float, wanted: float) -> float:
    """The share of `wanted` that fits into `room`, at most 1."""
    room = max(room, 0.0)
    return 1.0 if wanted <= room * (1.0 + _NOISE) else room / wanted
