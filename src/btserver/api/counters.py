"""Counters of the server, in the text format of Prometheus."""

from collections import Counter
from collections.abc import Mapping

_SIZES = {
    "store_used_bytes": "Bytes of the store that have content.",
    "store_map_bytes": "Size of the memory map of the store, which grows.",
    "store_quota_bytes": "Bytes of the store above which no run is accepted; 0 for no quota.",
    "store_alarm": "1 if the store is near its quota, or the disk nearly full.",
    "disk_free_bytes": "Bytes that the disk of the store has left.",
}


class Counters:
    """Counters of one server process."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.request_seconds = 0.0
        self.streams_open = 0
        self.streams_dropped = 0

    def count(self, method: str, status: int, seconds: float) -> None:
        """Counts one response."""
        self.requests[method, status] += 1
        self.request_seconds += seconds

    def render(
        self,
        *,
        runs: Mapping[str, int],
        optimizations: Mapping[str, int],
        events: int,
        commits: int,
        workers: int,
        sizes: Mapping[str, int],
    ) -> str:
        """The text of `GET /metrics`."""
        responses = {
            f'method="{method}",status="{status}"': count
            for (method, status), count in sorted(self.requests.items())
        }
        total = sum(self.requests.values())
        return "".join(
            (
                _family(
                    "runs", "gauge", "Stored runs by state.", {f'state="{s}"': n for s, n in runs.items()}
                ),
                _family(
                    "optimizations",
                    "gauge",
                    "Stored optimizations by state.",
                    {f'state="{s}"': n for s, n in optimizations.items()},
                ),
                _family("requests_total", "counter", "HTTP responses sent.", responses),
                "# HELP btserver_request_seconds Time from a request to the end of its response.\n"
                "# TYPE btserver_request_seconds summary\n"
                f"btserver_request_seconds_sum {self.request_seconds:.6f}\n"
                f"btserver_request_seconds_count {total}\n",
                _family("streams_open", "gauge", "Open event streams.", {"": self.streams_open}),
                _family(
                    "streams_dropped_total",
                    "counter",
                    "Streams closed for slow readers.",
                    {"": self.streams_dropped},
                ),
                _family("events_written_total", "counter", "Events on disk since the start.", {"": events}),
                _family("commits_total", "counter", "Synchronous commits since the start.", {"": commits}),
                _family("workers_ready", "gauge", "Worker processes that are ready.", {"": workers}),
                *(_family(name, "gauge", _SIZES[name], {"": int(size)}) for name, size in sizes.items()),
            )
        )


def _family(name: str, kind: str, text: str, samples: Mapping[str, int]) -> str:
    lines = [f"# HELP btserver_{name} {text}", f"# TYPE btserver_{name} {kind}"]
    lines += [
        f"btserver_{name}{{{labels}}} {value}" if labels else f"btserver_{name} {value}"
        for labels, value in samples.items()
    ]
    return "\n".join(lines) + "\n"
