"""How long `import btcore` takes in a fresh interpreter, beside numpy alone."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["numpy", "btcore"])
def test_import(benchmark, module):
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    seconds = []

    def once():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
        seconds.append(float(done.stdout))

    benchmark.pedantic(once, rounds=15, warmup_rounds=2)
    seconds.sort()
    benchmark.extra_info["median_import_ms"] = round(1000 * seconds[len(seconds) // 2], 1)
