"""`btserver` with the fake engine, whose writes fail while the file STORE.full exists."""

import sys
from pathlib import Path
from typing import Any

import lmdb

from btserver.cli import main
from btserver.runs import slot
from btserver.store import writer

FULL = Path(sys.argv[sys.argv.index("--store") + 1] + ".full")
attempt = writer.Writer._attempt
slot.RETRY_SECONDS = 0.1


def fail(self: writer.Writer, *arguments: Any) -> Any:
    if FULL.exists():
        raise lmdb.DiskError("mdb_txn_commit: No space left on device")
    return attempt(self, *arguments)


writer.Writer._attempt = fail

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
