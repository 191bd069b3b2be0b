"""`btserver` with the engine for tests and deadlines of half a second."""

import sys

from btserver import cli, protocols, streams

protocols.REQUEST_SECONDS = 0.5
protocols.LINGER_SECONDS = 0.5
streams.SEND_SECONDS = 0.5

if __name__ == "__main__":
    sys.exit(cli.main(engine="fake_engine"))
