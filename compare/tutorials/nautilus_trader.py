"""Gives the bars of the page to NautilusTrader, which runs in a Python of its own."""

import json
import os
import subprocess
from functools import cache
from typing import Any

from ..elsewhere import ROOT

COMMAND = os.environ.get("COMPARE_NAUTILUS", ROOT / "build/compare-nautilus/bin/python")


@cache
def answer(rows: str) -> dict[str, Any]:
    command = [str(COMMAND), "-W", "ignore", "-m", "compare.tutorials.nautilus_side"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, input=rows)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def version() -> str:
    return str(answer("[]")["version"])


def played(page: dict[str, Any]) -> dict[str, float]:
    bars = page["bars"]
    columns = [column.tolist() for column in (bars.end, bars.open, bars.high, bars.low, bars.close)]
    found: dict[str, float] = answer(json.dumps(list(zip(*columns, strict=True))))["figures"]
    return found
