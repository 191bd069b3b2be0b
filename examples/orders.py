"""Orders as columns: buy each morning, sell half a percent higher or in the evening."""

import numpy as np

import btcore as bt

bars = bt.sample_bars("MSFT", "2024-03-01", "2024-04-01", "1min")
days = bars.timestamp // 86_400_000_000_000
mornings = np.flatnonzero(np.diff(days, prepend=0))
evenings = np.append(mornings[1:], len(days)) - 2
count = len(mornings)
one, none, day = np.ones(count), np.full(count, np.nan), np.arange(1, count + 1)

# Three orders per day: the entry, the target, and the exit. The exit is sent with the target, and its latency
# delays it to the evening.
entry, target = bars.end[mornings], bars.end[mornings + 2]
orders = bt.Orders(
    timestamp=np.concatenate([entry, target, target]),
    symbol="MSFT",
    side=np.concatenate([one, -one, -one]).astype(int),
    quantity=100,
    limit_price=np.concatenate([none, bars.open[mornings] * 1.005, none]),  # NaN: a market order
    latency_ms=np.concatenate([none, none, (bars.end[evenings] - target) / 1e6]),  # NaN: the run's
    oco=np.concatenate([0 * day, day, day]),  # target and exit cancel each other; 0 is no group
)
result = bt.run(
    {"MSFT": bars}, orders, execution=bt.Execution(commission_per_share=0.005, commission_min=1.0)
)
print(result)
endings, counts = np.unique(result.orders[["side", "order_type", "status", "reason"]], return_counts=True)
for ending, number in zip(endings.tolist(), counts.tolist(), strict=True):
    print(number, *ending)
