"""Figures by the names and formulas of other packages, from the curve and the round trips of a result.

docs/metrics.md says what each takes; tests/unit/results/test_metrics_as.py compares them with the packages.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.metrics.annual import period_rates
from btcore.times.intervals import DAY_NS

if TYPE_CHECKING:
    from .result import Result

Floats = NDArray[np.float64]
Figures = dict[str, float | int | None]


class _Run(NamedTuple):
    """What the figures are computed from; returns are fractions, one for each period."""

    times: NDArray[np.int64]  # of the points of the curve, ns UTC
    equity: Floats
    ends: NDArray[np.int64]  # of the periods, ns UTC
    returns: Floats
    benchmark: Floats | None  # returns of the same periods
    trips: Any  # the table of round trips
    risk_free: Any  # a rate per year, or dated ones
    periods_per_year: float | None

    def excess(self, periods: float) -> Floats:
        """The returns over the risk-free return of a year with so many periods."""
        rates = period_rates(self.risk_free, int(self.times[0]), self.ends, periods)
        return self.returns if rates is None else self.returns - rates


def metrics_as(result: "Result", package: str) -> Figures:
    """The figures of a result as `package` names and computes them; None if undefined.

    ConfigError for a package that is not one of CONVENTIONS.
    """
    if package not in CONVENTIONS:
        raise ConfigError(f"package: {package!r} is not one of {', '.join(CONVENTIONS)}")
    curve, line, other = result.columns(), result._timeline, result.columns("benchmark_curve")["value"]
    run = _Run(
        times=curve["timestamp"],
        equity=curve["equity"],
        ends=line.times,
        returns=line.returns(curve["equity"]),
        benchmark=line.returns(other) if len(other) else None,
        trips=result.round_trips,
        risk_free=result._risk_free,
        periods_per_year=result.metrics["periods_per_year"],  # type: ignore[arg-type]
    )
    with np.errstate(all="ignore"):
        found = CONVENTIONS[package](run)
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> float | int | None:
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if value is not None and math.isfinite(value) else None


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan


def _std(values: Floats) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _drawdown(returns: Floats) -> float:
    """The lowest value of wealth over its high so far, less 1; wealth begins at 1."""
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + returns)])
    return float((wealth / np.maximum.accumulate(wealth) - 1.0).min())


def _unbiased(values: Floats) -> tuple[float, float]:
    """Skew and excess kurtosis, corrected for the size of the sample, as pandas and Math.NET have them."""
    n, d = len(values), values - np.mean(values)
    m2, m3, m4 = (float(np.mean(d**k)) for k in (2, 3, 4))
    skew = _ratio(math.sqrt(n * (n - 1)) * m3, (n - 2) * m2**1.5) if n > 2 else math.nan
    excess = _ratio(m4, m2 * m2) - 3.0
    kurtosis = ((n + 1) * excess + 6.0) * (n - 1) / ((n - 2) * (n - 3)) if n > 3 else math.nan
    return skew, kurtosis


def _quantstats(run: _Run) -> dict[str, Any]:
    """The functions of quantstats.stats with their defaults: 252 periods a year."""
    r, year = run.returns, 252
    excess = run.excess(year)
    wins, losses = r[r > 0], r[r < 0]
    total = float(np.prod(1.0 + r) - 1.0)
    cagr = (1.0 + total) ** _ratio(year, len(r)) - 1.0
    worst = _drawdown(r)
    downside = math.sqrt(float(np.sum(excess[excess < 0] ** 2)) / max(len(excess), 1))
    skew, kurtosis = _unbiased(r)
    above, below = float(excess[excess > 0].sum()), -float(excess[excess < 0].sum())
    means = [float(part.mean()) if len(part) else 0.0 for part in (wins, losses)]
    payoff = _ratio(means[0], abs(means[1]))
    won = _ratio(len(wins), len(wins) + len(losses))
    at_risk = NormalDist(float(r.mean()), _std(r)).inv_cdf(0.05) if _std(r) > 0 else math.nan
    found = {
        "comp": total,
        "cagr": cagr,
        "sharpe": _ratio(float(excess.mean()), _std(excess)) * math.sqrt(year),
        "sortino": _ratio(float(excess.mean()), downside) * math.sqrt(year),
        "volatility": _std(r) * math.sqrt(year),
        "max_drawdown": worst,
        "calmar": _ratio(cagr, abs(worst)),
        "omega": _ratio(above, below),
        "tail_ratio": abs(_ratio(float(np.quantile(r, 0.95)), float(np.quantile(r, 0.05)))),
        "skew": skew,
        "kurtosis": kurtosis,
        "value_at_risk": at_risk,
        "win_rate": won,
        "profit_factor": _ratio(float(r[r >= 0].sum()), abs(float(losses.sum()))),
        "payoff_ratio": payoff,
        "kelly_criterion": _ratio(payoff * won - (1.0 - won), payoff),
        "best": r.max(),
        "worst": r.min(),
    }
    if run.benchmark is not None:
        y = run.benchmark
        beta, active = _beta(r, y), r - y
        found |= {
            "beta": beta,
            "alpha": (float(r.mean()) - beta * float(y.mean())) * year,
            "information_ratio": _ratio(float(active.mean()), _std(active)),
            "treynor_ratio": _ratio(total, beta),
        }
    return found


def _beta(x: Floats, y: Floats) -> float:
    return _ratio(float(np.cov(x, y, ddof=1)[0, 1]), float(np.var(y, ddof=1)))


def _vectorbt(run: _Run) -> dict[str, Any]:
    """The returns accessor of vectorbt with its year of 365 days."""
    r = run.returns
    gaps = np.diff(run.ends) / DAY_NS
    days = max(1.0, float(np.round(np.median(gaps)))) if len(gaps) else 1.0
    year = 365.0 / days
    excess, worst = run.excess(year), _drawdown(r)
    total = float(np.prod(1.0 + r) - 1.0)
    annual = (1.0 + total) ** _ratio(year, len(r)) - 1.0
    downside = math.sqrt(float(np.mean(np.minimum(r, 0.0) ** 2))) * math.sqrt(year)
    tail = int((len(r) - 1) * 0.05)
    return {
        "total": total,
        "annualized": annual,
        "annualized_volatility": _std(r) * math.sqrt(year),
        "sharpe_ratio": _ratio(float(excess.mean()), _std(excess)) * math.sqrt(year),
        "sortino_ratio": _ratio(float(r.mean()) * year, downside),
        "calmar_ratio": _ratio(annual, abs(worst)),
        "omega_ratio": _ratio(float(excess[excess > 0].sum()), -float(excess[excess < 0].sum())),
        "max_drawdown": worst,
        "downside_risk": downside,
        "tail_ratio": _ratio(abs(float(np.percentile(r, 95))), abs(float(np.percentile(r, 5)))),
        "value_at_risk": float(np.percentile(r, 5)),
        "cond_value_at_risk": float(np.mean(np.partition(r, tail)[: tail + 1])),
    }


def _lean(run: _Run) -> dict[str, Any]:
    """PortfolioStatistics of LEAN, of which the drawdown is rounded; periods a year of the run, or 252."""
    r, year = run.returns, run.periods_per_year or 252.0
    free = run.risk_free if isinstance(run.risk_free, int | float) else math.nan
    performance = (float(r.mean()) + 1.0) ** year - 1.0
    variance = float(np.var(r, ddof=1)) * year
    capital, final = float(run.equity[0]), float(run.equity[-1])
    years = (int(run.times[-1]) - int(run.times[0])) / DAY_NS / 365.0
    closes = np.concatenate([[capital], capital * np.cumprod(1.0 + r)])
    pnl = run.trips["pnl"][np.argsort(run.trips["exit_timestamp"], kind="stable")]
    before = capital + np.concatenate([[0.0], np.cumsum(pnl)[:-1]]) if len(pnl) else pnl
    shares = pnl / before
    wins, losses = shares[pnl > 0], shares[pnl <= 0]
    average_win = float(wins.mean()) if len(wins) else 0.0
    average_loss = float(losses.mean()) if len(losses) else 0.0
    payoff = average_win / abs(average_loss) if average_loss else 0.0
    won = len(wins) / len(pnl) if len(pnl) else 0.0
    lost = len(losses) / len(pnl) if len(pnl) else 0.0
    found = {
        "Average Win": average_win,
        "Average Loss": average_loss,
        "Profit-Loss Ratio": payoff,
        "Win Rate": won,
        "Loss Rate": lost,
        "Expectancy": won * payoff - lost,
        "Net Profit": final / capital - 1.0,
        "Compounding Annual Return": (final / capital) ** _ratio(1.0, years) - 1.0,
        "Drawdown": round(abs(float((closes / np.maximum.accumulate(closes) - 1.0).min())), 3),
        "Annual Variance": variance,
        "Annual Standard Deviation": math.sqrt(variance),
        "Sharpe Ratio": _ratio(performance - free, math.sqrt(variance)),
        "Probabilistic Sharpe Ratio": _lean_odds(r),
    }
    if run.benchmark is not None:
        y = run.benchmark
        other = (float(y.mean()) + 1.0) ** year - 1.0
        beta, error = _beta(r, y), math.sqrt(float(np.var(r - y, ddof=1)) * year)
        found |= {
            "Alpha": performance - (free + beta * (other - free)),
            "Beta": beta,
            "Tracking Error": error,
            "Information Ratio": _ratio(performance - other, error),
            "Treynor Ratio": _ratio(performance - free, beta),
        }
    return found


def _lean_odds(r: Floats) -> float:
    """Probability that the Sharpe ratio exceeds 1 a year of 252 days, with excess kurtosis in the error."""
    skew, excess = _unbiased(r)
    ratio = _ratio(float(r.mean()), _std(r))
    error = (1.0 - skew * ratio + (excess - 1.0) / 4.0 * ratio**2) / max(len(r) - 1, 1)
    if not error > 0.0:
        return math.nan
    return NormalDist().cdf((ratio - 1.0 / math.sqrt(252.0)) / math.sqrt(error))


def _backtesting(run: _Run) -> dict[str, Any]:
    """The statistics of backtesting.py: compounded returns from the first period's end on, in percent."""
    equity, r = run.equity[1:], run.returns[1:]
    gaps = np.diff(run.ends) / DAY_NS
    spacing = float(np.median(gaps)) if len(gaps) else 1.0
    weekday = ((run.ends[1:] - 1) // DAY_NS + 3) % 7  # a day that ends at midnight is the day before
    weekends = float(np.mean(weekday >= 5)) > 2.0 / 7.0 * 0.6 if len(weekday) else False
    year = 52 if spacing == 7 else 12 if 28 <= spacing <= 31 else 365 if weekends else 252
    mean = math.exp(float(np.log1p(r).sum()) / len(r)) - 1.0 if len(r) and (r > -1.0).all() else 0.0
    annual = (1.0 + mean) ** year - 1.0
    spread = (float(np.var(r, ddof=1)) + (1.0 + mean) ** 2) ** year - (1.0 + mean) ** (2 * year)
    volatility = math.sqrt(max(spread, 0.0))
    worst = float((1.0 - equity / np.maximum.accumulate(equity)).max())
    downside = math.sqrt(float(np.mean(np.minimum(r, 0.0) ** 2))) * math.sqrt(year)
    free = run.risk_free if isinstance(run.risk_free, int | float) else math.nan
    pnl, back = run.trips["pnl"], run.trips["return"]
    won = float(np.mean(pnl > 0)) if len(pnl) else math.nan
    years = (int(run.times[-1]) - int(run.times[1])) / DAY_NS / 365.25
    growth = float(equity[-1] / equity[0])
    gains, losses = float(back[back > 0].sum()), abs(float(back[back < 0].sum()))
    means = [float(pnl[rows].mean()) if rows.any() else math.nan for rows in (pnl > 0, pnl < 0)]
    return {
        "Equity Final [$]": equity[-1],
        "Equity Peak [$]": equity.max(),
        "Return [%]": 100.0 * (growth - 1.0),
        "Return (Ann.) [%]": 100.0 * annual,
        "Volatility (Ann.) [%]": 100.0 * volatility,
        "CAGR [%]": 100.0 * (growth ** _ratio(1.0, years) - 1.0),
        "Sharpe Ratio": _ratio(annual - free, volatility),
        "Sortino Ratio": _ratio(annual - free, downside),
        "Calmar Ratio": _ratio(annual, worst),
        "Max. Drawdown [%]": -100.0 * worst,
        "# Trades": len(pnl),
        "Win Rate [%]": 100.0 * won,
        "Best Trade [%]": 100.0 * float(back.max()) if len(back) else math.nan,
        "Worst Trade [%]": 100.0 * float(back.min()) if len(back) else math.nan,
        "Avg. Trade [%]": 100.0 * (math.exp(float(np.log1p(back).mean())) - 1.0) if len(back) else math.nan,
        "Profit Factor": _ratio(gains, losses),
        "Expectancy [%]": 100.0 * float(back.mean()) if len(back) else math.nan,
        "SQN": math.sqrt(len(pnl)) * _ratio(float(pnl.mean()), _std(pnl)) if len(pnl) else math.nan,
        "Kelly Criterion": won - (1.0 - won) / (means[0] / -means[1]),
    }


CONVENTIONS: dict[str, Callable[[_Run], dict[str, Any]]] = {
    "quantstats": _quantstats,
    "vectorbt": _vectorbt,
    "lean": _lean,
    "backtesting.py": _backtesting,
}
