"""The results of a run as the OpenAPI document describes them; the engine makes the rows themselves."""

from typing import Any, Literal

from msgspec import Struct, field

from btserver.schemas import RunId, Time

Number = float | None  # null where it is not defined
Side = Literal["buy", "sell"]


class EquityPoint(Struct, frozen=True, kw_only=True):
    """The account at one time."""

    timestamp: Time
    equity: float
    cash: float
    positions: float


class TradeRow(Struct, frozen=True, kw_only=True):
    """One execution."""

    timestamp: Time
    symbol: str
    side: Side
    quantity: float
    price: float
    commission: float
    order_id: int = 0
    liquidity: str = ""
    event: int = 0
    event_timestamp: Time | None = None
    rule: str = ""
    reference_price: Number = None
    slippage: Number = None
    improvement: Number = None
    size_seen: Number = None
    entry_latency: Number = None
    leg: str = ""
    tag: str = ""


class RoundTripRow(Struct, frozen=True, kw_only=True):
    """A position from its entry to its exit, first in, first out."""

    symbol: str = ""
    side: str = ""
    quantity: Number = None
    entry_timestamp: Time | None = None
    exit_timestamp: Time | None = None
    entry_price: Number = None
    exit_price: Number = None
    pnl: Number = None
    return_: Number = field(default=None, name="return")
    duration: int = 0
    mae: Number = None
    mfe: Number = None
    commission: Number = None
    entry_order_id: int = 0
    exit_order_id: int = 0
    entry_tag: str = ""
    exit_tag: str = ""


class ExposureRow(Struct, frozen=True, kw_only=True):
    """A position at one time, with the gross and net of all positions."""

    timestamp: Time
    symbol: str
    quantity: Number = None
    value: Number = None
    weight: Number = None
    gross: Number = None
    net: Number = None
    leg: str = ""


class OrderRow(Struct, frozen=True, kw_only=True):
    """An order with its last status."""

    order_id: int = 0
    symbol: str = ""
    side: Side = "buy"
    order_type: str = ""
    time_in_force: str = ""
    quantity: Number = None
    limit_price: Number = None
    stop_price: Number = None
    filled_quantity: Number = None
    average_price: Number = None
    status: str = ""
    reason: str = ""
    sent_at: Time | None = None
    arrived_at: Time | None = None
    closed_at: Time | None = None
    leaves_quantity: Number = None
    touch_price: Number = None
    trail: Number = None
    trail_by: str = ""
    limit_offset: Number = None
    expires_at: Time | None = None
    oco: int = 0
    parent: int = 0
    post_only: bool = False
    reduce_only: bool = False
    forced: bool = False
    tag: str = ""


class CashFlowRow(Struct, frozen=True, kw_only=True):
    """Money that moved without a trade."""

    timestamp: Time
    symbol: str
    kind: str
    amount: float


class OrderEventRow(Struct, frozen=True, kw_only=True):
    """What happened to an order besides its fills."""

    timestamp: Time
    order_id: int
    event: str
    reason: str
    value: Number


class BenchmarkPoint(Struct, frozen=True, kw_only=True):
    """The benchmark at one time, scaled to the initial capital."""

    timestamp: Time
    value: float


class IndicatorValue(Struct, frozen=True, kw_only=True):
    """A value of an indicator that the strategy asked for; an indicator such as `macd` has several fields."""

    timestamp: Time
    indicator: str
    symbol: str
    field: str
    value: Number


class Results(Struct, frozen=True, kw_only=True):
    """The results of a completed run."""

    run_id: RunId
    metrics_summary: dict[str, Any]
    equity_curve: list[EquityPoint]
    trades: list[TradeRow]
    exposures: list[ExposureRow]
    logs: list[str]
    orders: list[OrderRow]
    round_trips: list[RoundTripRow]
    cash_flows: list[CashFlowRow]
    order_events: list[OrderEventRow]
    benchmark_curve: list[BenchmarkPoint] = field(default_factory=list)
    indicators: list[IndicatorValue] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    bounds: dict[str, Any] | None = None
