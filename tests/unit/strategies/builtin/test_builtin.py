"""The built-in strategies equal twins in plain Python that receive the same prices."""

import statistics
from itertools import pairwise

import numpy as np
import pytest

import btcore as bt
from btcore.strategies import STRATEGIES, check_params

MINUTE = 60 * 10**9
START = 1_704_067_200 * 10**9


def walk(seed: int, n: int, step: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, step, n))), 4)


def flat_bars(closes: np.ndarray) -> bt.Bars:
    """Bars whose open is the close before, so that a fill at the next open is at the price decided on."""
    opens = np.r_[closes[0], closes[:-1]]
    return bt.Bars(
        START + MINUTE * np.arange(len(closes)),
        opens,
        np.maximum(opens, closes),
        np.minimum(opens, closes),
        closes,
        interval="1min",
    )


def buy_and_hold(prices, terms):
    return [1] * len(prices)


def ma_crossover(prices, terms):
    short, long = terms["short_period"], terms["long_period"]
    stances, stance = [], 0
    for i in range(len(prices)):
        if i + 1 >= long:
            fast, slow = np.mean(prices[i + 1 - short : i + 1]), np.mean(prices[i + 1 - long : i + 1])
            if abs(fast - slow) > 1e-12 * slow:
                stance = 1 if fast > slow else (-1 if terms["allow_short"] else 0)
        stances.append(stance)
    return stances


def ema_crossover(prices, terms):
    stances, stance, fast, slow = [], 0, prices[0], prices[0]
    for i, price in enumerate(prices):
        fast += 2 / (terms["short_period"] + 1) * (price - fast)
        slow += 2 / (terms["long_period"] + 1) * (price - slow)
        if i + 1 >= terms["long_period"] and fast != slow:
            stance = 1 if fast > slow else (-1 if terms["allow_short"] else 0)
        stances.append(stance)
    return stances


def momentum(prices, terms):
    n, threshold = terms["lookback_period"], terms["threshold"]
    stances = []
    for i, price in enumerate(prices):
        change = price / prices[i - n] - 1.0 if i >= n else 0.0
        if change > threshold:
            stances.append(1)
        else:
            stances.append(-1 if terms["allow_short"] and change < -threshold else 0)
    return stances


def mean_reversion(prices, terms):
    n, stances, stance = terms["lookback_period"], [], 0
    for i, price in enumerate(prices):
        if i + 1 >= n:
            window = [float(p) for p in prices[i + 1 - n : i + 1]]
            spread = statistics.pstdev(window)
            if spread > 1e-9 * statistics.fmean(window):
                z = (price - statistics.fmean(window)) / spread
                if z <= -terms["entry_z"]:
                    stance = 1
                elif terms["allow_short"] and z >= terms["entry_z"]:
                    stance = -1
                elif (stance > 0 and z >= -terms["exit_z"]) or (stance < 0 and z <= terms["exit_z"]):
                    stance = 0
        stances.append(stance)
    return stances


def rsi(prices, terms):
    n = terms["period"]
    changes = [b - a for a, b in pairwise(prices)]
    stances, stance, gain, loss = [0], 0, 0.0, 0.0
    for i, change in enumerate(changes, start=1):
        up, down = max(change, 0.0), max(-change, 0.0)
        if i < n:
            gain, loss = gain + up, loss + down
        elif i == n:
            gain, loss = (gain + up) / n, (loss + down) / n
        else:
            gain, loss = (gain * (n - 1) + up) / n, (loss * (n - 1) + down) / n
        if i >= n:
            index = 50.0 if gain + loss == 0 else 100 - 100 / (1 + gain / loss) if loss else 100.0
            if index <= terms["oversold"]:
                stance = 1
            elif index >= terms["overbought"]:
                stance = -1 if terms["allow_short"] else 0
        stances.append(stance)
    return stances


