from typing import Any, final

from btcore.contract import Handler
from btcore.strategies.callbacks.context import Context

@final
class CallbackHandler(Handler):
    @property
    def strategy(self) -> object: ...
    def __init__(self, strategy: Any, symbols: tuple[str, ...]) -> None: ...
    @property
    def context(self) -> Context: ...
    @property
    def error(self) -> BaseException | None: ...
