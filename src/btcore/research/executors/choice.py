"""The pool of an executor, which is named or given."""

from typing import Any

from btcore.errors import ConfigError, near_name

from .pools import GivenPool, Pool, ProcessPool, ThreadPool, Work, processors
from .ray_pool import RayPool

NAMES = ("threads", "processes", "ray")


def open_pool(executor: Any, work: Work, workers: int | None) -> Pool:
    """The pool of an executor for the work; ConfigError if it is none, or the work cannot be sent to it."""
    if executor == "threads":
        return ThreadPool(work, 1 if work.is_python else workers or processors())
    if executor == "processes":
        return ProcessPool(work, workers or processors())
    if executor == "ray":
        return RayPool(work, workers)
    if isinstance(executor, str) or not callable(getattr(executor, "submit", None)):
        meant = near_name(executor, NAMES) if isinstance(executor, str) else ""
        raise ConfigError(
            f"executor: {executor!r} is not {', '.join(map(repr, NAMES))}{meant}, or an object with "
            "`submit`, as those of concurrent.futures, a client of Dask or an executor of mpi4py.futures"
        )
    return GivenPool(work, executor, workers)
