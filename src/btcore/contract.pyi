from typing_extensions import disjoint_base

CONTRACT_VERSION: int

@disjoint_base
class Handler:
    def note_failure(self, code: int, fault: int) -> None: ...
