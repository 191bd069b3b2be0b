"""`btserver` with the fake engine and a clock that is off by the nanoseconds in the file STEP."""

import os
import sys
import time
from pathlib import Path

from btserver.cli import main

real_time_ns = time.time_ns


def time_ns() -> int:
    return real_time_ns() + int(Path(os.environ["STEP"]).read_text())


time.time_ns = time_ns
time.time = lambda: time_ns() / 1e9

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
