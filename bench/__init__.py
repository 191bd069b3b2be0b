"""Benchmarks of every published speed; README.md explains them."""

import os
from pathlib import Path

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / "build" / "bench" / "numba"))
