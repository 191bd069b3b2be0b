"""`btserver` with the real engine, whose workers may use 400 MiB."""

import os
import sys

from btserver.cli import main

os.environ["BTSERVER_MAX_MEMORY"] = "400"

if __name__ == "__main__":
    sys.exit(main())
