"""`python -m btcore`: the command line."""

import sys

from btcore.cli import main

sys.exit(main())
