"""Orders as columns: buy each morning, sell half a percent higher or in the evening."""

import numpy as np

import btcore as bt

DAY, MINUTE = 86_400_000_000_000, 60_000_000_000  # ns


def mornings(data: dict[str, bt.Bars]) -> bt.Orders:
    """Of each day an entry at the end of its first bar, and two minutes later a target and an exit."""
    ((symbol, bars),) = data.items()
    days = bars.timestamp // DAY
    first = np.flatnonzero(np.diff(days, prepend=0))
    count = len(first)
    one, none, day = np.ones(count), np.full(count, np.nan), np.arange(1, count + 1)

    # The exit is sent with the target, and its latency delays it to the evening. These times follow from the
    # clock: which bar is the last of its day is known only after it.
    entry = bars.end[first]
    target, evening = entry + 2 * MINUTE, bars.timestamp[first] + 389 * MINUTE
    return bt.Orders(
        timestamp=np.concatenate([entry, target, target]),
        symbol=symbol,
        side=np.concatenate([one, -one, -one]).astype(int),
        quantity=100,
        limit_price=np.concatenate([none, bars.open[first] * 1.005, none]),  # NaN: a market order
        latency_ms=np.concatenate([none, none, (evening - target) / 1e6]),  # NaN: the run's
        oco=np.concatenate([0 * day, day, day]),  # target and exit cancel each other; 0 is no group
    )


if __name__ == "__main__":
    data = {"MSFT": bt.sample_bars("MSFT", "2024-03-01", "2024-04-01", "1min")}
    costs = bt.Execution(commission_per_share=0.005, commission_min=1.0)
    result = bt.run(data, mornings(data), execution=costs)
    print(result)
    endings, counts = np.unique(result.orders[["side", "order_type", "status", "reason"]], return_counts=True)
    for ending, number in zip(endings.tolist(), counts.tolist(), strict=True):
        print(number, *ending)
    print(bt.leakcheck(data, mornings, execution=costs))
