"""The values of the header `Host` that are answered.

A page of another site can make its own name lead to this machine (DNS rebinding); its browser then sends that
name as `Host`.
"""

from collections.abc import Iterable

from btserver.settings import is_loopback

_KNOWN = 1024  # names whose verdict is kept


class Hosts:
    """Names that may be in `Host`: those that are given; if none are, any, or only names of this machine."""

    def __init__(self, names: Iterable[str], *, loopback_only: bool) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._loopback_only = loopback_only
        self._verdicts: dict[bytes, bool] = {}

    def allow(self, host: bytes) -> bool:
        """True if a request to that host, with or without a port, is answered."""
        verdict = self._verdicts.get(host)
        if verdict is None:
            verdict = self._is_allowed(_name(host.decode("latin-1").lower()))
            if len(self._verdicts) < _KNOWN:
                self._verdicts[host] = verdict
        return verdict

    def _is_allowed(self, name: str) -> bool:
        if self._loopback_only:
            return is_loopback(name)
        return not self._names or name in self._names


def _name(host: str) -> str:
    """The host without its port and brackets."""
    name, colon, port = host.rpartition(":")
    if colon and (port.isdigit() or not port) and not (":" in name and not name.endswith("]")):
        host = name
    return host.strip("[]")
