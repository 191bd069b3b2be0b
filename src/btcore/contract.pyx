"""A strategy as the engine calls it. The contract and its verbs are in the .pxd."""

from btcore.model cimport CONTRACT

CONTRACT_VERSION = CONTRACT


cdef class Handler:
    """Base of every compiled strategy: set `on_event`, `state` and `kinds`, and keep the state alive."""
