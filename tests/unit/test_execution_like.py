"""`Execution.like` gives the fills of other packages.

Fills were recorded with backtesting.py 0.6.6, vectorbt 1.2.0 and NautilusTrader 1.231.0; `scripts/compare`
plays the same cases. Those of LEAN are worked out in comments from its `EquityFillModel`,
`InteractiveBrokersFeeModel` and `DefaultMarginCallModel`.
"""

from typing import Any

import numpy as np
import pytest

import btcore as bt

MINUTE = 60 * 10**9
FLAT = (100, 100, 100, 100)
QUOTE, LOWER, HIGHER = (99, 100), (93, 94), (103, 104)
Order = tuple[int, dict[str, Any]]  # signed quantity and terms
BUY = (10, {})


class Sends(bt.Strategy):
    """Sends orders on the first row; `exits`, a target and a stop, are children of the first."""

    def __init__(self, orders: list[Order], exits: tuple[float, float] | None) -> None:
        super().__init__()
        self.orders, self.exits = orders, exits

    def on_bar(self, ctx: bt.Context, event: bt.BarEvent) -> None:
        self.send(ctx)

    def on_quote(self, ctx: bt.Context, event: bt.QuoteEvent) -> None:
        self.send(ctx)

    def send(self, ctx: bt.Context) -> None:
        for size, terms in self.orders:
            (ctx.buy if size > 0 else ctx.sell)("A", abs(size), **terms)
        if self.orders and self.exits is not None:
            target, stop = self.exits
            ctx.sell("A", 10, limit=target, parent=1, oco=1)
            ctx.sell("A", 10, stop=stop, parent=1, oco=1)
        self.orders = []


def played(
    package: str,
    rows: list[tuple[float, ...]],
    orders: list[Order],
    exits: tuple[float, float] | None = None,
    capital: float = 1e6,
    **settings: Any,
) -> bt.Result:
    stamps, columns = MINUTE * np.arange(len(rows)), np.array(rows, float).T
    data: Any
    if len(rows[0]) == 4:
        data = bt.Bars(stamps, *columns, interval="1min")
    else:
        data = bt.Quotes(stamps, *columns, *([[10.0] * len(rows)] * 2))
    execution = bt.Execution.like(package, **settings)
    return bt.run(
        {"A": data}, Sends(list(orders), exits), initial_capital=capital, execution=execution, progress=False
    )


def fills(result: bt.Result) -> list[tuple[int, float, float]]:
    """(order, signed quantity, price)"""
    t = result.trades
    side = np.where(t["side"] == "buy", 1, -1)
    return [
        (int(order), float(size), pytest.approx(price))
        for order, size, price in zip(t["order_id"], side * t["quantity"], t["price"], strict=True)
    ]


