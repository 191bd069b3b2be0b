"""How random tests draw: the same cases on every run, unless BTCORE_RANDOM=1 asks for new ones."""

import os

from hypothesis import settings

# No deadline: the time of one case says more of the machine than of the code.
settings.register_profile("btcore", deadline=None, derandomize=os.environ.get("BTCORE_RANDOM") != "1")
settings.load_profile("btcore")
