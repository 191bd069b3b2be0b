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
