"""Which runs are in plain terms: all that `fast` knows how to play."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.model import DatedKind
from btcore.tape import Tape


def is_plain(tape: Tape, instruments: Sequence[Instrument], execution: Execution, dated: NDArray[Any]) -> bool:
    """One stream of one symbol, whose market orders fill whole, at once, at prices above zero, and nothing else
    moves money; the margin is such that only equity below zero ends the account."""
    terms = execution
    return (
        tape.n_symbols == 1
        and tape.n_streams == 1
        and not instruments[0].negative_prices
        and not (terms.maintenance_margin or instruments[0].maintenance_margin)
        and terms.position_mode == "netting"
        and terms.cost_basis == "average"
        and terms.off_step == "reject"
        and not terms.commission_tiers
        and terms.volume_share is None
        and not terms.displayed_size
        and not (terms.latency_jitter_ms or terms.response_jitter_ms)
        and bool(np.all(dated["kind"] == DatedKind.SESSION_END))  # latencies, rates, splits and the like are dated
    )
