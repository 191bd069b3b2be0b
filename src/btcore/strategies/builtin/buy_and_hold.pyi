from typing import Any, final

from btcore.strategies.builtin.signal import Signal

@final
class BuyAndHold(Signal):
    def __init__(self, params: Any, n_symbols: int) -> None: ...
