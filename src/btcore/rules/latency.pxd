"""When what is sent arrives."""

from libc.stdint cimport int64_t


cdef inline int64_t arrival(int64_t ts_sent, int64_t latency, int64_t run_latency) noexcept nogil:
    """Time of arrival in ns; a negative `latency` means the run's own."""
    return ts_sent + (run_latency if latency < 0 else latency)
