"""The interface between the engine and a compiled strategy; its functions are in the .pxd."""

from btcore.model cimport CONTRACT

CONTRACT_VERSION = CONTRACT


cdef class Handler:
    """Base of every compiled strategy. A subclass sets `on_event`, `state` and `kinds`, and owns the state's memory."""

    def note_failure(self, int code, int fault):
        """Takes what the function returned when it ended the run, and `Outbox.fault`, the first invalid order."""
