"""Builds the compiled modules: every .pyx below src is an extension. The rest is in pyproject.toml."""

import multiprocessing
import os
import re
import sys
import time
from multiprocessing.connection import wait
from pathlib import Path

import Cython
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

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

# The largest first, so that a short one is compiled last and no core waits long.
EXTENSIONS = [
    Extension(".".join(path.with_suffix("").parts[1:]), [path.as_posix()], extra_compile_args=FLAGS)
    for path in sorted(Path("src").rglob("*.pyx"), key=lambda path: (-path.stat().st_size, path))
]
BUILD = Path("build")  # of C files and their lists of dependencies (.dep)


class BuildExtensions(build_ext):
    """Translates and compiles the modules whose sources changed, one process per core.

    Setuptools compiles into a temporary folder and copies, so an editable install followed by an in-place
    build would compile everything twice. Here both write to src, and the second compiles nothing.
    """

    def run(self):
        self.folder = Path("src") if self.inplace else Path(self.build_lib)
        for path in self.folder.rglob("*.so"):
            if not (Path("src") / path.relative_to(self.folder)).with_name(_stem(path) + ".pyx").exists():
                path.unlink()
        super(build_ext, self).run()  # of distutils: sets the compiler up and calls build_extensions

    def build_extensions(self):
        self._forget_other_options()
        todo = [ext for ext in self.extensions if not self.inplace or not self._is_current(ext)]
        if hasattr(os, "fork"):
            self._build_in_processes(todo)
        else:
            for ext in todo:
                self.build_extension(ext)

    def _build_in_processes(self, todo):
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        context = multiprocessing.get_context("fork")
        progress = Progress(len(todo))
        waiting, running = list(todo), {}
        try:
            while waiting or running:
                while waiting and len(running) < cores:
                    ext = waiting.pop(0)
                    process = context.Process(target=self._build_with_log, args=(ext,))
                    process.start()
                    running[process.sentinel] = process, ext
                for sentinel in wait(list(running), timeout=1):
                    process, ext = running.pop(sentinel)
                    process.join()
                    if process.exitcode:
                        raise CompileError(f"{ext.name} does not compile\n{_log_file(ext).read_text()}")
                    progress.done += 1
                progress.show([ext.name for _, ext in running.values()])
        finally:
            for process, _ in running.values():
                process.terminate()
        progress.close()

    def _build_with_log(self, ext):
        """Builds in a child process; the output of the compilers goes to a file."""
        log = _log_file(ext)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        self.build_extension(ext)

    def build_extension(self, ext):
        """Builds beside the target and renames, so that an interrupted build leaves no incomplete file."""
        began, target = time.time(), Path(self.get_ext_fullpath(ext.name))
        c_file = BUILD / Path(ext.sources[0]).with_suffix(".c")
        try:
            options = {"include_path": ["src"], "compiler_directives": DIRECTIVES, "depfile": True}
            ext.sources = cythonize([ext], build_dir=str(BUILD), **options)[0].sources
            lib, inplace = self.build_lib, self.inplace
            self.build_lib, self.inplace, self.force = str(Path(self.build_temp) / "lib"), False, True
            super().build_extension(ext)
            built = Path(self.get_ext_fullpath(ext.name))
            self.build_lib, self.inplace = lib, inplace
        except BaseException:
            c_file.unlink(missing_ok=True)  # it may be incomplete
            raise
        os.utime(built, (began, began))  # a source saved since then is newer
        target.parent.mkdir(parents=True, exist_ok=True)
        built.replace(target)

    def _is_current(self, ext):
        """True if the compiled file is newer than its sources and all headers that these include."""
        target = Path(self.get_ext_fullpath(ext.name))
        dependencies = BUILD / Path(ext.sources[0]).with_suffix(".c.dep")
        if not target.exists() or not dependencies.exists():
            return False
        sources = [
            Path(name) for name in re.findall(r"\bsrc/\S+", dependencies.read_text().partition(":")[2])
        ]
        built = target.stat().st_mtime
        return all(path.exists() and path.stat().st_mtime < built for path in sources)

    def _forget_other_options(self):
        """Removes files that were compiled with other flags or directives, or by another Cython."""
        suffix = self.get_ext_filename("")
        options = f"{Cython.__version__} {DIRECTIVES} {FLAGS} {os.environ.get('CFLAGS', '')}"
        stamp = BUILD / f"options{Path(suffix).with_suffix('').name}"
        if stamp.exists() and stamp.read_text() != options:
            for path in [*(BUILD / "src").rglob("*.c"), *self.folder.rglob(f"*{suffix}")]:
                path.unlink()
        BUILD.mkdir(exist_ok=True)
        stamp.write_text(options)


class Progress:
    """Progress of the build: on a terminal one line, redrawn; elsewhere a line every ten seconds."""

    def __init__(self, total):
        self.total, self.done, self.began = total, 0, time.monotonic()
        self.on_terminal = sys.stderr.isatty()
        self.next_line = 0.0

    def show(self, names):
        seconds = time.monotonic() - self.began
        if seconds < self.next_line or self.done == self.total:
            return
        running = ", ".join(names).replace("btcore.", "").replace(".", "/")
        text = f"compiling {self.done}/{self.total} {running} ... {seconds:.0f} s"
        line = f"\r{text[:100]}\033[K" if self.on_terminal else f"{text}\n"
        print(line, end="", file=sys.stderr, flush=True)
        self.next_line = seconds + (0.2 if self.on_terminal else 10)

    def close(self):
        if self.total:
            start = "\r\033[K" if self.on_terminal else ""
            seconds = time.monotonic() - self.began
            print(f"{start}compiled {self.total} modules in {seconds:.0f} s", file=sys.stderr, flush=True)


def _stem(path):
    return path.name.partition(".")[0]


def _log_file(ext):
    return BUILD / "logs" / f"{ext.name}.txt"


if __name__ == "__main__":
    setup(ext_modules=EXTENSIONS, cmdclass={"build_ext": BuildExtensions})
