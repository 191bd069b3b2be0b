"""Runs whose results are saved, as digests of each table, the metrics, the log and the fingerprint.

tests/saved/README.md says how the file of digests is written, and when.
"""

import hashlib
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import btcore as bt
from btcore import metrics
from btcore.metrics.annual import AnnualSettings
from btcore.metrics.period_returns import period_returns
from btcore.results.summary import summarize

TABLES = ["equity_curve", "trades", "round_trips", "exposures", "orders", "cash_flows", "order_events"]
BUILT_IN = ["buy_and_hold", "ma_crossover", "ema_crossover", "momentum", "mean_reversion", "rsi"]
SWEEPS: dict[str, dict[str, list[Any]]] = {
    "ma_crossover": {"short_period": [3, 5, 10, 20], "long_period": [30, 50, 80]},
    "ema_crossover": {"short_period": [5, 9], "long_period": [20, 26]},
    "rsi": {"period": [7, 14, 21]},
    "momentum": {"lookback_period": [5, 20, 60]},
}

CHEAP = bt.Execution(slippage_bps=1.0, commission_bps=0.5)
COSTLY = bt.Execution(
    slippage_ticks=1,
    slippage_sqrt=0.1,
    commission_per_share=0.005,
    commission_min=1.0,
    latency_ms=5,
    response_latency_ms=3,
    latency_jitter_ms=2,
    response_jitter_ms=1,
    seed=7,
    leverage=3.0,
    maintenance_margin=0.1,
    cash_rate=0.02,
    debit_rate=0.05,
    cost_basis="fifo",
)
HEDGING = bt.Execution(
    position_mode="hedging", commission_bps=1.0, leverage=5.0, cost_basis="fifo", limit_fill="touch"
)
STEPS = bt.Instrument(tick_size=0.01, lot_size=1.0)


class Dip(bt.Strategy):
    """Buys after a fall within a bar, at a limit and to a share of equity; sells after a rise."""

    percent: float = 0.5

    def on_bar(self, ctx, bar):
        if bar.close < bar.open * (1 - self.percent / 100):
            ctx.buy(bar.symbol, 10, limit=bar.close * 0.999)
            ctx.order_target_percent(bar.symbol, 0.5)
        elif bar.close > bar.open:
            ctx.order_target(bar.symbol, 0)


class Maker(bt.Strategy):
    """Places limit orders on both sides and cancels them all from time to time."""

    def on_start(self, ctx):
        self.count = 0

    def on_quote(self, ctx, quote):
        self.count += 1
        if self.count % 50 == 0:
            ctx.buy(quote.symbol, 5, limit=quote.bid)
            ctx.sell(quote.symbol, 5, limit=quote.ask)
        if self.count % 333 == 0:
            for order in ctx.open_orders():
                ctx.cancel(order)


class Market:
    """The data of all runs, from the sample market."""

    def __init__(self) -> None:
        self.days = bt.sample_bars("AAPL", "2023-01-01", "2024-06-01", "1d")
        self.other_days = bt.sample_bars("MSFT", "2023-01-01", "2024-06-01", "1d")
        self.minutes = bt.sample_bars("AAPL", "2024-01-02", "2024-01-12", "1min")
        self.quotes = bt.sample_quotes("AAPL", "2024-01-02", "2024-01-04")
        self.trades = bt.sample_trades("MSFT", "2024-01-02", "2024-01-04")


Run = tuple[str, dict[str, Any], Any, Any, dict[str, Any]]  # name, then the arguments of `bt.run`


def runs(market: Market) -> Iterator[Run]:
    yield from runs_of_built_ins(market)
    yield from runs_of_events(market)
    yield from runs_of_classes(market)
    yield from runs_of_orders(market)


def runs_of_built_ins(market: Market) -> Iterator[Run]:
    days = {"AAPL": market.days, "MSFT": market.other_days}
    new_york = {"execution": CHEAP, "timezone": "America/New_York"}
    for name in [*BUILT_IN, "targets"]:
        yield f"{name} day", days, name, None, new_york
    for name in BUILT_IN:
        short = {} if name == "buy_and_hold" else {"allow_short": True}
        steps = {"execution": COSTLY, "instruments": {"AAPL": STEPS}}
        yield f"{name} minute", {"AAPL": market.minutes}, name, None, {"execution": CHEAP}
        yield f"{name} minute short", {"AAPL": market.minutes}, name, short, steps
        yield f"{name} quotes", {"AAPL": market.quotes}, name, None, {"execution": CHEAP}
        yield f"{name} trades", {"MSFT": market.trades}, name, None, {"execution": COSTLY}
        both = {"AAPL": market.quotes, "MSFT": market.trades}
        yield f"{name} both", both, name, None, {"execution": CHEAP, "mark_every": "5min"}


