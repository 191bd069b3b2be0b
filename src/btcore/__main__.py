"""`python -m btcore`: the command line."""

import sys

from btcore.cli.commands import main

sys.exit(main())
