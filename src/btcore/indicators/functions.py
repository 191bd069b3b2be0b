"""The indicators over arrays: one function each. docs/indicators.md has the formulas and their sources.

Columns are arrays, lists, or Series of pandas and polars, of shape (rows,) or (rows, series); results are
float64 of that shape. A value at a row depends on that row and those before it alone. It is NaN where there
are not enough rows. Inputs may begin with NaN, as results of other indicators do; DataError for a NaN after
the first number, and for infinity. ConfigError for an invalid parameter, TypeError for an unknown one.
"""

# mypy: disable-error-code="no-any-return"

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from numpy.typing import NDArray

from btcore.data.containers import Bars

from .columns import compute, compute_of_bars
from .parameters import unknown
from .table import INDICATORS, Adx, Bands, Floats, Macd, Regression, Stochastic, Supertrend

Values = NDArray[Any] | Sequence[float] | Any  # a Series of pandas or polars too
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _checked(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """The function, with an error that names the near parameter for one that it does not have."""

    code = function.__code__
    known = code.co_varnames[: code.co_argcount]

    @wraps(function)
    def call(*args: _P.args, **named: _P.kwargs) -> _T:
        for name in named:
            if name not in known:
                raise TypeError(unknown(code.co_name, name, known))
        return function(*args, **named)

    return call


def _with_calls(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """The function, whose docstring says how it is called: with Bars, or with columns."""
    described = INDICATORS[function.__name__]
    parameters = [f"{each.name}={each.default:g}" for each in described.parameters]
    if "session" in described.inputs:
        ways = ["bars, *, timezone=None, calendar=None", ", ".join(described.inputs)]
    else:
        ways = [", ".join([*inputs, *parameters]) for inputs in (["bars"], described.inputs)]
    calls = " or ".join(f"{described.name}({way})" for way in ways)
    function.__doc__ = f"{(function.__doc__ or '').rstrip()}\n\n    Called as {calls}.\n    "
    return function


@_checked
def sma(values: Values, period: int) -> Floats:
    """Simple moving average: the mean of the last `period` values."""
    return compute("sma", (values,), (period,), {})


@_checked
def ema(values: Values, period: int) -> Floats:
    """Exponential moving average with share 2 / (period + 1), from the mean of the first `period` on."""
    return compute("ema", (values,), (period,), {})


@_checked
def wma(values: Values, period: int) -> Floats:
    """Weighted moving average: weight 1 for the oldest of `period` values, `period` for the newest."""
    return compute("wma", (values,), (period,), {})


@_checked
def dema(values: Values, period: int) -> Floats:
    """Double exponential moving average of Mulloy: `2 * ema - ema(ema)`."""
    return compute("dema", (values,), (period,), {})


@_checked
def tema(values: Values, period: int) -> Floats:
    """Triple exponential moving average of Mulloy: `3 * ema - 3 * ema(ema) + ema(ema(ema))`."""
    return compute("tema", (values,), (period,), {})


@_checked
def kama(values: Values, period: int = 10, fast: int = 2, slow: int = 30) -> Floats:
    """Adaptive moving average of Kaufman: the straighter the last `period` changes, the faster it is.

    `fast` and `slow` are the periods of exponential averages, between whose shares its own lies.
    """
    return compute("kama", (values,), (period, fast, slow), {})


@_checked
def rsi(values: Values, period: int = 14) -> Floats:
    """Relative strength index of Wilder, 0 to 100; 0 if no price has changed."""
    return compute("rsi", (values,), (period,), {})


@_checked
def macd(values: Values, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence divergence: `line`, its EMA `signal`, and their difference `histogram`."""
    return compute("macd", (values,), (fast, slow, signal), {})


@_checked
def bollinger(values: Values, period: int = 20, deviations: float = 2.0) -> Bands:
    """Bollinger bands: the mean, and that many standard deviations (ddof 0) above and below."""
    return compute("bollinger", (values,), (period, deviations), {})


@_checked
def zscore(values: Values, period: int = 20) -> Floats:
    """The value less the mean of the last `period`, in standard deviations (ddof 0); 0 if these are 0."""
    return compute("zscore", (values,), (period,), {})


@_checked
def linear_regression(values: Values, period: int = 14) -> Regression:
    """The least-squares line through the last `period` values: `value` at the newest row, `slope` per row."""
    return compute("linear_regression", (values,), (period,), {})


@_checked
def rolling_min(values: Values, period: int) -> Floats:
    """The smallest of the last `period` values."""
    return compute("rolling_min", (values,), (period,), {})


@_checked
def rolling_max(values: Values, period: int) -> Floats:
    """The largest of the last `period` values."""
    return compute("rolling_max", (values,), (period,), {})


@_checked
def rolling_std(values: Values, period: int) -> Floats:
    """The standard deviation (ddof 0) of the last `period` values."""
    return compute("rolling_std", (values,), (period,), {})


@_checked
def correlation(x: Values, y: Values, period: int) -> Floats:
    """Pearson's coefficient of the last `period` pairs; 0 if either column does not vary."""
    return compute("correlation", (x, y), (period,), {})


@_checked
def beta(asset: Values, benchmark: Values, period: int) -> Floats:
    """Beta of the last `period` simple returns: their covariance over the variance of the benchmark's."""
    return compute("beta", (asset, benchmark), (period,), {})


@overload
def atr(bars: Bars, period: int = 14) -> Floats: ...
@overload
def atr(high: Values, low: Values, close: Values, period: int = 14) -> Floats: ...
@_with_calls
def atr(*given: Any, **named: Any) -> Floats:
    """Average true range of Wilder. The first bar, which has no close before it, does not count."""
    return compute_of_bars("atr", given, named)


@overload
def adx(bars: Bars, period: int = 14) -> Adx: ...
@overload
def adx(high: Values, low: Values, close: Values, period: int = 14) -> Adx: ...
@_with_calls
def adx(*given: Any, **named: Any) -> Adx:
    """Average directional index of Wilder, with +DI and -DI: `adx`, `plus_di`, `minus_di`, 0 to 100."""
    return compute_of_bars("adx", given, named)


@overload
def stochastic(bars: Bars, period: int = 14, smooth_k: int = 3, smooth_d: int = 3) -> Stochastic: ...
@overload
def stochastic(
    high: Values, low: Values, close: Values, period: int = 14, smooth_k: int = 3, smooth_d: int = 3
) -> Stochastic: ...
@_with_calls
def stochastic(*given: Any, **named: Any) -> Stochastic:
    """Slow stochastic of Lane, 0 to 100: `k`, where the close is in the range of the bars, and its mean `d`.

    Both are simple means, of `smooth_k` and `smooth_d` values.
    """
    return compute_of_bars("stochastic", given, named)


@overload
def cci(bars: Bars, period: int = 14) -> Floats: ...
@overload
def cci(high: Values, low: Values, close: Values, period: int = 14) -> Floats: ...
@_with_calls
def cci(*given: Any, **named: Any) -> Floats:
    """Commodity channel index of Lambert, of the typical price (high + low + close) / 3."""
    return compute_of_bars("cci", given, named)


@overload
def mfi(bars: Bars, period: int = 14) -> Floats: ...
@overload
def mfi(high: Values, low: Values, close: Values, volume: Values, period: int = 14) -> Floats: ...
@_with_calls
def mfi(*given: Any, **named: Any) -> Floats:
    """Money flow index, 0 to 100: the share of money that flowed in bars whose typical price rose."""
    return compute_of_bars("mfi", given, named)


@overload
def obv(bars: Bars) -> Floats: ...
@overload
def obv(close: Values, volume: Values) -> Floats: ...
@_with_calls
def obv(*given: Any, **named: Any) -> Floats:
    """On-balance volume: the first volume, then plus the volume of rises, minus that of falls."""
    return compute_of_bars("obv", given, named)


@overload
def donchian(bars: Bars, period: int = 20, offset: int = 0) -> Bands: ...
@overload
def donchian(high: Values, low: Values, period: int = 20, offset: int = 0) -> Bands: ...
@_with_calls
def donchian(*given: Any, **named: Any) -> Bands:
    """Donchian channel: the highest high and the lowest low of `period` bars, and their mean.

    The current bar is one of them; `offset=1` gives the channel as it was a bar ago, for breakouts.
    """
    return compute_of_bars("donchian", given, named)


@overload
def keltner(bars: Bars, period: int = 20, atr_period: int = 10, multiplier: float = 2.0) -> Bands: ...
@overload
def keltner(
    high: Values, low: Values, close: Values, period: int = 20, atr_period: int = 10, multiplier: float = 2.0
) -> Bands: ...
@_with_calls
def keltner(*given: Any, **named: Any) -> Bands:
    """Keltner channel: the EMA of the close, and `multiplier` average true ranges above and below."""
    return compute_of_bars("keltner", given, named)


@overload
def supertrend(bars: Bars, period: int = 10, multiplier: float = 3.0) -> Supertrend: ...
@overload
def supertrend(
    high: Values, low: Values, close: Values, period: int = 10, multiplier: float = 3.0
) -> Supertrend: ...
@_with_calls
def supertrend(*given: Any, **named: Any) -> Supertrend:
    """Supertrend: `value`, the band below (or above) the price, and `direction`, 1 up or -1 down."""
    return compute_of_bars("supertrend", given, named)


@overload
def vwap(bars: Bars, *, timezone: str | None = None, calendar: str | None = None) -> Floats: ...
@overload
def vwap(high: Values, low: Values, close: Values, volume: Values, session: Values) -> Floats: ...
@_with_calls
def vwap(*given: Any, **named: Any) -> Floats:
    """Volume-weighted average price since the start of the session, of the typical price; NaN without volume.

    `session` has a number for each row, and a session starts where it changes. Those of Bars are local days
    of `timezone` (None: that of the bars, else UTC), or the sessions of the exchange `calendar`.
    """
    return compute_of_bars("vwap", given, named)
