"""The settings of Execution that come closest to the defaults of other packages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from .errors import ConfigError, near_name

Peer = Literal["lean", "nautilus", "vectorbt", "backtesting.py"]

# docs/conventions.md, "Settings like those of other packages", says why, and what remains different.
_LEAN_LEVERAGE = 2.0  # of US equities
_LEAN_BUFFER = 0.1  # a margin call comes when the margin used exceeds equity by more than that
_SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "lean": MappingProxyType(
            {
                "bar_fill": "close",
                "limit_fill": "through",
                "leverage": _LEAN_LEVERAGE,
                "maintenance_margin": 1.0 / (_LEAN_LEVERAGE * (1.0 + _LEAN_BUFFER)),
                "commission_per_share": 0.005,
                "commission_min": 1.0,
            }
        ),
        "nautilus": MappingProxyType(
            {"bar_fill": "close", "limit_fill": "touch", "intrabar": "path", "leverage": 10.0}
        ),
        "vectorbt": MappingProxyType({"bar_fill": "close", "limit_fill": "touch"}),
        "backtesting.py": MappingProxyType({"limit_fill": "touch", "cost_basis": "fifo"}),
    }
)


def settings_like(package: Peer) -> Mapping[str, Any]:
    """The fields of Execution that differ from their defaults for that package, by name.

    ConfigError for a name that is not "lean", "nautilus", "vectorbt" or "backtesting.py".
    """
    found = _SETTINGS.get(package) if isinstance(package, str) else None
    if found is None:
        names = ", ".join(map(repr, _SETTINGS))
        raise ConfigError(
            f"Execution.like: {package!r} is not known{near_name(package, _SETTINGS)}, only {names}"
        )
    return found
