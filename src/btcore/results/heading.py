"""What a run is called on charts, on pages and in the terminal."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from .labels import NO_COSTS
from .tables import Table


class Titled(Protocol):
    """The parts of a result that its heading is made of."""

    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def trades(self) -> Table: ...
    @property
    def equity_curve(self) -> Table: ...
    @property
    def logs(self) -> list[str]: ...


def run_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a manifest that describes the run; all of it in those without such a part."""
    run: Mapping[str, Any] = manifest.get("run", manifest)
    return run


def heading(result: Titled) -> tuple[str, str]:
    """The title, which is the strategy with its parameters; a line of symbols, dates, and "no costs"."""
    strategy = run_of(result.manifest).get("strategy", {})
    params = ", ".join(f"{name}={value}" for name, value in (strategy.get("params") or {}).items())
    title = f"{strategy.get('name', 'backtest')}({params})"
    symbols = list(dict.fromkeys(row["symbol"] for row in result.manifest.get("data", [])))
    symbols = symbols or np.unique(result.trades["symbol"]).tolist()
    shown = ", ".join(symbols[:8]) + (f" and {len(symbols) - 8} more" if len(symbols) > 8 else "")
    first, last = (
        str(t)[:16].replace("T", " ") for t in result.equity_curve["timestamp"][[0, -1]].astype("M8[ns]")
    )
    free = NO_COSTS if any(line.startswith(NO_COSTS) for line in result.logs) else ""
    return title, " · ".join(part for part in (shown, f"{first} to {last} UTC", free) if part)
