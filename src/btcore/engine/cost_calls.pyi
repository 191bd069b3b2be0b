from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

__pyx_capi__: dict[str, object]  # C functions, for other compiled modules

@disjoint_base
class CostCalls:
    def __init__(
        self, callables: tuple[Callable[..., float] | None, ...], instruments: tuple[Any, ...]
    ) -> None: ...
    @property
    def error(self) -> BaseException | None: ...
    @property
    def fault(self) -> str | None: ...
