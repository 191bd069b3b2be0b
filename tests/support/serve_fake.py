"""`btserver` with the fake engine."""

import sys

from btserver.cli import main

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
