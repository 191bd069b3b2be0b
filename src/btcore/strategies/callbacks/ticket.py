"""`Ticket`: the id of an order, through which its strategy reads, amends and cancels it."""

from typing import TYPE_CHECKING, Any, ClassVar

from .order_state import OrderState

if TYPE_CHECKING:
    from .context import Context


class Ticket(int):
    """What `Context.buy` and the other functions that send orders return: the order's id, as an int.

    Its properties are what the strategy knows of the order now, with response latency what was reported. They
    and the methods raise OrderError outside of a callback: after the run, `Result.orders` has the order by
    its id. A copy or a pickle of a ticket is the id alone.
    """

    __slots__ = ()
    _context: ClassVar["Context"]

    @property
    def id(self) -> int:
        """The id of the order, the same number."""
        return int(self)

    @property
    def state(self) -> OrderState:
        """All that is known of the order, as `Context.order` gives it."""
        return self._context.order(self)

    @property
    def symbol(self) -> str:
        """The symbol of the order."""
        return self.state.symbol

    @property
    def side(self) -> str:
        """ "buy" or "sell"."""
        return self.state.side

    @property
    def quantity(self) -> float:
        """The quantity of the whole order."""
        return self.state.quantity

    @property
    def status(self) -> str:
        """ "new", "partially_filled", "filled", "canceled", "expired" or "rejected"."""
        return self.state.status

    @property
    def is_open(self) -> bool:
        """True if its end is not known."""
        return self.state.is_open

    @property
    def filled(self) -> float:
        """The quantity that has filled."""
        return self.state.filled_quantity

    @property
    def leaves(self) -> float:
        """The quantity that is open: of a child what has been released, 0 once the order has ended."""
        return self.state.leaves_quantity

    @property
    def average_price(self) -> float | None:
        """The average price of its fills; None before the first."""
        return self.state.average_price

    @property
    def tag(self) -> str:
        """The text that the order was sent with."""
        return self.state.tag

    def amend(self, **terms: Any) -> None:
        """Requests new terms, by the names of `Context.amend`."""
        self._context.amend(self, **terms)

    def cancel(self) -> None:
        """Requests the cancellation of the order."""
        self._context.cancel(self)

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int(self),)


def tickets_of(context: "Context") -> type[Ticket]:
    """The class of the tickets of this context: without attributes of their own they are fast to create."""
    return type("Ticket", (Ticket,), {"__slots__": (), "__module__": Ticket.__module__, "_context": context})
