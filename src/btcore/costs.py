"""Commission and slippage as settings: of a run in `Execution`, of one instrument in `Instrument`."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from .errors import ConfigError
from .names import Settings
from .validation import check_finite

Bps = Annotated[float, Meta(ge=-10_000, le=10_000)]
NonNegative = Annotated[float, Meta(ge=0)]
SlippageBps = Annotated[float, Meta(ge=0, le=10_000)]
SlippageShare = Annotated[float, Meta(ge=0, le=100)]


class CommissionTier(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Commission rates that apply once enough has been traded in a calendar month (UTC).

    notional: money traded so far in the month, in the run's currency.
    maker_bps, taker_bps: commission of a fill in bps of its notional; negative is a rebate.
    """

    notional: Annotated[float, Meta(gt=0)]
    maker_bps: Bps
    taker_bps: Bps

    def __post_init__(self) -> None:
        check_finite(self)


class Commission(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The commission of one instrument, in place of all commission settings of Execution.

    bps: of a fill, in bps of its notional; negative is a rebate.
    maker_bps, taker_bps: replace bps for fills of that kind; null for bps.
    per_share: money per unit, in the run's currency, added to the bps.
    per_order: money for each order, in the run's currency, charged with its first fill.
    minimum, maximum: limits of a fill's commission, in the run's currency; null for none.
    maximum_bps: largest commission of a fill in bps of its notional, also where it is below minimum; null for
        none.
    round_to: the commission of a fill is rounded to a multiple of it, such as 0.01; 0 for none.
    """

    bps: Bps = 0.0
    maker_bps: Bps | None = None
    taker_bps: Bps | None = None
    per_share: float = 0.0
    per_order: NonNegative = 0.0
    minimum: NonNegative | None = None
    maximum: NonNegative | None = None
    maximum_bps: NonNegative | None = None
    round_to: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_finite(self)
        check_limits("minimum", self.minimum, "maximum", self.maximum)


class Slippage(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The slippage of one instrument, in place of all slippage settings of Execution.

    bps: how much worse the price of a taker's fill is, in bps of the price.
    ticks: how much worse, in ticks of the instrument; added to the others.
    volume: how much worse, as a fraction of the price, for r = 1; grows with r squared, where r is the fill's
        share of the size shown.
    sqrt: likewise, but grows with the square root of r.
    entry_bps: how much worse, in bps of the price, for what opens or raises a position.
    """

    bps: SlippageBps = 0.0
    ticks: SlippageBps = 0.0
    volume: SlippageShare = 0.0
    sqrt: SlippageShare = 0.0
    entry_bps: SlippageBps = 0.0

    def __post_init__(self) -> None:
        check_finite(self)


class CostModel(NamedTuple):
    """Your own functions for the costs and the sizes of fills, each in place of the settings of its kind.

    Each takes (price, quantity, side, liquidity, instrument): side is 1 for a buy and -1 for a sell,
    liquidity 0 for a maker's fill and 1 for a taker's, and instrument has tick_size, lot_size, multiplier and
    min_notional. It is a Python callable, or a Numba function made with `btcore.jit.cost_model`.

    commission: money of the fill in the run's currency; negative is a rebate. Tiers do not apply.
    slippage: the price at which a taker fills, where the market's is `price`; the order's limit bounds it.
    fill_size: the largest quantity that fills, where `quantity` is open and shown; rounded down to lots.

    A run stops with StrategyError if one raises, or returns what is no number, price or quantity. An order by
    weight reserves nothing for them.
    """

    commission: Callable[..., float] | None = None
    slippage: Callable[..., float] | None = None
    fill_size: Callable[..., float] | None = None

    def functions(self) -> dict[str, Any]:
        """Those that are given, by name."""
        return {name: each for name, each in self._asdict().items() if each is not None}


def check_limits(low_name: str, low: object, high_name: str, high: object) -> None:
    """ConfigError if the lower limit is above the upper one; other values are checked elsewhere."""
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        raise ConfigError(f"{low_name}: {low} is above {high_name} {high}")
