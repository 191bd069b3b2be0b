from typing import Self

from typing_extensions import disjoint_base

from btcore.contract import Handler
from btcore.feed.tape import Tape

@disjoint_base
class Signal(Handler):
    def renewed(self) -> Self: ...
    def see_history(self, tape: Tape) -> None: ...
