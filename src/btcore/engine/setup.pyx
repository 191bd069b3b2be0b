"""Converts the settings of a run, its account and its instruments to the C structs of the engine."""

from libc.math cimport INFINITY, NAN
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.string cimport memcpy

from btcore.engine.cost_calls cimport COMMISSION, SLIPPAGE
from btcore.engine.state cimport Exchange
from btcore.memory cimport zeroed
from btcore.model cimport (
    Account, Instrument, MARK_PX, NEVER, OPTIMISTIC, PATH, PESSIMISTIC, Position,
    RESPONSE_LATENCY,
)
from btcore.rules.accounting cimport Lots
from btcore.rules.commission cimport CommissionTerms, Tier
from btcore.rules.latency cimport ENTRY, LatencyTerms, RESPONSE
from btcore.rules.slippage cimport SlippageTerms
from btcore.config import commission_of, slippage_of
from btcore.times.intervals import interval_ns

_INTRABAR = {"pessimistic": PESSIMISTIC, "optimistic": OPTIMISTIC, "path": PATH, "bounds": PESSIMISTIC}


cdef CommissionTerms commission_terms(instrument, execution):
    """The commission terms of the instrument, without the tiers of the run, which the caller sets."""
    own = commission_of(instrument, execution)
    return CommissionTerms(
        maker_bps=first_of((instrument.maker_bps, own.maker_bps, own.bps)),
        taker_bps=first_of((instrument.taker_bps, own.taker_bps, own.bps)),
        per_share=own.per_share, per_order=own.per_order,
        minimum=first_of((own.minimum, -INFINITY)), maximum=first_of((own.maximum, INFINITY)),
        maximum_bps=first_of((own.maximum_bps, INFINITY)), round_to=own.round_to,
        tiers=NULL, n_tiers=0,
        own_maker=instrument.commission is not None or instrument.maker_bps is not None,
        own_taker=instrument.commission is not None or instrument.taker_bps is not None,
    )


cdef object first_of(tuple values):
    """The first that is not None."""
    for value in values:
        if value is not None:
            return value


cdef SlippageTerms slippage_terms(instrument, execution):
    """The slippage terms of the instrument."""
    own = slippage_of(instrument, execution)
    return SlippageTerms(bps=own.bps, ticks=own.ticks, volume=own.volume, root=own.sqrt, entry_bps=own.entry_bps)


cdef double cost_rate(instrument, execution, bint own_commission=False, bint own_slippage=False):
    """A taker's costs in bps that an order by weight reserves, as a share of notional.

    (1 + slippage) * (1 + commission) - 1: the commission is charged on the price after slippage. What a user's model
    gives in place of a setting is not known beforehand, and not reserved.
    """
    cdef SlippageTerms slippage = slippage_terms(instrument, execution)
    cdef double worse = 0.0 if own_slippage else slippage.bps + slippage.entry_bps
    cdef double taker = 0.0 if own_commission else max(0.0, commission_terms(instrument, execution).taker_bps)
    return (worse + taker) / 10000.0 + worse * taker / 1e8


cdef Instrument instrument_terms(instrument, execution):
    """The instrument as the engine's struct. Its borrow rate is 0 until a scheduled event sets it."""
    margin, maintenance = instrument.initial_margin, instrument.maintenance_margin
    return Instrument(
        tick_size=instrument.tick_size, lot_size=instrument.lot_size, multiplier=instrument.multiplier,
        min_notional=instrument.min_notional,
        margin_weight=1.0 if margin is None or execution.account == "cash" else execution.leverage * margin,
        maintenance=execution.maintenance_margin if maintenance is None else maintenance,
        borrow_rate=0.0, cost_rate=cost_rate(instrument, execution), negative_prices=instrument.negative_prices,
        unlevered=execution.account == "margin" and execution.leverage <= 1.0 and margin is None,
    )


cdef void open_account(Account* account, execution, double initial_capital):
    """Sets cash and leverage. The caller allocates positions and instruments."""
    account.leverage = 1.0 if execution.account == "cash" else execution.leverage
    account.cash = initial_capital


cdef void set_jitter(LatencyTerms* latency, int8_t direction, double jitter_ms, execution):
    """Sets the terms of one direction but its base latency, which scheduled events set."""
    latency.jitter = round(jitter_ms * 1e6)
    latency.seed = execution.seed
    latency.direction = direction
    latency.exponential = execution.jitter == "exponential"


