"""`btserver` with the fake engine; no worker can be started while the file STORE.refuse exists."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

from btserver.cli import main
from btserver.runs import process

REFUSE = Path(sys.argv[sys.argv.index("--store") + 1] + ".refuse")
start = process._popen


def refuse(*arguments: Any, **options: Any) -> Any:
    if REFUSE.exists():
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return start(*arguments, **options)


process._popen = refuse

if __name__ == "__main__":
    sys.exit(main(engine="fake_engine"))
