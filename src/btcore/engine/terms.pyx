"""What a run's settings are to the laws."""

from libc.math cimport INFINITY

from btcore.model cimport Account, Instrument
from btcore.rules.commission cimport CommissionTerms
from btcore.rules.slippage cimport SlippageTerms


cdef CommissionTerms commission_terms(execution):
    """All but the tiers, whose memory is the caller's."""
    bps = execution.commission_bps
    return CommissionTerms(
        maker_bps=bps if execution.maker_bps is None else execution.maker_bps,
        taker_bps=bps if execution.taker_bps is None else execution.taker_bps,
        per_share=execution.commission_per_share,
        minimum=-INFINITY if execution.commission_min is None else execution.commission_min,
        maximum=INFINITY if execution.commission_max is None else execution.commission_max,
        tiers=NULL, n_tiers=0,
    )


cdef SlippageTerms slippage_terms(execution):
    return SlippageTerms(
        bps=execution.slippage_bps, ticks=execution.slippage_ticks, volume=execution.slippage_volume,
        root=execution.slippage_sqrt,
    )


cdef Instrument instrument_terms(instrument, execution):
    margin, maintenance = instrument.initial_margin, instrument.maintenance_margin
    return Instrument(
        tick_size=instrument.tick_size, lot_size=instrument.lot_size, multiplier=instrument.multiplier,
        min_notional=instrument.min_notional,
        margin_weight=1.0 if margin is None or execution.account == "cash" else execution.leverage * margin,
        maintenance=execution.maintenance_margin if maintenance is None else maintenance,
        borrow_rate=0.0, negative_prices=instrument.negative_prices,
    )


cdef void open_account(Account* account, execution, double initial_capital):
    """Its money; positions and instruments are the caller's."""
    cdef double taker = execution.commission_bps if execution.taker_bps is None else execution.taker_bps
    account.leverage = 1.0 if execution.account == "cash" else execution.leverage
    account.cost_rate = (execution.slippage_bps + max(0.0, taker)) / 10000.0
    account.cash = initial_capital
