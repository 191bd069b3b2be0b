"""The last prices of a symbol, and their mean, at constant cost a price."""

from libc.math cimport NAN
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

from btcore.model cimport Market, QUOTE, TRADE, Ticker


cdef inline double event_price(const Market* market) noexcept nogil:
    """The price of the event: mid, last trade or close; NaN for a stream that does not mark its symbol."""
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    if market.kind != ticker.source:
        return NAN
    if market.kind == QUOTE:
        return 0.5 * (ticker.quote.bid + ticker.quote.ask)
    return ticker.trade.px if market.kind == TRADE else ticker.bar.close


cdef struct Window:
    double* items
    int64_t size
    int64_t count          # up to size
    int64_t at             # where the next price goes: the oldest, once full
    double sum


cdef inline int open_window(Window* window, int64_t size) noexcept nogil:
    """-1 without memory."""
    window.size = size
    window.items = <double*> calloc(size, sizeof(double))
    return 0 if window.items != NULL else -1


cdef inline void close_window(Window* window) noexcept nogil:
    free(window.items)


cdef inline bint push(Window* window, double x) noexcept nogil:
    """Takes in `x`; True once the window is full. Each time round the sum is stated anew, so errors do not gather."""
    cdef int64_t i
    window.sum += x - window.items[window.at]
    window.items[window.at] = x
    window.at += 1
    if window.at == window.size:
        window.at = 0
        window.sum = 0.0
        for i in range(window.size):
            window.sum += window.items[i]
    if window.count < window.size:
        window.count += 1
    return window.count == window.size


cdef inline double mean(const Window* window) noexcept nogil:
    return window.sum / window.size


cdef inline double deviation(const Window* window) noexcept nogil:
    """Standard deviation (ddof 0) of a full window, in two passes."""
    cdef double centre = mean(window), total = 0.0
    cdef int64_t i
    for i in range(window.size):
        total += (window.items[i] - centre) * (window.items[i] - centre)
    return (total / window.size) ** 0.5
