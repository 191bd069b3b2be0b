"""The compiler of `btcore.compiled` strategies: that of Numba, with a check of what they set."""

# mypy: disable-error-code="untyped-decorator,misc,no-untyped-call"

from typing import Any

from numba.core import ir
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, register_pass
from numba.core.typed_passes import NopythonTypeInference

from .numba_state import StateType, check_write
from .numba_views import AccountType, EventType


@register_pass(mutates_CFG=False, analysis_only=True)
class CheckWrites(AnalysisPass):
    """Refuses values that Numba would convert, and fields that cannot be set."""

    _name = "btcore_check_writes"

    def __init__(self) -> None:
        AnalysisPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        for block in state.func_ir.blocks.values():
            for write in block.find_insts(ir.SetAttr):
                target = state.typemap[write.target.name]
                if isinstance(target, StateType | EventType | AccountType):
                    check_write(target, write.attr, state.typemap[write.value.name], write.loc)
        return False


class CheckedCompiler(CompilerBase):
    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(CheckWrites, NopythonTypeInference)
        passes.finalize()
        return [passes]
