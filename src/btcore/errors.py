"""What can go wrong, by who can mend it. Every message says where the fault is."""


class BtcoreError(Exception):
    """Base of every error btcore raises on purpose."""


class DataError(BtcoreError, ValueError):
    """Market data that cannot be true, or is not there; the message names file, row and value."""


class ConfigError(BtcoreError, ValueError):
    """A run that is asked for wrongly; the message names the field."""


class OrderError(BtcoreError, ValueError):
    """An order no market could understand, refused before it is sent."""


class StrategyError(BtcoreError, RuntimeError):
    """A strategy that raised or ran away; the original exception, if any, is the cause."""


class RowError(DataError):
    """A bad row: `kind[row]: problem`. Readers put the file and its line in the place of `kind[row]`."""

    def __init__(self, kind: str, row: int, problem: str, count: int = 1) -> None:
        super().__init__(kind, row, problem, count)
        self.kind, self.row, self.problem, self.count = kind, row, problem, count

    def located(self, place: str) -> str:
        """The message with `place` in front, and how many rows are bad in all."""
        more = f"; the first of {self.count} such rows" if self.count > 1 else ""
        return f"{place}: {self.problem}{more}"

    def __str__(self) -> str:
        return self.located(f"{self.kind}[{self.row}]")
