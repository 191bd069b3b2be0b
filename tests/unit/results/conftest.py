"""A result of random records."""

import pytest
from bookkeeper import DAY, START, random_journal, records
from example_result import MANIFEST, prices_of

from btcore.model import CASH_FLOW_DTYPE, NOTE_DTYPE
from btcore.results.result import Result


@pytest.fixture
def example():
    journal = random_journal(5)
    journal.orders["ts_arrived"][3] = -1
    journal.orders["ts_expires"][4:9] = START + DAY
    journal.cash_flows = records(
        CASH_FLOW_DTYPE,
        [
            {"ts": START + DAY, "symbol": -1, "amount": -1.5},
            {"ts": START + 2 * DAY, "symbol": 1, "kind": 3, "amount": 7.0},
        ],
    )
    journal.notes = records(
        NOTE_DTYPE,
        [
            {"ts": START + 2 * DAY, "order_id": 4, "kind": 1, "reason": 8},
            {"ts": START + DAY, "order_id": 3, "kind": 0, "value": 5.0},
        ],
    )
    return Result.from_journal(
        journal,
        manifest=MANIFEST,
        fingerprint="sha256:0",
        prices=prices_of,
    )
