"""A second engine, written from docs/simulation.md in plain Python.

It shares the settings of a run with btcore, and no code. The modules follow the order of the page. Clarity
comes before speed. After every event the run checks its invariants.
"""

from .model import Bar, Fill, Order, Quote, ReferenceResult, Trade
from .run import Reference, end_of, sequence

__all__ = ["Bar", "Fill", "Order", "Quote", "Reference", "ReferenceResult", "Trade", "end_of", "sequence"]