cdef set_terms(Exchange* ex, execution, scheduled):
    """Sets the execution settings but base latencies and interest rates, which scheduled events set."""
    terms = &ex.terms
    terms.tiers = <Tier*> zeroed(len(execution.commission_tiers), sizeof(Tier))
    for tier in execution.commission_tiers:
        terms.tiers[terms.n_tiers] = Tier(
            notional=tier.notional, maker_bps=tier.maker_bps, taker_bps=tier.taker_bps
        )
        terms.n_tiers += 1
    set_jitter(&terms.entry, ENTRY, execution.latency_jitter_ms, execution)
    set_jitter(&ex.blotter.in_flight.response, RESPONSE, execution.response_jitter_ms, execution)
    responses = scheduled["value"][scheduled["kind"] == RESPONSE_LATENCY]
    ex.blotter.in_flight.delayed = execution.response_jitter_ms > 0 or bool((responses > 0).any())
    terms.volume_share = NAN if execution.volume_share is None else execution.volume_share
    terms.displayed_size = execution.caps_size
    terms.max_quote_age = NEVER if execution.max_quote_age is None else interval_ns(execution.max_quote_age)
    ex.has_marks = bool((scheduled["kind"] == MARK_PX).any())
    terms.oco_across = execution.oco_across
    terms.resting_on_bars = execution.resting_on == "bars"
    terms.fill_at_close = execution.bar_fill == "close"
    terms.close_at_end = execution.close_at_end
    terms.max_order = first_of((execution.max_order, INFINITY))
    terms.max_position = first_of((execution.max_position, INFINITY))
    terms.max_open = first_of((execution.max_open_orders, NEVER))
    terms.max_rate = first_of((execution.max_orders_per_second, 0))
    ex.arrivals = <int64_t*> zeroed(terms.max_rate, sizeof(int64_t))
    terms.print_through = execution.limit_fill != "touch"
    terms.through = execution.limit_fill == "through"
    terms.intrabar = _INTRABAR[execution.intrabar]
    terms.is_cash = execution.account == "cash"
    terms.snap_to_steps = execution.off_step == "snap"


cdef set_account(Exchange* ex, int64_t n_symbols, instruments, execution, double initial_capital):
    """Sets up positions, legs, lots and instruments. To be called after `set_terms`."""
    cdef int32_t i
    account = &ex.account
    hedging = execution.position_mode == "hedging"
    open_account(account, execution, initial_capital)
    account.instruments = ex.instruments
    account.n_symbols = n_symbols
    ex.journal.lowest_cash = initial_capital
    ex.terms.least_equity = -INFINITY if execution.max_loss is None else initial_capital - execution.max_loss
    if hedging:
        account.legs = <Position*> zeroed(2 * n_symbols, sizeof(Position))
    if execution.cost_basis == "fifo":
        ex.n_lots = 2 * n_symbols if hedging else n_symbols
        ex.lots = <Lots*> zeroed(ex.n_lots, sizeof(Lots))
    for i, instrument in enumerate(instruments):
        ex.instruments[i] = instrument_terms(instrument, execution)
        ex.instruments[i].cost_rate = cost_rate(
            instrument, execution, ex.models.given[COMMISSION], ex.models.given[SLIPPAGE]
        )
        ex.costs[i].commission = commission_terms(instrument, execution)
        ex.costs[i].commission.tiers, ex.costs[i].commission.n_tiers = ex.terms.tiers, ex.terms.n_tiers
        ex.costs[i].slippage = slippage_terms(instrument, execution)
        ex.trading[i].lower, ex.trading[i].upper = -INFINITY, INFINITY
        if ex.instruments[i].maintenance > 0.0 or instrument.negative_prices:
            ex.terms.margin_may_fail = True
        account.positions[i].symbol = i
        account.positions[i].point_value = instrument.multiplier
        if hedging:
            account.legs[2 * i] = account.legs[2 * i + 1] = account.positions[i]
            account.legs[2 * i].leg = 1
            account.legs[2 * i + 1].leg = -1
    if ex.blotter.in_flight.delayed:
        open_known_account(ex, n_symbols)


cdef open_known_account(Exchange* ex, int64_t n_symbols):
    """With response latency the strategy sees a delayed copy of the account. It starts equal to the account."""
    known, account = &ex.known, &ex.account
    known[0] = account[0]
    known.positions = <Position*> zeroed(n_symbols, sizeof(Position))
    memcpy(known.positions, account.positions, n_symbols * sizeof(Position))
    if account.legs != NULL:
        known.legs = <Position*> zeroed(2 * n_symbols, sizeof(Position))
        memcpy(known.legs, account.legs, 2 * n_symbols * sizeof(Position))
