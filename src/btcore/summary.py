"""The numbers of a run, by name. docs/metrics.md has the formula of each."""

from math import isfinite

import numpy as np

from . import metrics
from .model import NoteKind
from .periods import session_returns
from .round_trips import match_fills
from .tables import Journal, Table
from .words import FLOWS, STATUSES

Value = float | int | str | None
Metrics = dict[str, Value]

GRIDS = (("hour", 3600 * 10**9), ("minute", 60 * 10**9), ("second", 10**9))


def _sum(column: Table) -> float:
    """In order of the rows, unlike numpy's own sum."""
    return float(np.cumsum(column)[-1]) if len(column) else 0.0


def _mean(column: Table) -> float | None:
    return _sum(column) / len(column) if len(column) else None


def _defined(value: float) -> float | None:
    return value if isfinite(value) else None


def _percent(value: float) -> float | None:
    return _defined(100.0 * value)


def show(value: Value) -> str:
    """A metric as a reader wants it."""
    if value is None:
        return "n/a"
    return f"{value:z,.2f}" if isinstance(value, float) else str(value)


def period_returns(curve: Table, timezone: str, closes: Table | None = None) -> tuple[str, Table]:
    """Returns by local day, or by session where `closes` are given.

    With fewer than two of them by hour, minute or second, or else of the points.
    """
    timestamp, equity = np.ascontiguousarray(curve["timestamp"]), np.ascontiguousarray(curve["equity"])
    if closes is None:
        period, returns = "day", metrics.daily_returns(timestamp, equity, timezone)
    else:
        period, returns = "session", session_returns(timestamp, equity, closes)
    if len(returns) >= 2:
        return period, returns
    for period, interval in GRIDS:
        returns = metrics.interval_returns(timestamp, equity, interval)
        if len(returns) >= 2:
            return period, returns
    return "point", metrics.returns(equity)


def _performance(journal: Journal, timezone: str, periods_per_year: int, risk_free: float) -> Metrics:
    curve = journal.equity
    period, r = period_returns(curve, timezone, journal.closes)
    daily = period in ("day", "session")
    year = periods_per_year if daily else 1
    first, last = float(curve["equity"][0]), float(curve["equity"][-1])
    span = metrics.max_drawdown_duration(curve["timestamp"], curve["equity"])
    return {
        "total_return": _percent(last / first - 1.0),
        "annual_return": _percent(metrics.annual_return(r, year)) if daily else None,
        "annual_volatility": _percent(metrics.annual_volatility(r, year)) if daily else None,
        "sharpe_ratio": _defined(metrics.sharpe_ratio(r, risk_free, year)),
        "sortino_ratio": _defined(metrics.sortino_ratio(r, risk_free, year)),
        "calmar_ratio": _defined(metrics.calmar_ratio(r, year)) if daily else None,
        "omega_ratio": _defined(metrics.omega_ratio(r, risk_free, 0.0, year)),
        "max_drawdown": _percent(metrics.max_drawdown(curve["equity"])),
        "max_drawdown_duration_days": span / metrics.DAY_NS,
        "downside_risk": _percent(metrics.downside_risk(r, risk_free, year)),
        "value_at_risk_95": _percent(metrics.value_at_risk(r)),
        "conditional_value_at_risk_95": _percent(metrics.conditional_value_at_risk(r)),
        "tail_ratio": _defined(metrics.tail_ratio(r)),
        "skew": _defined(metrics.skew(r)),
        "kurtosis": _defined(metrics.kurtosis(r)),
        "stability": _defined(metrics.stability(r)),
        "period": period,
        "periods": len(r),
        "periods_per_year": year,
        "risk_free": risk_free,
        "ddof": 1,
    }


def _trading(trips: Table) -> Metrics:
    pnl = trips["pnl"]
    wins, losses = pnl[pnl > 0.0], pnl[pnl < 0.0]
    held = _mean((trips["exit_ts"] - trips["entry_ts"]) / 1e9)
    return {
        "round_trips": len(pnl),
        "win_rate": 100.0 * len(wins) / len(pnl) if len(pnl) else None,
        "profit_factor": -_sum(wins) / _sum(losses) if len(losses) else None,
        "expectancy": _mean(pnl),
        "average_win": _mean(wins),
        "average_loss": _mean(losses),
        "best_trade": float(pnl.max()) if len(pnl) else None,
        "worst_trade": float(pnl.min()) if len(pnl) else None,
        "average_duration_seconds": held,
    }


def _activity(journal: Journal, trips: Table, lots: Table) -> Metrics:
    curve, fills = journal.equity, journal.fills
    start, end = int(curve["timestamp"][0]), int(curve["timestamp"][-1])
    entries = np.concatenate([trips["entry_ts"], lots["entry_ts"]])
    exits = np.concatenate([trips["exit_ts"], np.full(len(lots), end)])
    traded = _sum(fills["last_qty"] * np.abs(fills["last_px"]) * fills["point_value"])
    ended = dict(zip(STATUSES, np.bincount(journal.orders["status"], minlength=6).tolist(), strict=True))
    return {
        "total_trades": len(fills),
        "traded_notional": traded,
        "turnover": _defined(metrics.turnover(traded, curve["equity"])),
        "exposure_time": _percent(metrics.exposure_time(entries, exits, start, end)),
        "orders": len(journal.orders),
        "orders_filled": ended["filled"],
        "orders_canceled": ended["canceled"],
        "orders_expired": ended["expired"],
        "orders_rejected": ended["rejected"],
        "liquidations": int(np.count_nonzero(journal.notes["kind"] == NoteKind.LIQUIDATED)),
        "ambiguous_bars": int(journal.ambiguous_bars),
        "events": int(journal.events),
    }


def _money(journal: Journal) -> Metrics:
    """Where the equity came from."""
    curve, flows, positions = journal.equity, journal.cash_flows, journal.positions
    held = positions[positions["qty"] != 0.0]
    flowed = {kind: _sum(flows["amount"][flows["kind"] == code]) for code, kind in enumerate(FLOWS)}
    return {
        "initial_capital": float(curve["equity"][0]),
        "final_equity": float(curve["equity"][-1]),
        "realized_pnl": _sum(positions["realized_pnl"]),
        "unrealized_pnl": _sum((held["mark"] * held["point_value"] - held["avg_cost"]) * held["qty"]),
        "total_commission": _sum(journal.fills["commission"]),
        "net_interest": flowed["interest"],
        "borrow_fees": 0.0 - flowed["borrow_fee"],
        "funding": flowed["funding"],
        "dividends": flowed["dividend"],
        "cash_in_lieu": flowed["cash_in_lieu"],
    }


def summarize(
    journal: Journal,
    *,
    timezone: str = "UTC",
    periods_per_year: int = 252,
    risk_free: float = 0.0,
    matched: tuple[Table, Table] | None = None,
) -> Metrics:
    """Every metric of a run; None where it is undefined.

    `risk_free` is a return per period; `matched` is what `match_fills` gave, if it has been called already.
    """
    trips, lots = match_fills(journal.fills, journal.restatements) if matched is None else matched
    return (
        _performance(journal, timezone, periods_per_year, risk_free)
        | _trading(trips)
        | _activity(journal, trips, lots)
        | _money(journal)
    )
