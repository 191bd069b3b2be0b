"""Compiles the function of a `btcore.compiled` strategy with Numba."""

from collections.abc import Callable
from typing import Any

from btcore.errors import ConfigError

from .compile_errors import explain, place_of
from .handler import RAISED, TOO_FEW
from .state_layout import Layout


def compile_function(
    function: Callable[..., None],
    events: tuple[str, ...],
    layout: Layout,
    parameters: frozenset[str],
    shared: bool,
) -> Any:
    """The `numba.cfunc` that the engine calls.

    ConfigError with file and line if Numba cannot compile the function; ModuleNotFoundError without Numba.
    """
    try:
        from numba import cfunc, from_dtype, njit, types
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "numba is not installed: pip install 'btcore[numba]'", name="numba"
        ) from error
    from . import numba_account  # noqa: F401  # registers the methods
    from .numba import FILL, signature
    from .numba_pipeline import CheckedCompiler
    from .numba_state import StateType, state_count, state_view
    from .numba_views import AccountType, EventType, account_view, event_view

    arrays = {name: from_dtype(kind) for name, kind in layout.arrays}
    state, event = StateType(from_dtype(layout.head()), arrays, parameters), EventType(events)
    inner: Any = njit(boundscheck=True, pipeline_class=CheckedCompiler)(function)
    arguments = (state, event, AccountType())
    try:
        inner.compile(arguments)
    except Exception as error:  # errors of Numba, Python and llvmlite
        raise ConfigError(explain(function, error)) from error
    result = inner.overloads[arguments].signature.return_type
    if result != types.none:
        raise ConfigError(
            f"strategy {function.__name__} ({place_of(function)}): it returns or yields a value; a strategy "
            "returns nothing"
        )

    at, count, see = state_view(state), state_count(state), event_view(event)
    view: Any = account_view

    def call(own: Any, market: Any, account: Any, out: Any) -> Any:
        index = 0 if shared or market.kind > FILL else market.symbol
        if index >= count(own):
            return TOO_FEW
        try:
            inner(at(own, index), see(market), view(market, account, out))
        except Exception:
            return RAISED
        return 0

    return cfunc(signature())(call)
