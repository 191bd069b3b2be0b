"""The interface between the engine and a compiled strategy; its functions are in the .pxd."""

from btcore.model cimport CONTRACT

CONTRACT_VERSION = CONTRACT


cdef class Handler:
    """Base of every compiled strategy. A subclass sets `on_event`, `state` and `kinds`, and owns the state's memory."""
