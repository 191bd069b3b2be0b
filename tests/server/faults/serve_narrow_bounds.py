"""`btserver` with the fake engine and narrow bounds of a run."""

import os
import sys

from btserver.cli import main
from btserver.runs import limits

limits.SILENCE_SECONDS = 2.5
os.environ |= {"BTSERVER_MAX_ROWS": "1000", "BTSERVER_MAX_MEMORY": "1024", "BTSERVER_MAX_SECONDS": "4"}

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
