"""`btserver` with the fake engine, which pages of one origin may call."""

import os
import sys

from btserver.cli import main

os.environ["BTSERVER_CORS_ORIGINS"] = "https://app.example"

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
