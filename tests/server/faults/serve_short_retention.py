"""`btserver` with the fake engine, which deletes old runs ten times a second; BTSERVER_* say which."""

import sys
from pathlib import Path

from btserver.cli import main
from btserver.runs import retention

retention.SWEEP_SECONDS = 0.1
KEEP = Path(sys.argv[sys.argv.index("--store") + 1] + ".keep").read_text().split()

if __name__ == "__main__":
    sys.exit(main([*sys.argv[1:], *KEEP], engine="fake_engine"))
