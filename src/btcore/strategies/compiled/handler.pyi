from collections.abc import Iterable
from typing import Any, final

from numpy.typing import NDArray

from btcore.contract import Handler

EVENTS: dict[str, int]
RAISED: int
TOO_FEW: int

def unpack_capsule(capsule: Any) -> tuple[int, str]: ...

@final
class CompiledHandler(Handler):
    def __init__(
        self,
        address: int,
        memory: NDArray[Any] | None,
        events: Iterable[str],
        owner: Any,
        described: dict[str, Any],
    ) -> None: ...
    @property
    def described(self) -> dict[str, Any]: ...
    @property
    def final_state(self) -> NDArray[Any] | None: ...
    @property
    def error(self) -> Exception | None: ...
