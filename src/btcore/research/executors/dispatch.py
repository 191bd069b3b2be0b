"""Keeps the workers of a pool busy, and plays again what was lost with one of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from btcore.errors import BtcoreError, ConfigError

from .pools import Pool, Task
from .shipping import NotHereError

LOSSES = 3  # workers that are lost with a task before it is given up
CHECK_SECONDS = 0.1  # between two looks at whether to stop


class WorkerLostError(BtcoreError):
    """Workers of a sweep end, one after the other, while they play the same trials."""


class _Handed:
    """A task that a worker has, or had when it was lost."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.losses = 0
        self.whole = False  # True: a worker had no way to the data, which are sent with the task
        self.future: Any = None

    def parts(self, tasks: Sequence[Task]) -> list["_Handed"]:
        """This one, or one for each of several tasks that it is divided into."""
        return [self] if len(tasks) == 1 else [_Handed(task) for task in tasks]


class Dispatch:
    """The tasks of one pool: `play` hands them over and yields what they return.

    A task that was lost with a worker is played again. Where the loss of one worker ends all tasks in play,
    these are then played one at a time, so that the one at fault is found.
    """

    def __init__(
        self,
        pool: Pool,
        is_stopped: Callable[[], bool],
        split: Callable[[Task], Sequence[Task]] = lambda task: [task],
    ) -> None:
        """`split` divides a task that was lost, so that only the part at fault is given up."""
        self._pool, self._is_stopped, self._split = pool, is_stopped, split
        self._again: deque[_Handed] = deque()
        self._running: set[_Handed] = set()
        self._finished: SimpleQueue[_Handed] = SimpleQueue()
        self.n_lost = 0  # workers, or connections to them

    def play(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Each task with its return value, as they finish; `tasks` is asked for one when a worker needs it.

        A task that LOSSES workers were lost with has a WorkerLostError as its value. An exception that a task
        raises is raised as it is.
        """
        source = iter(tasks)
        try:
            while not self._is_stopped():
                self._hand_over(source)
                if not self._running:
                    return
                try:
                    handed = self._finished.get(timeout=CHECK_SECONDS)
                except Empty:
                    continue
                was_alone = len(self._running) == 1 or not self._pool.breaks_whole
                self._running.discard(handed)
                try:
                    found = handed.future.result()
                except NotHereError as error:
                    if handed.whole:
                        raise ConfigError(
                            f"executor: a worker cannot open the data that it was sent: {error}"
                        ) from error
                    handed.whole = True
                    self._again.append(handed)
                except Exception as error:
                    if self._is_stopped():
                        return  # the task has been given up
                    if not self._pool.is_loss(error):
                        raise
                    given_up = self._note_loss(handed, error, counts=was_alone)
                    if given_up is not None:
                        yield handed.task, given_up
                else:
                    yield handed.task, found
        finally:
            for each in self._running:
                each.future.cancel()

    def _hand_over(self, source: Iterator[Task]) -> None:
        """Gives tasks to the pool until it has enough."""
        while len(self._running) < self._pool.ahead * self._pool.workers:
            if self._again:
                if self._pool.breaks_whole and self._running:
                    return  # each of these alone
                handed = self._again.popleft()
            else:
                task = next(source, None)
                if task is None:
                    return
                handed = _Handed(task)
            try:
                handed.future = self._pool.submit(handed.task, whole=handed.whole)
            except Exception as error:
                if not self._pool.is_loss(error):
                    raise
                self._again.appendleft(handed)  # the pool has lost a worker, but not with this task
                if self._running:
                    return  # their loss renews the pool
                self.n_lost += 1
                self._pool.renew()
                continue
            self._running.add(handed)
            handed.future.add_done_callback(lambda _, done=handed: self._finished.put(done))

    def _note_loss(self, handed: _Handed, error: Exception, *, counts: bool) -> WorkerLostError | None:
        """Has the task played again, in parts; the error if it is given up."""
        handed.losses += counts
        given_up = None
        if handed.losses >= LOSSES:
            given_up = WorkerLostError(
                f"executor: {handed.losses} workers ended while they played this trial, the last with "
                f"{type(error).__name__}: {error}; too little memory is a usual reason"
            )
            given_up.__cause__ = error
        else:
            self._again.extend(handed.parts(self._split(handed.task)))
        if not (self._pool.breaks_whole and self._running):  # else the others come back too
            self.n_lost += 1
            self._pool.renew()
        return given_up
