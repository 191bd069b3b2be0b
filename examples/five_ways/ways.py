"""The five ways of both ideas, each as a function of the data that returns a strategy and its parameters."""

import atexit
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

import crossover
import mean_reversion

import btcore as bt

IDEAS: dict[str, ModuleType] = {"crossover": crossover, "mean reversion": mean_reversion}
Data = dict[str, bt.Bars]


@cache
def cython_module() -> ModuleType:
    """`strategies.pyx`, compiled in a temporary folder against the headers that btcore installs."""
    folder = Path(mkdtemp(prefix="five_ways"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copy(Path(__file__).with_name("strategies.pyx"), folder)
    ended = subprocess.run(
        [sys.executable, "-m", "Cython.Build.Cythonize", "--inplace", "strategies.pyx"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CFLAGS": "-O2 -ffp-contract=off"},  # without fused multiplications, as btcore
    )
    if ended.returncode:
        raise RuntimeError(
            f"strategies.pyx: not compiled, which needs Cython and a C compiler\n{ended.stderr}"
        )
    (built,) = (path for path in folder.iterdir() if path.suffix in {".so", ".pyd"})
    spec = importlib.util.spec_from_file_location("strategies", built)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ways(idea: ModuleType) -> dict[str, Callable[[Data], tuple[Any, dict[str, Any] | None]]]:
    """By name: a function of the data that returns what `bt.run` takes."""
    params: dict[str, Any] = idea.PARAMS
    return {
        "built-in": lambda data: (idea.BUILT_IN, params),
        "Cython": lambda data: (idea.cython(cython_module(), **params), None),
        "Numba": lambda data: (idea.numba, params),
        "signals": lambda data: (idea.signals(data, **params), None),
        "callback": lambda data: (idea.Callback, params),
    }
