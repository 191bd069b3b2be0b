"""JSON text of rows, joined from JSON arrays of columns, which hold numbers, strings, true, false and null."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy

import numpy as np

from btcore.times.intervals import DAY_NS as _DAY_NS, SECOND_NS as _SECOND_NS

cdef enum:
    STAMP = 34               # most bytes of a time, with quotes, fraction, Z and comma

cdef int64_t SECOND = _SECOND_NS
cdef int64_t DAY = _DAY_NS // _SECOND_NS   # in seconds


cdef inline char* _write_digits(char* out, int64_t value, int count) noexcept nogil:
    """Writes `value` with `count` digits; returns the end."""
    cdef int i
    for i in range(count - 1, -1, -1):
        out[i] = <char> (48 + value % 10)
        value //= 10
    return out + count


cdef inline char* _write_date(char* out, int64_t day) noexcept nogil:
    """Writes a date as YYYY-MM-DD; day 0 is 1970-01-01.

    Days are counted in eras of 400 years that start on 1 March, so that a leap day is the last day of its year.
    Source: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, civil_from_days.
    """
    cdef int64_t era, of_era, year, of_year, month
    day += 719_468
    era = day // 146_097  # positive for every day within int64 nanoseconds
    of_era = day - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    out = _write_digits(out, year + 400 * era + (month >= 10), 4)
    out[0] = 45
    out = _write_digits(out + 1, month + 3 if month < 10 else month - 9, 2)
    out[0] = 45
    return _write_digits(out + 1, of_year - (153 * month + 2) // 5 + 1, 2)


cdef inline char* _write_time(char* out, int64_t ts) noexcept nogil:
    """Writes a time as RFC 3339 in quotes, with 0, 3, 6 or 9 digits of fraction."""
    cdef int64_t second = ts // SECOND, fraction = ts - ts // SECOND * SECOND, day
    if fraction < 0:  # C rounds towards zero
        second -= 1
        fraction += SECOND
    day = second // DAY
    second -= day * DAY
    if second < 0:
        day -= 1
        second += DAY
    out[0] = 34
    out = _write_date(out + 1, day)
    out[0] = 84
    out = _write_digits(out + 1, second // 3600, 2)
    out[0] = 58
    out = _write_digits(out + 1, second // 60 % 60, 2)
    out[0] = 58
    out = _write_digits(out + 1, second % 60, 2)
    if fraction:
        out[0] = 46
        if fraction % 1_000_000 == 0:
            out = _write_digits(out + 1, fraction // 1_000_000, 3)
        elif fraction % 1_000 == 0:
            out = _write_digits(out + 1, fraction // 1_000, 6)
        else:
            out = _write_digits(out + 1, fraction, 9)
    out[0] = 90
    out[1] = 34
    return out + 2


def times_json(timestamp, bint optional=False):
    """int64 ns UTC as a JSON array of times like "2024-01-02T00:00:00Z", with 0, 3, 6 or 9 digits of fraction.

    If `optional`, -1 is written as null.
    """
    cdef const int64_t[::1] ts = np.require(timestamp, np.int64, ["C", "A"])  # packed fields may lie at any byte
    cdef Py_ssize_t i, n = ts.shape[0]
    cdef char* text
    cdef char* out
    text = <char*> malloc(<size_t> (STAMP * n + 2))
    if text == NULL:
        raise MemoryError
    with nogil:
        text[0] = 91
        out = text + 1
        for i in range(n):
            if optional and ts[i] == -1:
                memcpy(out, b"null", 4)
                out += 4
            else:
                out = _write_time(out, ts[i])
            out[0] = 44
            out += 1
        if n > 0:
            out -= 1
        out[0] = 93
    try:
        return PyBytes_FromStringAndSize(text, out + 1 - text)
    finally:
        free(text)


cdef inline const char* _item_end(const char* item, const char* last) noexcept nogil:
    """The comma after an item, or the bracket `last`."""
    cdef const char* comma
    if item[0] == 34:  # a string may contain commas, and quotes after a backslash
        item += 1
        while item[0] != 34:
            item += 2 if item[0] == 92 else 1
        return item + 1
    comma = <const char*> memchr(item, 44, last - item)
    return comma if comma != NULL else last


def join_rows(list keys, list columns, Py_ssize_t n):
    """n rows as a JSON array of objects.

    `keys` are JSON strings as bytes. `columns` are JSON arrays of n scalars, one per key, without spaces, as
    msgspec writes them. ValueError if there are no columns, or not one per key.
    """
    cdef Py_ssize_t width = len(keys), i, k, size = 2 + max(n - 1, 0)
    cdef bytes column
    cdef const char** heads
    cdef const char** items      # the comma or bracket before the next item
    cdef const char** lasts
    cdef const char* end
    cdef Py_ssize_t* lengths
    cdef char* out
    if width == 0 or len(columns) != width:
        raise ValueError(f"columns: {len(columns)} for {width} keys; there must be one for each, and at least one")
    if n == 0:
        return b"[]"
    # Each key with the brace or comma before it and the colon after it.
    openings = [(b"," if k else b"{") + <bytes> key + b":" for k, key in enumerate(keys)]
    for opening, column in zip(openings, columns, strict=True):
        size += n * len(opening) + len(column) - 2 - (n - 1)
    size += n  # closing braces
    text = PyBytes_FromStringAndSize(NULL, size)
    heads = <const char**> malloc(<size_t> width * sizeof(char*))
    items = <const char**> malloc(<size_t> width * sizeof(char*))
    lasts = <const char**> malloc(<size_t> width * sizeof(char*))
    lengths = <Py_ssize_t*> malloc(<size_t> width * sizeof(Py_ssize_t))
    try:
        if heads == NULL or items == NULL or lasts == NULL or lengths == NULL:
            raise MemoryError
        for k in range(width):
            heads[k] = PyBytes_AS_STRING(openings[k])
            lengths[k] = len(openings[k])
            items[k] = PyBytes_AS_STRING(columns[k])
            lasts[k] = items[k] + len(columns[k]) - 1
        out = PyBytes_AS_STRING(text)
        with nogil:
            out[0] = 91
            for i in range(n):
                out += 1
                for k in range(width):
                    memcpy(out, heads[k], lengths[k])
                    out += lengths[k]
                    end = _item_end(items[k] + 1, lasts[k])
                    memcpy(out, items[k] + 1, end - items[k] - 1)
                    out += end - items[k] - 1
                    items[k] = end
                out[0] = 125
                out[1] = 44 if i + 1 < n else 93
                out += 1
        return text
    finally:
        free(heads)
        free(items)
        free(lasts)
        free(lengths)
