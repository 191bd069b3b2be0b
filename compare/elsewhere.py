"""A package that plays the small cases in an environment of its own, below build/."""

import json
import os
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .small_cases import Case

ROOT = Path(__file__).parents[1]


class Elsewhere:
    """`module` prints `version`, and `cases`: by name `fills`, rows of order, signed size and price."""

    def __init__(self, name: str, module: str) -> None:
        """The environment is build/compare-NAME, or the Python that the variable COMPARE_NAME names."""
        given = os.environ.get(f"COMPARE_{name.upper()}", ROOT / f"build/compare-{name}/bin/python")
        self.command = [str(given), "-m", module]

    @cached_property
    def answer(self) -> dict[str, Any]:
        done = subprocess.run(self.command, cwd=ROOT, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def version(self) -> str:
        return str(self.answer["version"])

    def fills(self, case: Case) -> NDArray[np.float64]:
        return np.array(self.answer["cases"][case.name]["fills"], np.float64).reshape(-1, 3)

    def equity(self, case: Case) -> float:
        """At the last row, where the module gives it."""
        return float(self.answer["cases"][case.name]["equity"])
