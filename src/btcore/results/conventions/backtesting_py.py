"""The figures of backtesting.py."""

import math
from typing import Any

import numpy as np

from btcore.times.intervals import DAY_NS
from btcore.times.zones import utc_offsets

from .values import Floats, RunValues, downside, drawdown, power, ratio, std

OF_TRADES = (
    "Win Rate [%]", "Best Trade [%]", "Worst Trade [%]", "Avg. Trade [%]", "Profit Factor", "Expectancy [%]",
    "SQN", "Kelly Criterion",
)  # fmt: skip


def backtesting(run: RunValues) -> dict[str, Any]:
    """The statistics of backtesting.py: compounded returns from the first period's end on, in percent."""
    equity, r, year, free = run.equity[1:], run.returns[1:], _year(run), run.free
    mean = math.exp(float(np.log1p(r).sum()) / len(r)) - 1.0 if len(r) and (r > -1.0).all() else 0.0
    annual = (1.0 + mean) ** year - 1.0
    spread = (std(r) ** 2 + (1.0 + mean) ** 2) ** year - (1.0 + mean) ** (2 * year)
    volatility = float(np.sqrt(spread))
    worst = -drawdown(equity)
    years = (int(run.times[-1]) - int(run.times[1])) / DAY_NS / 365.25
    growth = float(equity[-1] / equity[0])
    return {
        "Equity Final [$]": equity[-1],
        "Equity Peak [$]": equity.max(),
        "Return [%]": 100.0 * (growth - 1.0),
        "Return (Ann.) [%]": 100.0 * annual,
        "Volatility (Ann.) [%]": 100.0 * volatility,
        "CAGR [%]": 100.0 * (power(growth, 1.0 / years) - 1.0) if years else math.nan,
        "Sharpe Ratio": ratio(annual - free, volatility),
        "Sortino Ratio": ratio(annual - free, downside(r, year) if len(r) else math.nan),
        "Calmar Ratio": ratio(annual, worst),
        "Max. Drawdown [%]": -100.0 * worst,
        **_trades(run.trips["pnl"], run.trips["return"]),
    }


def _year(run: RunValues) -> int:
    """Periods a year: by the spacing of the last 100, and for days by the share of weekends."""
    gaps = np.diff(run.ends[-100:]) / DAY_NS
    spacing = int(np.median(gaps)) if len(gaps) else 1
    inside = run.ends - 1  # a day that ends at midnight is the day before
    weekday = ((inside + utc_offsets(inside, run.timezone)) // DAY_NS + 3) % 7
    days = 365 if np.mean(weekday >= 5) > 2.0 / 7.0 * 0.6 else 252
    return {7: 52, 31: 12, 365: 1}.get(spacing, days)


def _trades(pnl: Floats, back: Floats) -> dict[str, Any]:
    """From the profit and the return of each round trip."""
    if not len(pnl):
        return {"# Trades": 0} | dict.fromkeys(OF_TRADES)
    won = float(np.mean(pnl > 0))
    gain, loss = (float(pnl[rows].mean()) if rows.any() else math.nan for rows in (pnl > 0, pnl < 0))
    mean = math.exp(float(np.log1p(back).mean())) - 1.0 if (back > -1.0).all() else 0.0
    figures = (
        100.0 * won,
        100.0 * float(back.max()),
        100.0 * float(back.min()),
        100.0 * mean,
        ratio(float(back[back > 0].sum()), abs(float(back[back < 0].sum()))),
        100.0 * float(back.mean()),
        math.sqrt(len(pnl)) * ratio(float(pnl.mean()), std(pnl)),
        won - ratio(1.0 - won, gain / -loss),
    )
    return {"# Trades": len(pnl)} | dict(zip(OF_TRADES, figures, strict=True))
