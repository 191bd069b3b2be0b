"""loop.c, compiled on first use with the flags of setup.py and called through ctypes."""

import ctypes
import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..data import BUILD
from ..peers.work import CAPITAL, FEE, MINUTE

FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno"]  # as in setup.py
SOURCE = Path(__file__).with_name("loop.c")


class Outcome(ctypes.Structure):
    _fields_ = [
        ("cash", ctypes.c_double),
        ("quantity", ctypes.c_double),
        ("commission", ctypes.c_double),
        ("flips", ctypes.c_int64),
        ("points", ctypes.c_int64),
    ]


def compiler() -> list[str]:
    """The C compiler that Python was built with."""
    return str(sysconfig.get_config_var("CC") or "cc").split()


@cache
def library() -> ctypes.CDLL:
    BUILD.mkdir(parents=True, exist_ok=True)
    made = BUILD / "loop.so"
    subprocess.run([*compiler(), *FLAGS, "-shared", "-fPIC", "-o", made, SOURCE], check=True)
    return ctypes.CDLL(str(made))


def idle_function() -> int:
    """The address of a strategy that does nothing, for `bt.Compiled`."""
    return int(ctypes.cast(library().do_nothing, ctypes.c_void_p).value or 0)


def ema_loop(ticks: Any, short: int, long: int, curve: np.ndarray | None = None) -> Outcome:
    """Runs over quotes, or trades as both sides; `curve` (float64) receives the equity of each minute."""
    names = ("timestamp", "bid", "ask") if ticks.kind == "quotes" else ("timestamp", "price", "price")
    timestamp, bid, ask = (ticks.columns[name] for name in names)
    if curve is None:
        curve = np.empty((timestamp[-1] - timestamp[0]) // MINUTE + 3)
    outcome = Outcome()
    library().ema_loop(
        *(ctypes.c_void_p(column.ctypes.data) for column in (timestamp, bid, ask)),
        ctypes.c_int64(len(timestamp)),
        ctypes.c_int64(long - 1),
        *(ctypes.c_double(number) for number in (2 / (short + 1), 2 / (long + 1), CAPITAL, FEE)),
        ctypes.c_int64(MINUTE),
        ctypes.c_void_p(curve.ctypes.data),
        ctypes.byref(outcome),
    )
    return outcome
