from typing_extensions import disjoint_base

from btcore.contract import Handler

@disjoint_base
class Signal(Handler): ...
