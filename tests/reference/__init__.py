"""The oracle: docs/simulation.md written a second time, slowly, in plain Python.

Nothing here is shared with the engine but the words and the run's settings. The modules follow the page's
order; where speed and clarity disagree, clarity wins. After every event the run checks itself.
"""

from .model import Bar, Fill, Order, Quote, ReferenceResult, Trade
from .run import Reference, sequence

__all__ = ["Bar", "Fill", "Order", "Quote", "Reference", "ReferenceResult", "Trade", "sequence"]
