"""`btserver` with the fake engine and deadlines of half a second."""

import sys

from btserver import cli
from btserver.api import limits, websocket, websocket_protocol

limits.REQUEST_SECONDS = 0.5
websocket_protocol.LINGER_SECONDS = 0.5
websocket.SEND_SECONDS = 0.5

if __name__ == "__main__":
    sys.exit(cli.main(engine="fake_engine"))
