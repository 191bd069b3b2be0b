"""Situations that random cases seldom reach by themselves: terms, and orders to send first.

Each makes one outcome likely: `margin` a liquidation, `cash` a fill that is cut to what an account without
credit can pay, `range` a bar that reaches a stop and a target. The rest of the case is drawn as always.
"""

from typing import Any

from random_rows import Dice, Ground
from strategy_scripts import Action

from btcore.config import Execution, Instrument

SITUATIONS = (None, "range", None, "margin", "cash", "cash") * 2 + ("margin", "cash", "cash", "range")
TERMS: dict[str, dict[str, Any]] = {
    "margin": {"leverage": 5.0, "account": "margin", "maintenance_margin": 0.1875},
    "cash": {"leverage": 1.0, "maintenance_margin": 0.0, "taker_bps": 5.0},
    "range": {"intrabar": "pessimistic", "leverage": 5.0, "maintenance_margin": 0.0},
}
LIMITS = dict.fromkeys(
    ("max_order", "max_position", "max_open_orders", "max_loss", "max_orders_per_second", "volume_share")
)
CAPITAL = 4096.0
SHARES = (0.9375, 0.875, 0.96875)  # of the buying power
PARTS = (0.5, 0.25, 0.125, 0.0625, 0.0625, 0.03125, 0.03125)  # of the cash: those admitted come close to it
ON_BARS = ("range", "cash")
WIDTHS = (5, 2, 8)  # of a bar beyond its open and close, in steps


def terms(situation: str) -> dict[str, Any]:
    """Settings of Execution that the situation needs; no limit stops its orders."""
    return TERMS[situation] | LIMITS | {"displayed_size": False, "consume": "none", "limit_fill": None}


def first_actions(
    situation: str,
    dice: Dice,
    grounds: dict[str, Ground],
    instruments: dict[str, Instrument],
    execution: Execution,
) -> list[Action]:
    """What the script sends at its first calls."""
    actions = []
    for symbol, ground in grounds.items():
        side, other, way = dice.pick((("buy", "sell", 1), ("sell", "buy", -1)))
        if situation == "range":
            target, stop = (
                ground.price(way * levels) for levels in (dice.pick((2, 3, 1)), -dice.pick((1, 2, 3)))
            )
            quantity = max(ground.lot, 1.0)
            actions += [
                Action(side, (symbol, quantity)),
                Action(other, (symbol, quantity), {"limit": target, "oco": 5}),
                Action(other, (symbol, quantity), {"stop": stop, "oco": 5}),
            ]
            continue
        share = dice.pick(SHARES) if situation == "margin" else 1.0
        power = execution.leverage * CAPITAL / len(grounds) * share
        side = "buy" if situation == "cash" else side
        for part in PARTS if situation == "cash" else (1.0,):
            units = power * part / (abs(ground.price(0)) or ground.step) / instruments[symbol].multiplier
            quantity = ground.lot * max(1.0, units // ground.lot)
            actions.append(Action(side, (symbol, quantity)))
    return actions
