"""`--strategy my_file.py:Dip`: a strategy of the user's own in place of a built-in one."""

import inspect
from typing import Any, NamedTuple

from btcore.errors import ConfigError
from btcore.strategies.compiled.decorator import CompiledFunction

from .request_options import merged


class OwnStrategy(NamedTuple):
    """What a file has under the name given, and the parameters for it."""

    strategy: Any
    params: dict[str, Any]

    def to_run(self) -> tuple[Any, dict[str, Any] | None]:
        """Strategy and parameters as `run` takes them: a function is called with the parameters."""
        if isinstance(self.strategy, type | CompiledFunction):
            return self.strategy, self.params
        if inspect.isfunction(self.strategy):
            try:
                inspect.signature(self.strategy).bind(**self.params)
            except TypeError as error:
                raise ConfigError(f"strategy.params: {self.strategy.__name__}: {error}") from error
            return self.strategy(**self.params), None
        if self.params:
            name, *_ = self.params
            raise ConfigError(f"strategy.params.{name}: {type(self.strategy).__name__} has no parameters")
        return self.strategy, None


def take_own_strategy(body: dict[str, Any]) -> OwnStrategy | None:
    """Takes a strategy of a file out of the request body; None, and the body as it was, for another name."""
    given = merged(body, "strategy")
    name = given.get("name")
    if not isinstance(name, str) or not (name.endswith(".py") or ".py:" in name):
        return None

    from btcore.strategies.own_files import find_strategy

    try:
        strategy = find_strategy(name)
    except ConfigError as error:
        raise ConfigError(f"--strategy: {error}") from error
    del body["strategy"]
    return OwnStrategy(strategy, merged(given, "params"))
