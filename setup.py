"""The compiled half: every .pyx under src is an extension of the same name. The rest is in pyproject.toml."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("BTCORE_DEBUG") == "1"

# A `# cython:` header does not reach inline functions cimported from a .pxd, so the table is here.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,  # IEEE division; the checked kind prints and returns 0.0 in noexcept code
    "freethreading_compatible": True,
    "embedsignature": True,
    "embedsignature.format": "python",
    "autotestdict": False,
    "auto_pickle": False,  # a run's state is C pointers
}

# Contraction would let a*b+c differ in the last bit between machines; -ffast-math may assume away NaN.
FLAGS = ["-O0", "-g"] if DEBUG else ["-O3", "-g0"]
FLAGS += ["-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wno-unused-function"]
if os.name == "nt":
    FLAGS = ["/O2", "/fp:precise"]

extensions = [
    Extension(".".join(path.with_suffix("").parts[1:]), [path.as_posix()], extra_compile_args=FLAGS)
    for path in sorted(Path("src").rglob("*.pyx"))
]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build",
        include_path=["src"],
        compiler_directives=DIRECTIVES,
        nthreads=0 if os.name == "nt" else os.cpu_count() or 1,
    ),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
