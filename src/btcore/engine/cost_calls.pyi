from collections.abc import Callable
from typing import Any

class CostCalls:
    def __init__(
        self, callables: tuple[Callable[..., float] | None, ...], instruments: tuple[Any, ...]
    ) -> None: ...
    @property
    def error(self) -> BaseException | None: ...
    @property
    def fault(self) -> str | None: ...
