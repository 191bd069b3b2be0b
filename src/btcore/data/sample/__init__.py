"""The synthetic market: prices that depend on symbol, seed and time alone.

Begin with `market.SampleMarket`; `levels` generates days, minutes and ticks, `noise` the random numbers.
"""

from .market import SampleMarket, sample_bars, sample_quotes, sample_trades

__all__ = ["SampleMarket", "sample_bars", "sample_quotes", "sample_trades"]
