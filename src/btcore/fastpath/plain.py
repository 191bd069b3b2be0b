"""Which runs are in plain terms: all that `fast` knows how to play."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.feed.tape import Tape
from btcore.model import DatedKind


def is_plain(tape: Tape, instruments: Sequence[Instrument], terms: Execution, dated: NDArray[Any]) -> bool:
    """One symbol's one stream, whose market orders fill whole and at once; nothing but fills moves money.

    Nor does the account end but by equity below zero, which is for the player to look out for.
    """
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
        and bool(np.all(dated["kind"] == DatedKind.SESSION_END))  # no latency, rate, split
    )
