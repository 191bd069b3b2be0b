"""Sweeps by the executor of mpi4py: two workers, which `mpiexec` has started."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mpi4py")

SUPPORT = Path(__file__).parents[3] / "support"
SCRIPT = """
import sys
sys.path.insert(0, SUPPORT)
import btcore as bt
from swept_kinds import BARS, KINDS

if __name__ == "__main__":
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as executor:
        print(executor.num_workers)
        for name, kind in KINDS.items():
            plain, found = (bt.sweep({"A": BARS}, *kind, progress=False, **options)
                            for options in ({}, {"executor": executor}))
            print(name, *(a.tobytes() == b.tobytes()
                          for a, b in zip(plain.metrics.values(), found.metrics.values(), strict=True)))
"""


def test_workers_of_mpi(tmp_path):
    launcher = Path(sys.executable).with_name("mpiexec")
    if not launcher.exists():
        pytest.skip("there is no mpiexec beside this Python")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("SUPPORT", repr(str(SUPPORT))))
    command = [str(launcher), "-n", "3", sys.executable, "-m", "mpi4py.futures", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first == "2"
    assert len(lines) == 6
    assert not any("False" in line for line in lines)