def runs_of_events(market: Market) -> Iterator[Run]:
    """Corporate actions, rates of exchange, funding, an exchange calendar."""
    actions = bt.Instrument(
        tick_size=0.01,
        lot_size=1.0,
        borrow_rate=0.03,
        splits=[("2023-08-01", 2.0)],
        dividends=[("2023-05-01", 0.5), ("2023-11-01", 0.6)],
    )
    euros = bt.Instrument(currency="EUR", multiplier=10.0, funding=[("2024-01-05T08:00", 0.0001)])
    days = {"AAPL": market.days, "MSFT": market.other_days}
    weights = {"weights": {"AAPL": 0.7, "MSFT": 0.2}, "schedule": "week", "drift": 0.01}
    yield "actions", days, "targets", weights, {"execution": COSTLY, "instruments": {"AAPL": actions}}
    fx = {"EUR": [("2024-01-01", 1.1), ("2024-01-08", 1.12)]}
    terms = {"execution": HEDGING, "instruments": {"AAPL": euros}, "fx": fx}
    yield "fx", {"AAPL": market.minutes}, "ma_crossover", {"allow_short": True}, terms
    calendar = {"execution": CHEAP, "calendar": "XNYS"}
    yield "calendar", {"AAPL": market.days}, "ma_crossover", None, calendar


def runs_of_classes(market: Market) -> Iterator[Run]:
    days = {"AAPL": market.days, "MSFT": market.other_days}
    both = {"AAPL": market.quotes, "MSFT": market.trades}
    rebates = bt.Execution(maker_bps=-0.2, taker_bps=0.7, displayed_size=True)
    yield "dip", days, Dip, {"percent": 0.2}, {"execution": CHEAP}
    yield "dip costly", {"AAPL": market.minutes}, Dip, {"percent": 0.01}, {"execution": COSTLY}
    yield "dip hedging", {"AAPL": market.minutes}, Dip, {"percent": 0.01}, {"execution": HEDGING}
    yield "maker", both, Maker, None, {"execution": rebates}
    yield "maker late", {"AAPL": market.quotes}, Maker, None, {"execution": COSTLY}


