"""What a callback sees of an indicator: its values up to the latest row of its symbol that was delivered.

The values of an indicator of `btcore.indicators` are computed over the whole column when a strategy asks for it, as a
value depends on the rows up to its own alone. A view shows none beyond the rows that the engine has delivered. An
object of one's own has its rows one by one, before each callback.
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject_GenericGetAttr
from cpython.ref cimport PyObject
from libc.math cimport INFINITY, NAN, isnan
from libc.stdint cimport int64_t

import numpy as np

from btcore.strategies.callbacks.events cimport BarEvent, QuoteEvent, TradeEvent

from btcore.errors import near_name


@cython.final
cdef class RowsSeen:
    """The rows of each stream that were delivered; empty outside of callbacks."""


@cython.final
cdef class IndicatorView:
    """An indicator in a strategy: `value`, or its fields by name, as of the latest row; NaN until there is one.

    `ready` is True once all of them are numbers, `float` of it is its value, and `history(field, rows=...)` the values
    so far.
    """

    def __init__(
        self, RowsSeen seen not None, str name not None, str symbol not None, tuple fields not None,
        tuple streams not None, tuple arrays not None, times not None, tuple counts=None,
    ):
        """`counts` has for each of two symbols, by its rows, the number of rows that both have; None for one.

        With the stream -1 values are known by their times, not by rows delivered: those of other resolutions.
        """
        cdef double[::1] column
        cdef const int64_t[::1] shared
        cdef const int64_t[::1] ends = times
        self.seen, self.name, self.symbol, self.fields, self.arrays = seen, name, symbol, fields, arrays
        self.streams[0], self.streams[1] = streams[0], streams[1] if len(streams) > 1 else -1
        for i, column in enumerate(arrays):
            self.columns[<int> i] = &column[0] if column.shape[0] else NULL
        if counts is not None:
            for i, shared in enumerate(counts):
                self.shared[<int> i] = &shared[0]
        self.counts, self.times = counts, times
        self.ends, self.n_times = &ends[0] if ends.shape[0] else NULL, ends.shape[0]
        self.places = {field: i for i, field in enumerate(fields)}

    def feed_by(self, update, container, str resolution not None):
        """Has the values come from `update(event)`, called with each row of a container."""
        self.update, self.kind, self.events, self.resolution = update, container.kind, container.columns, resolution

    cdef int64_t count(self):
        """Values that are known now."""
        cdef const int64_t* rows = self.seen.rows
        if rows == NULL:
            return self.known
        if self.streams[0] < 0:
            while self.passed < self.n_times and self.ends[self.passed] <= self.seen.now:
                self.passed += 1
            return self.passed
        if self.streams[1] < 0:
            return rows[self.streams[0]]
        return min(self.shared[0][rows[self.streams[0]]], self.shared[1][rows[self.streams[1]]])

    cdef int feed(self) except -1:
        """Gives the rows that were delivered since the last call to an object of one's own."""
        cdef int64_t end = self.count()
        while self.fed < end:
            result = self.update(event_of(self.kind, self.symbol, self.resolution, self.events, self.fed))
            self.columns[0][self.fed] = NAN if result is None else result
            self.fed += 1
        return 0

    def finish(self):
        """Keeps what is known at the end of the run; called while its rows can be read."""
        self.known = self.count()

    def table(self):
        """The values of the run as records: timestamp, int64 ns UTC, and each field, float64."""
        records = np.empty(self.known, [("timestamp", np.int64), *((field, np.float64) for field in self.fields)])
        records["timestamp"] = self.times[:self.known]
        for field, array in zip(self.fields, self.arrays):
            records[field] = array[:self.known]
        return records

    def __getattribute__(self, str name):
        """A value by name. Other attributes are looked up after that: an error on the way costs 0.5 µs."""
        cdef PyObject* place = PyDict_GetItem(self.places, name)
        cdef int64_t count
        if place == NULL:
            try:
                return PyObject_GenericGetAttr(self, name)
            except AttributeError:
                meant, known = near_name(name, self.fields), ", ".join(self.fields)
                raise AttributeError(f"{self.name} has no {name!r}{meant}; its values are {known}") from None
        count = self.count()
        return self.columns[<int> <object> place][count - 1] if count else NAN

    @property
    def ready(self):
        """True once all values are numbers."""
        cdef int64_t count = self.count()
        cdef int i
        if count == 0:
            return False
        for i in range(<int> len(self.fields)):
            if isnan(self.columns[i][count - 1]):
                return False
        return True

    def history(self, str field=None, *, rows=None):
        """The values so far, read-only, the newest last; `rows` limits them to the last ones."""
        name = self.fields[0] if field is None and len(self.fields) == 1 else field
        if name not in self.fields:
            meant, known = near_name(field, self.fields), ", ".join(self.fields)
            raise AttributeError(f"{self.name}: {field!r} is not one of its values, {known}{meant}")
        cdef int64_t count = self.count()
        view = self.arrays[self.fields.index(name)][0 if rows is None else max(0, count - rows):count]
        view.flags.writeable = False
        return view

    def __float__(self):
        return self.value

    def __repr__(self):
        values = ", ".join([f"{field}={getattr(self, field)}" for field in self.fields])
        return f"<{self.name} of {self.symbol}: {values}>"

    def __deepcopy__(self, memo):
        """The same view: a copy of a strategy asks for its own in `on_start`."""
        return self


cdef event_of(str kind, str symbol, str resolution, dict columns, int64_t row):
    """The event of a row, as callbacks receive it."""
    cdef BarEvent bar
    cdef QuoteEvent quote
    cdef TradeEvent trade
    if kind == "bars":
        bar = BarEvent.__new__(BarEvent)
        bar.symbol, bar.resolution, bar.timestamp = symbol, resolution, columns["timestamp"][row]
        bar.open, bar.high, bar.low = columns["open"][row], columns["high"][row], columns["low"][row]
        bar.close, bar.volume = columns["close"][row], value_at(columns, "volume", row, NAN)
        return bar
    if kind == "quotes":
        quote = QuoteEvent.__new__(QuoteEvent)
        quote.symbol, quote.timestamp = symbol, columns["timestamp"][row]
        quote.bid, quote.ask = columns["bid"][row], columns["ask"][row]
        quote.bid_size = value_at(columns, "bid_size", row, INFINITY)
        quote.ask_size = value_at(columns, "ask_size", row, INFINITY)
        return quote
    trade = TradeEvent.__new__(TradeEvent)
    trade.symbol, trade.timestamp, trade.price = symbol, columns["timestamp"][row], columns["price"][row]
    trade.size, trade.side = value_at(columns, "size", row, INFINITY), <int> value_at(columns, "side", row, 0)
    return trade


cdef double value_at(dict columns, str name, int64_t row, double missing) except? -2.0:
    """The value of a column that may be missing."""
    column = columns.get(name)
    return missing if column is None else column[row]
