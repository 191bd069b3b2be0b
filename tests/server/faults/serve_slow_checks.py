"""`btserver` with the fake engine, whose check of a request waits for the file STORE.gate."""

import sys
import time
from pathlib import Path
from typing import Any

import fake_engine

from btserver.cli import main

STORE = sys.argv[sys.argv.index("--store") + 1]
check = fake_engine.check_request


def slow(*arguments: Any) -> None:
    Path(f"{STORE}.checking").touch()
    while not Path(f"{STORE}.gate").exists():
        time.sleep(0.005)
    check(*arguments)


fake_engine.check_request = slow

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
