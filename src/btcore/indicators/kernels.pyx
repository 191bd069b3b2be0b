"""The indicators by name: blocks of state, whole columns, and `Indicator`, which takes row by row.

A block is a float64 array with everything that an indicator knows: a `Head`, its struct and its ring. It has no
pointers, so a copy of it is an indicator of its own; Numba strategies keep one in their state.
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject_GenericGetAttr
from cpython.ref cimport PyObject
from libc.math cimport INFINITY, NAN, isfinite, isnan
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from btcore.indicators.block_loops cimport run_rolling_max, run_rolling_min, run_rolling_std, run_wma
from btcore.indicators.finite cimport all_finite
from btcore.indicators.loops cimport (
    run_adx, run_atr, run_beta, run_bollinger, run_cci, run_correlation, run_dema, run_donchian, run_ema, run_kama,
    run_keltner, run_linear_regression, run_macd, run_mfi, run_obv, run_rsi, run_sma, run_stochastic, run_supertrend,
    run_tema, run_vwap, run_zscore
)
from btcore.indicators.states cimport (
    ADX, ATR, AnyState, BETA, BOLLINGER, CCI, CORRELATION, DEMA, DONCHIAN, EMA, KAMA, KELTNER, LINEAR_REGRESSION, MACD,
    MFI, N_KINDS, OBV, ROLLING_MAX, ROLLING_MIN, ROLLING_STD, RSI, SMA, STOCHASTIC, SUPERTREND, TEMA, VWAP, WMA, ZSCORE,
    open_state
)

import numpy as np

from btcore.errors import DataError
from btcore.indicators.table import INDICATORS as _INDICATORS

cdef enum:
    VALUES_AT_ONCE = 2048  # computed and then checked, while they are in the cache

cdef run_t[N_KINDS] RUNS
cdef int[N_KINDS] N_INPUTS
cdef int[N_KINDS][MAX_INPUTS] BAR_INPUTS   # place of each input among high, low, close, volume; 4: a bar has it not

RUNS[SMA], RUNS[EMA], RUNS[WMA], RUNS[DEMA], RUNS[TEMA] = run_sma, run_ema, run_wma, run_dema, run_tema
RUNS[KAMA], RUNS[RSI], RUNS[MACD], RUNS[BOLLINGER], RUNS[ATR] = run_kama, run_rsi, run_macd, run_bollinger, run_atr
RUNS[ADX], RUNS[STOCHASTIC], RUNS[CCI], RUNS[MFI], RUNS[OBV] = run_adx, run_stochastic, run_cci, run_mfi, run_obv
RUNS[VWAP], RUNS[DONCHIAN], RUNS[KELTNER], RUNS[ZSCORE] = run_vwap, run_donchian, run_keltner, run_zscore
RUNS[SUPERTREND], RUNS[LINEAR_REGRESSION] = run_supertrend, run_linear_regression
RUNS[ROLLING_MIN], RUNS[ROLLING_MAX], RUNS[ROLLING_STD] = run_rolling_min, run_rolling_max, run_rolling_std
RUNS[CORRELATION], RUNS[BETA] = run_correlation, run_beta

_KINDS = {name: kind for kind, name in enumerate((
    "sma", "ema", "wma", "dema", "tema", "kama", "rsi", "macd", "bollinger", "atr", "adx", "stochastic", "cci", "mfi",
    "obv", "vwap", "donchian", "keltner", "supertrend", "zscore", "linear_regression", "rolling_min", "rolling_max",
    "rolling_std", "correlation", "beta",
), 1)}

_BAR = {"high": 0, "low": 1, "close": 2, "values": 2, "volume": 3}
for _name, _kind in _KINDS.items():
    N_INPUTS[<int> _kind] = len(_INDICATORS[_name].inputs)
    for _i, _input in enumerate(_INDICATORS[_name].inputs):
        BAR_INPUTS[<int> _kind][<int> _i] = _BAR.get(_input, 4)


def new_block(str name not None, parameters):
    """The block of a new indicator, float64. `parameters` are those of `INDICATORS[name]`, checked and in order."""
    cdef AnyState state
    cdef double[4] p = [0.0, 0.0, 0.0, 0.0]
    cdef int64_t words, ring
    cdef Head* head
    for i, value in enumerate(parameters):
        p[<int> i] = value
    ring = open_state(_KINDS[name], &state, p, &words)
    block = np.zeros(sizeof(Head) // 8 + words + ring)
    cdef double[::1] view = block
    head = <Head*> &view[0]
    head.kind, head.struct_words, head.block_words = _KINDS[name], words, len(block)
    head.out[0] = head.out[1] = head.out[2] = NAN
    memcpy(head + 1, &state, words * 8)
    return block


cdef double advance(double* block, const double* values) noexcept nogil:
    """Takes one row of inputs and returns the first output; the block keeps all.

    A row with a NaN leaves the state as it is: the outputs are NaN. So they are for a block that is not initialised.
    """
    cdef Head* head = <Head*> block
    cdef inputs_t x
    cdef outputs_t y
    cdef double* state = <double*> (head + 1)
    cdef int i
    if not 0 < head.kind < N_KINDS:
        return NAN
    for i in range(N_INPUTS[head.kind]):
        x[i] = values + i
        if isnan(values[i]):
            head.out[0] = head.out[1] = head.out[2] = NAN
            return NAN
    for i in range(MAX_OUTPUTS):
        y[i] = &head.out[i]
    RUNS[head.kind](state, state + head.struct_words, x, y, 1)
    head.seen += 1
    return head.out[0]


cdef bint is_block(const double* block, int64_t words) noexcept nogil:
    """True for the memory of an indicator, of that length in 8 bytes."""
    cdef const Head* head = <const Head*> block
    return words >= <int64_t> (sizeof(Head) // 8) and 0 < head.kind < N_KINDS and head.block_words == words


cdef double update(double* block, int64_t words, double a, double b, double c, double d, double e) noexcept nogil:
    """`advance` by a row of one to five inputs, of which those not given are -infinity.

    Infinity if the block is not one of an indicator, or the indicator takes another number of inputs.
    """
    cdef double[MAX_INPUTS] row = [a, b, c, d, e]
    cdef int i
    if not is_block(block, words):
        return INFINITY
    for i in range(MAX_INPUTS):
        if i < N_INPUTS[(<Head*> block).kind]:
            if row[i] == -INFINITY:
                return INFINITY
        elif not (row[i] == -INFINITY or isnan(row[i])):
            return INFINITY
    return advance(block, row)


cdef double update_bar(
    double* block, int64_t words, double high, double low, double close, double volume
) noexcept nogil:
    """`advance` by the inputs that a bar has: its close for an indicator of one column.

    NaN for an indicator of two symbols, or with sessions; infinity if the block is not one of an indicator.
    """
    cdef double[MAX_INPUTS] bar = [high, low, close, volume, NAN]
    cdef double[MAX_INPUTS] row
    cdef int64_t kind
    cdef int i
    if not is_block(block, words):
        return INFINITY
    kind = (<Head*> block).kind
    for i in range(N_INPUTS[kind]):
        row[i] = bar[BAR_INPUTS[kind][i]]
    return advance(block, row)


ADDRESSES = {"update": <size_t> &update, "update_bar": <size_t> &update_bar}
HEAD_WORDS = sizeof(Head) // 8
OUT_AT = HEAD_WORDS - MAX_OUTPUTS  # where a block has its outputs


def run_columns(double[::1] block not None, tuple columns not None, tuple outputs not None):
    """Advances over the rows of the columns, float64, and writes the outputs of each row.

    Rows before the first without NaN become NaN. Returns None; or number and row of a column that has NaN after its
    first number, or infinity, and then the outputs mean nothing.
    """
    cdef Head* head = <Head*> &block[0]
    cdef double* state = <double*> (head + 1)
    cdef inputs_t x
    cdef outputs_t y
    cdef const double[::1] column
    cdef double[::1] output
    cdef int64_t n = len(columns[0]), start = 0, row, rows
    cdef int64_t[MAX_INPUTS] first
    cdef int k, n_inputs = len(columns), n_outputs = len(outputs), bad = -1
    if n == 0:
        return None
    for k, column in enumerate(columns):
        x[k] = &column[0]
    for k, output in enumerate(outputs):
        y[k] = &output[0]
    with nogil:
        for k in range(n_inputs):
            row = 0
            while row < n and isnan(x[k][row]):
                row += 1
            first[k] = row
            start = max(start, row)
        for k in range(n_inputs):
            if bad < 0 and not all_finite(x[k] + first[k], start - first[k]):
                bad = k
            x[k] += start
        for k in range(n_outputs):
            for row in range(start):
                y[k][row] = NAN
            y[k] += start
        while bad < 0 and start < n:
            rows = min(VALUES_AT_ONCE // n_inputs, n - start)
            RUNS[head.kind](state, state + head.struct_words, x, y, rows)
            for k in range(n_inputs):  # afterwards: the rows are in the cache now
                if bad < 0 and not all_finite(x[k], rows):
                    bad = k
                x[k] += rows
            for k in range(n_outputs):
                y[k] += rows
            start += rows
            head.seen += rows
    if bad >= 0:
        row, column = first[bad], columns[bad]
        while isfinite(column[row]):
            row += 1
        return bad, row
    for k in range(n_outputs):
        head.out[k] = outputs[k][n - 1]
    return None


@cython.final
cdef class Indicator:
    """An indicator that takes its values row by row: `Indicator("rsi", 14)`; its values equal those over arrays.

    The name and the parameters are those of the function of `btcore.indicators`, and `inputs` names what `update`
    takes. `value` is the latest value, NaN until there is one; of an indicator with several, they are attributes.
    `float` of an indicator is its value.
    """
    cdef object block
    cdef double[::1] view
    cdef readonly str name
    cdef readonly dict parameters
    cdef readonly tuple inputs, fields
    cdef object result_type
    cdef dict places             # of the values, by field

    def __init__(self, str name not None, *parameters, **named):
        from btcore.indicators.parameters import find, read_parameters

        found = find(name)
        self.name = found.name
        self.parameters = read_parameters(found, parameters, named)
        self.inputs, self.fields, self.result_type = found.inputs, found.fields, found.result
        self.places = {field: i for i, field in enumerate(found.fields)}
        self.block = new_block(found.name, self.parameters.values())
        self.view = self.block

    def update(self, *values):
        """Takes the next row and returns the value, or all of them as a named tuple.

        One number for each of `inputs`; or, where these are several, an object that has them as attributes, such as
        a bar. Rows with a NaN before the first without are skipped; DataError for one after, and for infinity.
        """
        cdef double[MAX_INPUTS] row
        cdef int i, n = len(self.inputs)
        cdef bint missing = False
        if len(values) == 1 and n > 1:
            values = [getattr(values[0], name) for name in self.inputs]
        if len(values) != n:
            raise DataError(f"{self.name}: update takes {', '.join(self.inputs)}, not {len(values)} values")
        for i in range(n):
            row[i] = values[i]
            missing |= isnan(row[i])
            if row[i] == INFINITY or row[i] == -INFINITY:
                raise DataError(f"{self.name}: {self.inputs[i]} {row[i]} is not a finite number")
        if missing and (<Head*> &self.view[0]).seen:
            raise DataError(f"{self.name}: a row after the first has no {' or no '.join(self.inputs)}")
        advance(&self.view[0], row)
        return self.latest()

    cdef latest(self):
        cdef const Head* head = <Head*> &self.view[0]
        if self.result_type is None:
            return head.out[0]
        return self.result_type(*[head.out[i] for i in range(<int> len(self.fields))])

    @property
    def ready(self):
        """True once all its values are numbers."""
        cdef const Head* head = <Head*> &self.view[0]
        return not any([isnan(head.out[i]) for i in range(<int> len(self.fields))])

    @property
    def values(self):
        """The latest value, or all of them as a named tuple."""
        return self.latest()

    def __getattribute__(self, str name):
        """A value by name. Other attributes are looked up after that: an error on the way costs 0.5 µs."""
        cdef PyObject* place = PyDict_GetItem(self.places, name)
        if place == NULL:
            try:
                return PyObject_GenericGetAttr(self, name)
            except AttributeError:
                raise AttributeError(
                    f"{self.name} has no {name!r}; its values are {', '.join(self.fields)}"
                ) from None
        return (<Head*> &self.view[0]).out[<int> <object> place]

    def __float__(self):
        return float(self.value)

    def __repr__(self):
        named = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"<{self.name}({named}): {', '.join(f'{name}={getattr(self, name)}' for name in self.fields)}>"

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __copy__(self):
        copy = Indicator(self.name, **self.parameters)
        copy.block[:] = self.block
        return copy

    def __reduce__(self):
        return _restored, (self.name, self.parameters, self.block)


def _restored(name, parameters, block):
    indicator = Indicator(name, **parameters)
    (<Indicator> indicator).block[:] = block
    return indicator
