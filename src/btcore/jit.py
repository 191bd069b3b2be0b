"""What Numba strategies use: record types, the signature of a strategy, and functions for data and orders.

    from btcore import jit

    @jit.cfunc(state.dtype)
    def cross(own, market, account, out):
        own.fast += 0.1 * (jit.mid(market) - own.fast)
        ...
        return 0

    bt.run(data, bt.Compiled(cross, state, events=["quotes"]))

`btcore.compiled` makes such a strategy of a plain function. The functions are called from code that Numba
compiles. `market`, `account` and the records that functions return have the fields of the structs in
`btcore.model`, and are read-only. Symbols are numbered from 0 in the order of the run's data. Times are int64
ns UTC, money is in the run's currency. The import requires numba.
"""

try:
    import numba as _numba  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("numba is not installed: pip install 'btcore[numba]'", name="numba") from error

from .strategies.compiled.numba import *  # noqa: F403
from .strategies.compiled.numba_indicators import *  # noqa: F403
from .strategies.compiled.numba_orders import *  # noqa: F403
