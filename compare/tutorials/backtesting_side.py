"""backtesting.py runs `SmaCross` of its quick start."""

import warnings
from importlib.metadata import version as version_of
from typing import Any

from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA


class SmaCross(Strategy):  # type: ignore[misc]
    n1 = 10
    n2 = 20
    units = 0

    def init(self) -> None:
        self.sma1 = self.I(SMA, self.data.Close, self.n1)
        self.sma2 = self.I(SMA, self.data.Close, self.n2)

    def next(self) -> None:
        size = {"size": self.units} if self.units else {}
        if crossover(self.sma1, self.sma2):
            self.position.close()
            self.buy(**size)
        elif crossover(self.sma2, self.sma1):
            self.position.close()
            self.sell(**size)


def version() -> str:
    return version_of("backtesting")


def run(data: Any, cash: float, units: int = 0) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the trade that is open at the end
        return Backtest(data, SmaCross, cash=cash, commission=0.002).run(units=units)


def played(page: dict[str, Any]) -> dict[str, float]:
    frame = page["bars"].to_pandas().rename(columns=str.title).tz_localize(None)
    found: dict[str, float] = {}
    for suffix, data in (("", frame), (", GOOG", GOOG)):
        shares, equity = run(data, 100_000, 100), run(data, 10_000)
        for name in ("Equity Final [$]", "# Trades", "Sharpe Ratio", "Max. Drawdown [%]"):
            found[f"{name}, 100 shares{suffix}"] = float(shares[name])
            found[f"{name}, all of equity{suffix}"] = float(equity[name])
        found[f"Equity Final [$], sized at the open{suffix}"] = float(equity["Equity Final [$]"])
    return found
