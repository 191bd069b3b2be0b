"""Which metrics belong together, and which are percent, money, or depend on the length of a period."""

PERCENT = frozenset(
    {
        "total_return", "annual_return", "annual_volatility", "max_drawdown", "downside_risk",
        "value_at_risk_95", "conditional_value_at_risk_95", "win_rate", "exposure_time",
        "probabilistic_sharpe_ratio", "benchmark_return", "alpha", "tracking_error", "up_capture",
        "down_capture",
    }
)  # fmt: skip
MAIN = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "win_rate", "final_equity")
GROUPS: dict[str, tuple[str, ...]] = {
    "Performance": (
        "total_return", "annual_return", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "omega_ratio",
        "stability",
    ),
    "Money": (
        "initial_capital", "final_equity", "realized_pnl", "unrealized_pnl", "total_commission",
        "slippage_cost", "spread_cost", "net_interest", "borrow_fees", "funding", "dividends", "cash_in_lieu",
    ),
    "Risk": (
        "annual_volatility", "max_drawdown", "max_drawdown_duration_days", "downside_risk",
        "value_at_risk_95", "conditional_value_at_risk_95", "tail_ratio", "skew", "kurtosis",
        "probabilistic_sharpe_ratio", "minimum_track_record_length", "exposure_time",
        "turnover", "traded_notional", "fills_beyond_shown",
    ),
    "Benchmark": (
        "benchmark_return", "alpha", "beta", "correlation", "tracking_error", "information_ratio",
        "up_capture", "down_capture", "treynor_ratio",
    ),
    "Round trips": (
        "round_trips", "win_rate", "profit_factor", "expectancy", "average_win", "average_loss", "best_trade",
        "worst_trade", "average_duration_seconds", "longest_winning_streak", "longest_losing_streak",
    ),
    "Orders and convention": (
        "orders", "orders_filled", "orders_canceled", "orders_expired", "orders_rejected", "total_trades",
        "liquidations", "ambiguous_bars", "events", "period", "periods", "periods_per_year",
        "periods_per_year_from", "risk_free", "ddof",
    ),
}  # fmt: skip
IN_MONEY = frozenset(GROUPS["Money"]) | {
    "expectancy", "average_win", "average_loss", "best_trade", "worst_trade", "traded_notional",
}  # fmt: skip
PERIODIC = frozenset(
    {
        "annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "omega_ratio",
        "downside_risk", "value_at_risk_95", "conditional_value_at_risk_95", "tail_ratio", "skew", "kurtosis",
        "stability", "probabilistic_sharpe_ratio", "minimum_track_record_length", "alpha", "beta",
        "correlation", "tracking_error", "information_ratio", "up_capture", "down_capture", "treynor_ratio",
    }
)  # fmt: skip