TWINS = {f.__name__: f for f in (buy_and_hold, ema_crossover, ma_crossover, momentum, mean_reversion, rsi)}
CASES = [
    ("buy_and_hold", {}),
    ("ma_crossover", {}),
    ("ma_crossover", {"short_period": 3, "long_period": 7, "allow_short": True}),
    ("ma_crossover", {"short_period": 1, "long_period": 2}),
    ("ema_crossover", {}),
    ("ema_crossover", {"short_period": 2, "long_period": 5, "allow_short": True}),
    ("momentum", {}),
    ("momentum", {"lookback_period": 1, "threshold": 0.005, "allow_short": True}),
    ("mean_reversion", {}),
    ("mean_reversion", {"lookback_period": 5, "entry_z": 1.2, "exit_z": 0.0, "allow_short": True}),
    ("mean_reversion", {"lookback_period": 9, "entry_z": 1.0, "exit_z": -0.5, "allow_short": True}),
    ("rsi", {}),
    ("rsi", {"period": 3, "oversold": 20, "overbought": 80, "allow_short": True}),
]


def changes(stances) -> list[tuple[int, int]]:
    """(row, stance) of each change."""
    return [(i, b) for i, (a, b) in enumerate(pairwise([0, *stances])) if a != b]


def held_after(result, step: int) -> list[tuple[int, int]]:
    """(row decided on, sign of the position afterwards) of each fill."""
    position, seen = 0.0, []
    for trade in result.trades:
        position += trade["quantity"] * (1 if trade["side"] == "buy" else -1)
        position = 0.0 if abs(position) < 1e-6 else position
        seen.append(((int(trade["timestamp"]) - START) // step, int(np.sign(position))))
    return seen


def test_every_builtin_has_a_twin():
    assert set(TWINS) == set(STRATEGIES) - {"targets"}  # test_targets.py covers that one


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("seed", range(4))
def test_bars(name, params, seed):
    closes = walk(seed, 400)
    terms = vars_of(name, params)
    expected = [
        (row + 1, stance) for row, stance in changes(TWINS[name](closes, terms)) if row + 1 < len(closes)
    ]
    result = bt.run({"A": flat_bars(closes)}, name, params, execution=bt.Execution(leverage=2.0))
    assert held_after(result, MINUTE) == expected
    assert expected or name == "mean_reversion"


@pytest.mark.parametrize(("name", "params"), CASES)
def test_quotes_and_trades(name, params):
    mids = walk(11, 500)
    times = START + MINUTE * np.arange(len(mids))
    expected = changes(TWINS[name](mids, vars_of(name, params)))
    quotes = bt.Quotes(times, mids - 0.0625, mids + 0.0625)
    mids_seen = 0.5 * (quotes.bid + quotes.ask)
    assert changes(TWINS[name](mids_seen, vars_of(name, params))) == expected
    result = bt.run({"A": quotes}, name, params, execution=bt.Execution(leverage=2.0))
    assert held_after(result, MINUTE) == expected  # without latency, on the quote it saw
    result = bt.run({"A": bt.Trades(times, mids)}, name, params, execution=bt.Execution(leverage=2.0))
    # and of prints, on the next one
    assert held_after(result, MINUTE) == [(row + 1, s) for row, s in expected if row + 1 < len(mids)]


def vars_of(name, params):
    checked = check_params(name, params)
    return {field: getattr(checked, field) for field in checked.__struct_fields__}


def test_symbols_share_equity_equally():
    closes = walk(1, 50)
    data = {name: flat_bars(closes * k) for k, name in enumerate(("A", "B", "C", "D"), start=1)}
    result = bt.run(data, "buy_and_hold", {"weight": 0.8})
    spent = result.trades["quantity"] * result.trades["price"]
    assert len(spent) == 4
    assert spent == pytest.approx([200_000.0] * 4, rel=1e-9)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_no_order_asks_for_more_than_buying_power(name):
    """Whatever one symbol has gained, another takes no more than is left; a sale pays for a purchase."""
    data = {s: bt.sample_bars(s, "2021-01-01", "2024-01-01", "1d") for s in ("AAPL", "MSFT", "IBM")}
    result = bt.run(data, name, execution=bt.Execution(slippage_bps=1.0, commission_bps=0.5))
    assert result.metrics["orders"] > 0
    assert result.metrics["orders_rejected"] == 0


def test_costs_are_left_room_for():
    closes = np.full(10, 100.0)
    costs = bt.Execution(slippage_bps=10, commission_bps=20)
    result = bt.run({"A": flat_bars(closes)}, "buy_and_hold", execution=costs)
    assert result.trades["price"][0] == pytest.approx(100.1)
    # 1e6 / (100 * 1.003) shares, at 100.1 and 20 bps: cash ends at zero to within the product of both costs
    assert result.equity_curve["cash"][-1] + 2.1 >= 0
    assert result.equity_curve["cash"][-1] == pytest.approx(0.0, abs=2.1)


def test_whole_lots():
    data = {"A": flat_bars(np.full(10, 333.0))}
    result = bt.run(data, "buy_and_hold", instruments={"A": bt.Instrument(lot_size=100)})
    assert result.trades["quantity"].tolist() == [3000.0]  # 1e6 / 333 = 3003.003


def test_a_flat_market_has_no_signals():
    data = {"A": flat_bars(np.full(300, 0.1 + 0.2))}
    for name in ("ma_crossover", "momentum", "mean_reversion", "rsi"):
        assert len(bt.run(data, name).trades) == 0, name


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        (
            "macrossover",
            {},
            "strategy.name: 'macrossover' is unknown (did you mean 'ma_crossover'?); choose from ",
        ),
        (
            "ma_crossover",
            {"period": 3},
            "strategy.params.period: ma_crossover has no such parameter (did you mean 'long_period'?); it",
        ),
        (
            "ma_crossover",
            {"short_period": 30},
            "strategy.params.short_period: 30 is not below long_period 30",
        ),
        ("ma_crossover", {"short_period": 2.5}, "strategy.params.short_period: 2.5 is not a whole number"),
        ("ma_crossover", {"short_period": True}, "strategy.params.short_period: True is not a whole number"),
        ("ma_crossover", {"short_period": "5"}, "strategy.params.short_period: '5' is not a whole number"),
        ("ma_crossover", {"short_period": 0}, "strategy.params.short_period: 0 is not at least 1"),
        ("momentum", {"threshold": float("nan")}, "strategy.params.threshold: nan is not a finite number"),
        ("momentum", {"threshold": float("inf")}, "strategy.params.threshold: inf is not a finite number"),
        ("mean_reversion", {"exit_z": 3.0}, "strategy.params.exit_z: 3.0 is not below entry_z 2.0"),
        ("rsi", {"oversold": 80}, "strategy.params.oversold: 80.0 is not below overbought 70.0"),
        ("rsi", {"overbought": 101}, "strategy.params.overbought: 101 is not at most 100"),
        ("buy_and_hold", {"weight": 0}, "strategy.params.weight: 0 is not above 0"),
    ],
)
def test_parameters_are_checked(name, params, message):
    with pytest.raises(bt.ConfigError) as error:
        bt.run({"A": flat_bars(walk(0, 50))}, name, params)
    assert str(error.value).startswith(message)


def test_a_price_at_the_entry_of_mean_reversion_enters():
    # The mean of 102 and 100 is 101 and their deviation 1: the price is one deviation below.
    terms = {"lookback_period": 2, "entry_z": 1.0, "exit_z": 0.0}
    result = bt.run(
        {"A": flat_bars(np.array([102.0, 100.0, 100.0]))}, "mean_reversion", terms, progress=False
    )
    assert result.metrics["total_trades"] == 1


def test_an_rsi_at_the_upper_bound_is_overbought():
    # Nothing but rises is an RSI of 100.
    terms = {"period": 2, "overbought": 100.0, "allow_short": True}
    result = bt.run({"A": flat_bars(np.array([100.0, 101.0, 102.0, 103.0]))}, "rsi", terms, progress=False)
    assert result.journal.fills["side"].tolist() == [-1]
