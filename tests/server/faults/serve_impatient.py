"""`btserver` with the fake engine, which waits a second for a client that does not read."""

import sys

from btserver import cli
from btserver.api import limits, websocket

limits.WRITE_SECONDS = 1.0
websocket.SEND_SECONDS = 1.0

if __name__ == "__main__":
    sys.exit(cli.main(engine="fake_engine"))