def runs_of_orders(market: Market) -> Iterator[Run]:
    """Arrays of market, limit and stop orders over each kind of data."""
    rng = np.random.default_rng(3)
    for kind, data, symbol, prices in [
        ("bars", market.minutes, "AAPL", market.minutes.close),
        ("quotes", market.quotes, "AAPL", market.quotes.bid),
        ("trades", market.trades, "MSFT", market.trades.price),
    ]:
        rows = np.sort(rng.choice(len(data), min(400, len(data) // 5), replace=False))
        ts, px = data.timestamp[rows], prices[rows]
        side = np.where(rng.random(len(rows)) < 0.5, 1, -1)
        qty = rng.integers(1, 50, len(rows)).astype(float)
        in_force = rng.choice(["GTC", "DAY", "IOC", "FOK", "GTC", "GTC"], len(rows))
        limit = np.where(rng.random(len(rows)) < 0.6, px * (1 - side * 0.0005), np.nan)
        market_orders = bt.Orders(ts, symbol, side, qty)
        limits = bt.Orders(ts, symbol, side, qty, limit_price=limit, time_in_force=in_force)
        stops = bt.Orders(ts, symbol, side, qty, stop_price=px * (1 + side * 0.001), time_in_force="DAY")
        yield f"orders {kind}", {symbol: data}, market_orders, None, {"execution": CHEAP}
        yield f"orders {kind} costly", {symbol: data}, market_orders, None, {"execution": COSTLY}
        yield f"orders {kind} limits", {symbol: data}, limits, None, {"execution": CHEAP}
        for intrabar in ("pessimistic", "optimistic", "path"):
            terms = {"execution": COSTLY, "intrabar": intrabar}
            yield f"orders {kind} stops {intrabar}", {symbol: data}, stops, None, terms


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def column_bytes(column: np.ndarray) -> bytes:
    values = repr(column.tolist()).encode() if column.dtype.kind == "O" else column.tobytes()
    return f"{column.dtype.str}:{len(column)}:".encode() + values


def table_digest(table: np.ndarray) -> str:
    """Without the columns of tags, empty in these runs; orders have one since 0.6.0."""
    tags = [name for name in table.dtype.names if name in {"tag", "entry_tag", "exit_tag"}]
    assert not any(table[name].any() for name in tags)
    columns = [name for name in table.dtype.names if name not in tags]
    return digest(b"".join(name.encode() + column_bytes(table[name]) for name in columns))


def result_digests(result: bt.Result) -> dict[str, str]:
    found = {name: table_digest(getattr(result, name)) for name in TABLES}
    found["metrics"] = digest(json.dumps(result.metrics, default=str).encode())
    found["logs"] = digest("\n".join(result.logs).encode())
    if result.manifest["run"]["strategy"]["kind"] != "python":  # that fingerprint depends on this file's text
        found["fingerprint"] = result.fingerprint
    return found


def digests_as_in_0_1_0(result: bt.Result) -> dict[str, str]:
    """The digests without what 0.5.0 has added to metrics and log, for a run that its rules do not change."""
    return result_digests(result) | {
        "metrics": digest(json.dumps(metrics_as_in_0_1_0(result), default=str).encode()),
        "logs": digest("\n".join(line for line in result.logs if not ADDED.search(line)).encode()),
    }


ADDED = re.compile(
    r"^(no costs: |\d+ (orders by weight are smaller|targets by weight are less|fills are larger)|"
    r"\d+ of \d+ (orders|targets) of \S+ are dated at the open)"
)


def metrics_as_in_0_1_0(result: bt.Result) -> dict[str, Any]:
    """The 52 metrics of 0.1.0: 252 days or sessions a year, annual figures for any number of them."""
    run = result.manifest["run"]
    assert result.journal is not None
    m = summarize(result.journal, timezone=run["timezone"], annual=AnnualSettings(252.0))
    if m["period"] in ("day", "session"):
        clock, equity = result.journal.curve.timestamp, result.journal.curve.equity
        returns = period_returns(clock, equity, run["timezone"], result.journal.closes)[1]
        annual = {
            "annual_return": 100.0 * metrics.annual_return(returns),
            "annual_volatility": 100.0 * metrics.annual_volatility(returns),
            "calmar_ratio": metrics.calmar_ratio(returns),
        }
        m |= {name: value if math.isfinite(value) else None for name, value in annual.items()}
        m["periods_per_year"] = 252
    else:
        m |= dict.fromkeys(("annual_return", "annual_volatility", "calmar_ratio"))
        m["periods_per_year"] = 1
        by_year = ("sharpe_ratio", "sortino_ratio", "downside_risk")
        plain = summarize(result.journal, timezone=run["timezone"], annual=AnnualSettings(1.0))
        m |= {name: plain[name] for name in by_year}
    return {name: m[name] for name in NAMES}


NAMES = """
total_return annual_return annual_volatility sharpe_ratio sortino_ratio calmar_ratio omega_ratio
max_drawdown max_drawdown_duration_days downside_risk value_at_risk_95 conditional_value_at_risk_95
tail_ratio skew kurtosis stability period periods periods_per_year risk_free ddof round_trips win_rate
profit_factor expectancy average_win average_loss best_trade worst_trade average_duration_seconds
total_trades traded_notional turnover exposure_time orders orders_filled orders_canceled orders_expired
orders_rejected liquidations ambiguous_bars events initial_capital final_equity realized_pnl unrealized_pnl
total_commission net_interest borrow_fees funding dividends cash_in_lieu
""".split()  # noqa: SIM905 - a list of 52 texts is longer than it is clear


def all_results() -> dict[str, bt.Result]:
    """The result of every run by its name."""
    market = Market()
    return {
        name: bt.run(data, strategy, params, progress=False, **terms)
        for name, data, strategy, params, terms in runs(market)
    }


def sweep_digests() -> dict[str, Any]:
    """The digests of every sweep by its name."""
    market, found = Market(), {}
    for name, grid in SWEEPS.items():
        for short in (False, True):
            every = {**grid, "allow_short": [short]}
            swept = bt.sweep(
                {"AAPL": market.minutes}, name, every, execution=CHEAP, workers=1, progress=False
            )
            found[f"sweep {name}{' short' if short else ''}"] = {"table": table_digest(swept.table)}
    return found


if __name__ == "__main__":
    every: dict[str, Any] = {name: result_digests(result) for name, result in all_results().items()}
    Path(sys.argv[1]).write_text(json.dumps(every | sweep_digests(), indent=1) + "\n")
