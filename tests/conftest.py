"""Settings of random tests: the same cases on every run, new ones with BTCORE_RANDOM=1."""

import os

from hypothesis import settings

# No deadline: the time of one case depends on the machine.
settings.register_profile("btcore", deadline=None, derandomize=os.environ.get("BTCORE_RANDOM") != "1")
settings.load_profile("btcore")
