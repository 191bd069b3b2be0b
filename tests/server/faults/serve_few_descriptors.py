"""`btserver` with the fake engine and 64 descriptors."""

import resource
import sys

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

from btserver.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
