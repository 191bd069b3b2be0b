"""Ctrl-C in commands that keep what is done: the first one stops the work, a second one ends the process."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer, current_thread, main_thread
from types import FrameType

INTERRUPTED = 130  # exit code
AT_ONCE = 1.0  # seconds that workers have to end after the second Ctrl-C
SAID = b"\nbtcore: stopping, what is done is kept; Ctrl-C again ends at once\n"


@contextmanager
def stop_at_interrupt() -> Iterator[Event]:
    """An event that the first Ctrl-C sets. At the second KeyboardInterrupt is raised.

    The process ends AT_ONCE seconds after the second one, whatever its threads do. Nothing is changed if the
    caller has a handler of its own or ignores Ctrl-C, and outside of the main thread.
    """
    stop = Event()
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or current_thread() is not main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            os.write(2, SAID)  # a stream may be in the middle of a write
            return
        end = Timer(AT_ONCE, os._exit, (INTERRUPTED,))
        end.daemon = True
        end.start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
