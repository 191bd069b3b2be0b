"""vectorbt: its kernels, from its Rust engine and from Numba, and the functions that its users call."""

import warnings

import numpy as np
import vectorbt as vbt
import work
from vectorbt.portfolio import dispatch
from work import CAPITAL, FEE

ENGINES = ("rust", "numba")
CHUNK = 50  # pairs at once: a column of 100,000 floats each, in a dozen arrays


def flex(values, dtype=float):
    """A scalar, or a column for one asset."""
    made = np.asarray(values, dtype)
    return made[:, None] if made.ndim else made


def signals_kernel(engine, price, close, entries, exits):
    """Only the order records."""
    n, blank = len(close), np.zeros((1, 1), np.bool_)
    shared = {"size": flex(np.inf), "price": flex(price), "fees": flex(FEE), "close": flex(close)}
    return dispatch.simulate_from_signals(
        (n, 1),
        np.array([1]),
        np.array([CAPITAL]),
        np.zeros((n, 1), np.int64),
        entries=flex(entries, bool),
        exits=flex(exits, bool),
        long_entries=blank,
        long_exits=blank,
        short_entries=blank,
        short_exits=blank,
        direction=np.asarray(0),
        max_orders=int(entries.sum() + exits.sum()) + 1,
        engine=engine,
        **shared,
    )


def portfolio(engine, close, entries, exits, price):
    """As a user would call it: simulation, values, and three metrics."""
    made = vbt.Portfolio.from_signals(
        close, entries, exits, price=price, fees=FEE, init_cash=CAPITAL, freq="1min", engine=engine
    )
    return made.total_return(), made.sharpe_ratio(), made.max_drawdown()


def crosses(fast, slow):
    """Entry and exit signals: the first row on each side."""
    above = fast > slow
    before = np.zeros_like(above)
    before[1:] = above[:-1]
    return above & ~before, ~above & before


def bars(engine):
    candles = work.candles(work.scaled(1_000_000))
    close = candles["close"]
    late = np.r_[candles["open"][1:], close[-1]]
    fast, slow = (vbt.MA.run(close, period, engine=engine).ma.to_numpy() for period in work.BARS)
    entries, exits = crosses(fast, slow)
    work.measure(
        "bars",
        f"kernel, signals given ({engine})",
        len(close),
        lambda: signals_kernel(engine, late, close, entries, exits),
        computed="records of orders alone: no means, no equity, no metrics",
    )

    def whole():
        fast, slow = (vbt.MA.run(close, period, engine=engine).ma.to_numpy() for period in work.BARS)
        return portfolio(engine, close, *crosses(fast, slow), late)

    work.measure(
        "bars",
        f"from prices to metrics ({engine})",
        len(close),
        whole,
        computed="means, signals, orders; equity a bar; return, Sharpe of bars, drawdown",
    )


def ticks(engine):
    quotes = work.ticks(work.scaled(5_000_000))
    mid = 0.5 * (quotes["bid"] + quotes["ask"])

    def means():
        return [vbt.MA.run(mid, period, ewm=True, engine=engine).ma.to_numpy() for period in work.TICKS]

    entries, exits = crosses(*means())
    price = np.where(entries, quotes["ask"], quotes["bid"])
    work.measure(
        "ticks",
        f"array kernel, signals given ({engine})",
        len(mid),
        lambda: signals_kernel(engine, price, mid, entries, exits),
        computed="records of orders alone: no EMAs, no equity, no metrics",
        rounds=3,
    )

    def whole():
        entries, exits = crosses(*means())
        return signals_kernel(engine, np.where(entries, quotes["ask"], quotes["bid"]), mid, entries, exits)

    work.measure(
        "ticks",
        f"array kernel with its EMAs ({engine})",
        len(mid),
        whole,
        computed="EMAs, signals, records of orders: no equity, no metrics",
        rounds=3,
    )


def sweep(engine):
    candles = work.candles(work.scaled(100_000))
    close, late = candles["close"], np.r_[candles["open"][1:], candles["close"][-1]]
    count = 100
    chunks = np.array_split(np.array(work.pairs(count)), count // CHUNK)

    def whole():
        for chunk in chunks:
            fast, slow = (
                vbt.MA.run(close, list(periods), engine=engine).ma.to_numpy().reshape(len(close), -1)
                for periods in chunk.T
            )
            portfolio(engine, np.repeat(close[:, None], len(chunk), 1), *crosses(fast, slow), late[:, None])

    work.measure(
        "sweep",
        f"from prices to metrics, {count} of the pairs in chunks of {CHUNK} ({engine})",
        len(close) * count,
        whole,
        computed="return, Sharpe of bars, drawdown of each pair",
        rounds=2,
    )


def orders(engine):
    close = work.candles(work.scaled(1_000_000))["close"]
    for share in work.SHARES:
        rows, sizes = work.order_rows(len(close), share)
        size = np.full(len(close), np.nan)
        size[rows] = sizes

        def kernel(size=size, count=rows.size):
            return dispatch.simulate_from_orders(
                (len(close), 1),
                np.array([1]),
                np.array([CAPITAL]),
                np.zeros((len(close), 1), np.int64),
                size=flex(size),
                price=flex(close),
                fees=flex(FEE),
                close=flex(close),
                max_orders=count + 1,
                engine=engine,
            )

        def whole(size=size):
            made = vbt.Portfolio.from_orders(
                close, size, fees=FEE, init_cash=CAPITAL, freq="1min", engine=engine
            )
            return made.total_return(), made.sharpe_ratio(), made.max_drawdown()

        name = f"orders {share:.0%}"
        work.measure(
            name,
            f"kernel ({engine})",
            len(close),
            kernel,
            computed="records of orders alone: no equity, no metrics",
        )
        work.measure(
            name,
            f"to metrics ({engine})",
            len(close),
            whole,
            computed="orders; equity a row; return, Sharpe of rows, drawdown",
            rounds=3,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for each in ENGINES:
        for run in (bars, ticks, sweep, orders):
            run(each)
    work.report(f"vectorbt {vbt.__version__}", f"numpy {np.__version__}")
