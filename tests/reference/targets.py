"""Orders by weight of equity: sizes, what buying power leaves of them, and their order.

For runs without response latency.
"""

from math import inf, isnan, nan
from typing import TYPE_CHECKING

from .model import BUY, MARKET, SELL, Market
from .numbers import round_down

if TYPE_CHECKING:
    from .run import Reference


def pending(run: "Reference", market: Market) -> float:
    """The signed quantity of the open market orders, sent or working."""
    return sum(
        o.side * o.leaves for o in run.orders if o.symbol == market.symbol and o.is_open and o.type == MARKET
    )


def sized(run: "Reference", market: Market, weight: float, money: float) -> float:
    """Whole lots worth `money` after a taker's costs, with the sign of the weight."""
    terms, own = run.execution, market.instrument
    rates = [own.taker_bps, terms.taker_bps, terms.commission_bps]
    if own.commission:
        rates[1:] = [own.commission.taker_bps, own.commission.bps]
    taker = next(rate for rate in rates if rate is not None)
    worse = terms.slippage_bps + terms.slippage_entry_bps
    if own.slippage:
        worse = own.slippage.bps + own.slippage.entry_bps
    taker = 0.0 if run.cost_model.commission else taker
    worse = 0.0 if run.cost_model.slippage else worse
    costs = (1 + worse / 10_000) * (1 + max(0.0, taker) / 10_000) - 1
    price = market.last
    known = market.standing or market.sides
    if known:
        price = known.ask if weight > 0 else known.bid
    unit = abs(price) * run.point_value(market) * (1 + costs)
    if weight == 0:
        return 0.0
    if unit == 0:
        return inf if money > 0 else nan
    return (1 if weight > 0 else -1) * round_down(money / unit, market.instrument.lot_size)


def room(run: "Reference", market: Market) -> float:
    """Buying power that the other positions and their market orders leave."""
    others = [m for m in run.markets.values() if m is not market and not isnan(m.mark)]
    used = sum(run.exposure_of(m, abs(m.quantity + pending(run, m)), m.mark) for m in others)
    return max(0.0, run.leverage * run.equity - used)


def lowers(held: float, goal: float) -> bool:
    return held != 0 and (goal == 0 or goal * held > 0) and abs(goal) <= abs(held)


def order_target_percent(run: "Reference", symbol: str, weight: float) -> int | None:
    market = run.markets[symbol]
    held = market.quantity + pending(run, market)
    wanted = abs(weight) * run.equity
    asked = target = sized(run, market, weight, wanted)
    if not lowers(held, asked):
        margin = run.exposure_of(market, 1.0, 1.0) / run.point_value(market)
        target = sized(run, market, weight, min(wanted, room(run, market) / margin))

    def delta(goal: float) -> float:
        change = goal - held
        return 0.0 if abs(change) <= 1e-12 * abs(goal) else change

    change = delta(target)
    if target != asked and change * delta(asked) <= 0:
        change = delta(asked)  # nothing is left of it: its admission decides
    return run.send(BUY if change > 0 else SELL, symbol, abs(change)) if change else None


def order_target_weights(run: "Reference", weights: dict[str, float]) -> dict[str, int | None]:
    ranked = []
    for symbol, weight in weights.items():
        market = run.markets[symbol]
        held = market.quantity + pending(run, market)
        goal = sized(run, market, weight, abs(weight) * run.equity)
        ranked.append((not lowers(held, goal), goal > held, len(ranked), symbol))
    return {symbol: order_target_percent(run, symbol, weights[symbol]) for *_, symbol in sorted(ranked)}