# What is after the orders: exits or None, then the fills.
CASES: dict[str, tuple[str, list[tuple[float, ...]], list[Order], Any, list[tuple[int, float, float]]]] = {
    # NautilusTrader 1.231.0, bars
    "nautilus market": (
        "nautilus",
        [(100, 101, 99, 100.5), (102, 103, 101, 102.5)],
        [BUY],
        None,
        [(1, 10, 100.5)],
    ),
    "nautilus limit touched": (
        "nautilus",
        [FLAT, (100, 101, 95, 99)],
        [(10, {"limit": 95})],
        None,
        [(1, 10, 95)],
    ),
    "nautilus stop at the open": (
        "nautilus",
        [FLAT, (106, 107, 104, 105)],
        [(10, {"stop": 105})],
        None,
        [(1, 10, 106)],
    ),
    "nautilus touch price": (
        "nautilus",
        [FLAT, (100, 101, 94, 96)],
        [(10, {"touch": 95})],
        None,
        [(1, 10, 95)],
    ),
    "nautilus path, high nearer": (
        "nautilus",
        [FLAT, (100, 105, 90, 101)],
        [BUY, (-10, {"limit": 104}), (-10, {"stop": 92})],
        None,
        [(1, 10, 100), (2, -10, 104), (3, -10, 92)],
    ),
    "nautilus path, equally near": (
        "nautilus",
        [FLAT, (100, 110, 90, 101)],
        [BUY, (-10, {"limit": 104}), (-10, {"stop": 92})],
        None,
        [(1, 10, 100), (3, -10, 92), (2, -10, 104)],
    ),
    "nautilus trailing stop": (
        "nautilus",
        [FLAT, (100, 110, 99, 104)],
        [BUY, (-10, {"trail": 5, "stop": 95})],
        None,
        [(1, 10, 100), (2, -10, 105)],
    ),
    # NautilusTrader 1.231.0, quotes
    "nautilus stop on quotes": (
        "nautilus",
        [QUOTE, QUOTE, HIGHER],
        [(10, {"stop": 101})],
        None,
        [(1, 10, 104)],
    ),
    "nautilus resting limit": ("nautilus", [QUOTE, QUOTE, LOWER], [(10, {"limit": 95})], None, [(1, 10, 95)]),
    # vectorbt 1.2.0: sl_stop and tp_stop of 5 % of an entry at 100
    "vectorbt stop in the range": (
        "vectorbt",
        [FLAT, (101, 101, 90, 97)],
        [BUY],
        (105, 95),
        [(1, 10, 100), (3, -10, 95)],
    ),
    "vectorbt stop at the open": (
        "vectorbt",
        [FLAT, (93, 96, 90, 95)],
        [BUY],
        (105, 95),
        [(1, 10, 100), (3, -10, 93)],
    ),
    "vectorbt target at the open": (
        "vectorbt",
        [FLAT, (107, 110, 106, 108)],
        [BUY],
        (105, 95),
        [(1, 10, 100), (2, -10, 107)],
    ),
    "vectorbt both": (
        "vectorbt",
        [FLAT, (100, 110, 90, 101)],
        [BUY],
        (105, 95),
        [(1, 10, 100), (3, -10, 95)],
    ),
    "vectorbt the entry's row": (
        "vectorbt",
        [(100, 110, 90, 100), FLAT, (100, 100, 94, 96)],
        [BUY],
        (105, 95),
        [(1, 10, 100), (3, -10, 95)],
    ),
    "vectorbt trailing stop": (
        "vectorbt",
        [FLAT, (100, 110, 99, 108), (108, 109, 104, 105)],
        [BUY, (-10, {"trail": 5, "trail_by": "percent"})],
        None,
        [(1, 10, 100), (2, -10, 104.5)],
    ),
    # backtesting.py 0.6.6
    "backtesting.py market": (
        "backtesting.py",
        [FLAT, (94, 96, 93, 95.5)],
        [BUY],
        None,
        [(1, 10, 94)],
    ),
    "backtesting.py limit at the open": (
        "backtesting.py",
        [FLAT, (94, 96, 93, 95.5)],
        [(10, {"limit": 95})],
        None,
        [(1, 10, 94)],
    ),
    "backtesting.py limit touched": (
        "backtesting.py",
        [FLAT, (100, 101, 95, 99)],
        [(10, {"limit": 95})],
        None,
        [(1, 10, 95)],
    ),
    "backtesting.py both": (
        "backtesting.py",
        [FLAT, (100, 110, 90, 101)],
        [BUY],
        (108, 92),
        [(1, 10, 100), (3, -10, 92)],
    ),
    # LEAN, EquityFillModel
    "lean market": (  # the bar's close, while the exchange is open
        "lean",
        [(100, 101, 99, 100.5), (102, 103, 101, 102.5)],
        [BUY],
        None,
        [(1, 10, 100.5)],
    ),
    "lean limit touched": (  # the low must be below the limit
        "lean",
        [FLAT, (100, 101, 95, 99), (100, 101, 94.99, 99)],
        [(10, {"limit": 95})],
        None,
        [(1, 10, 95)],
    ),
    "lean limit at the open": (  # a favourable gap fills at the open
        "lean",
        [FLAT, (94, 96, 93, 95.5)],
        [(10, {"limit": 95})],
        None,
        [(1, 10, 94)],
    ),
    "lean stop touched": (  # the high may equal the stop
        "lean",
        [FLAT, (101, 105, 100, 102)],
        [(10, {"stop": 105})],
        None,
        [(1, 10, 105)],
    ),
    "lean stop at the open": (
        "lean",
        [FLAT, (106, 107, 104, 105)],
        [(10, {"stop": 105})],
        None,
        [(1, 10, 106)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fills_are_those_of_the_package(name: str) -> None:
    package, rows, orders, exits, expected = CASES[name]
    assert fills(played(package, rows, orders, exits)) == expected


def test_the_default_settings_differ_where_a_package_does() -> None:
    """The cases above can fail: without `like` these have other fills."""
    nautilus, lean = (CASES[name] for name in ("nautilus market", "lean limit touched"))
    for package, rows, orders, _, expected in (nautilus, lean):
        other = {"bar_fill": "open", "limit_fill": "touch", "intrabar": "pessimistic"}
        result = played(package, rows, orders, **other)
        times = result.trades["timestamp"].tolist()
        assert (fills(result), times) != (
            expected,
            played(package, rows, orders).trades["timestamp"].tolist(),
        )


def test_lean_takes_a_commission_per_share_and_its_minimum() -> None:
    # 10 shares: 0.05, so the minimum of 1; 300 shares: 1.50
    rows = [FLAT, FLAT]
    assert played("lean", rows, [(10, {})]).trades["commission"].tolist() == [1.0]
    assert played("lean", rows, [(300, {})]).trades["commission"].tolist() == [1.5]
    assert played("lean", rows, [(300, {})], commission_per_share=0.01).trades["commission"].tolist() == [3.0]


def test_lean_has_a_leverage_of_two_and_a_margin_call_past_a_tenth() -> None:
    # With 1,000 at most 20 of 100 are bought. The margin used is half of the value held; the call comes when
    # it exceeds equity by a tenth. 15 at 100 with 1,000: equity is 999 - 15 * (100 - p), after a commission.
    # At p = 60 that is 399, against 450 / 1.1 = 409.09: a call; at 62 it is 429, against 422.7: none.
    assert len(played("lean", [FLAT, FLAT], [(20, {})], capital=1000.0).trades) == 1
    assert len(played("lean", [FLAT, FLAT], [(21, {})], capital=1000.0).trades) == 0
    for price, n in ((62, 1), (60, 2)):
        low = (price, price, price, price)
        assert len(played("lean", [FLAT, low, low, low], [(15, {})], capital=1000.0).trades) == n


def test_backtesting_py_closes_the_oldest_lot_first() -> None:
    # 5 bought at 100 and 5 at 120; of the sale of 5 at 120, those of 100 gain 100 (at the average cost: 50).
    price = [100.0, 100.0, 120.0, 120.0, 120.0]
    bars = bt.Bars(MINUTE * np.arange(5), *([price] * 4), interval="1min")
    orders = bt.Orders(MINUTE * np.arange(1, 4), "A", ["buy", "buy", "sell"], 5)
    for execution, gain in ((bt.Execution.like("backtesting.py"), 100.0), (bt.Execution(), 50.0)):
        result = bt.run({"A": bars}, orders, execution=execution, progress=False)
        assert result.trades["price"].tolist() == [100.0, 120.0, 120.0]
        assert result.journal is not None
        assert result.journal.positions["realized_pnl"].tolist() == [gain]


def test_settings_replace_those_of_the_package() -> None:
    given = bt.Execution.like("lean", bar_fill="open", commission_bps=1)
    assert (given.bar_fill, given.commission_bps, given.limit_fill) == ("open", 1, "through")
    assert bt.Execution.like("lean") == bt.Execution.like("lean")


@pytest.mark.parametrize("name", ["Lean", "zipline", "", None, 3])
def test_another_name_is_refused_with_those_that_are_known(name: Any) -> None:
    with pytest.raises(bt.ConfigError, match=r"only 'lean', 'nautilus', 'vectorbt', 'backtesting\.py'"):
        bt.Execution.like(name)


def test_another_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="slippage"):
        bt.Execution.like("vectorbt", slippage=1)
