"""How much to order: quantities by risk and by volatility, and Kelly's fraction. Pure functions of numbers.

Quantities are rounded down to whole lots, if a lot size is given. ConfigError for a number that is not
finite, or not positive where it has to be.
"""

from math import inf, isfinite

from btcore.errors import ConfigError

from .rules.api import available

__all__ = ["by_stop", "by_volatility", "kelly", "kelly_of_returns"]


def by_stop(
    risk: float, entry: float, stop: float, *, multiplier: float = 1.0, lot_size: float = 0.0
) -> float:
    """The quantity that loses `risk`, in money, between entry and stop: risk / (|entry - stop| * multiplier).

    Costs and gaps beyond the stop come on top. Source: the percent risk model of Van Tharp, Trade Your Way to
    Financial Freedom (1998), chapter 12.
    """
    _require_positive("by_stop", risk=risk, multiplier=multiplier)
    _require_finite("by_stop", entry=entry, stop=stop)
    if entry == stop:
        raise ConfigError(
            f"sizing.by_stop: entry and stop are both {entry}; their distance is what is risked"
        )
    return _in_lots("by_stop", risk / (abs(entry - stop) * multiplier), lot_size)


def by_volatility(
    equity: float,
    target: float,
    volatility: float,
    price: float,
    *,
    multiplier: float = 1.0,
    lot_size: float = 0.0,
) -> float:
    """The quantity whose value has the volatility `target`.

    It is equity * target / volatility / (|price| * multiplier). `target` is a share of equity and
    `volatility` that of the instrument's returns, both of one length of time, such as a year. Source: Moreira
    and Muir, Volatility-Managed Portfolios, Journal of Finance 72 (2017), equation 1, with the deviation for
    the variance.
    """
    _require_positive(
        "by_volatility", equity=equity, target=target, volatility=volatility, multiplier=multiplier
    )
    _require_finite("by_volatility", price=price)
    if price == 0:
        raise ConfigError("sizing.by_volatility: price 0 has no quantity of that value")
    return _in_lots("by_volatility", equity * target / volatility / (abs(price) * multiplier), lot_size)


def kelly(win_rate: float, payoff: float) -> float:
    """The fraction of equity to risk that grows fastest: p - (1 - p) / b; negative for odds against it.

    `win_rate` p is from 0 to 1; `payoff` b is the mean win divided by the mean loss. Source: Kelly, A New
    Interpretation of Information Rate, Bell System Technical Journal 35 (1956).
    """
    _require_finite("kelly", win_rate=win_rate)
    if not 0.0 <= win_rate <= 1.0:
        raise ConfigError(f"sizing.kelly: win_rate {win_rate} is not between 0 and 1")
    _require_positive("kelly", payoff=payoff)
    return win_rate - (1.0 - win_rate) / payoff


def kelly_of_returns(mean: float, deviation: float) -> float:
    """The leverage that grows fastest: mean / deviation**2 of the excess returns of one period.

    Source: Thorp, The Kelly Criterion in Blackjack, Sports Betting and the Stock Market (2006), section 7.
    """
    _require_finite("kelly_of_returns", mean=mean)
    _require_positive("kelly_of_returns", deviation=deviation)
    return mean / deviation**2


def _in_lots(function: str, quantity: float, lot_size: float) -> float:
    _require_finite(function, lot_size=lot_size, quantity=quantity)
    if lot_size < 0:
        raise ConfigError(f"sizing.{function}: lot_size {lot_size} is below 0")
    return float(available(inf, quantity, lot_size))


def _require_finite(function: str, **numbers: float) -> None:
    for name, number in numbers.items():
        if not isinstance(number, int | float) or not isfinite(number):
            raise ConfigError(f"sizing.{function}: {name} {number!r} is not a finite number")


def _require_positive(function: str, **numbers: float) -> None:
    _require_finite(function, **numbers)
    for name, number in numbers.items():
        if number <= 0:
            raise ConfigError(f"sizing.{function}: {name} {number!r} is not above 0")
