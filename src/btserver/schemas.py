"""Structs of responses, events and stored records. Requests are structs of `btcore.config`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from btcore import config
from btserver.run_id import RUN_ID_PATTERN, run_text

State = Literal["queued", "running", "completed", "failed"]
TERMINAL: tuple[State, ...] = ("completed", "failed")
RunId = Annotated[str, Meta(pattern=RUN_ID_PATTERN, description="A UUID, version 7.")]
Time = Annotated[datetime, Meta(tz=True)]
Fraction = Annotated[float, Meta(ge=0, le=1)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(ns: int) -> datetime:
    """Nanoseconds since the epoch as a UTC datetime; msgspec writes it as RFC 3339 with Z."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


Label = Annotated[str, Meta(min_length=1, max_length=64)]


class RunRequest(config.RunRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backtest: what `btcore run --request` takes, and what a user says about it.

    labels: words to find the run by.
    note: a text for its readers. Neither has an effect on the result or its fingerprint.
    """

    labels: Annotated[list[Label], Meta(max_length=32)] = field(default_factory=list)
    note: Annotated[str, Meta(max_length=10_000)] | None = None


def to_ns(time: datetime) -> int:
    """A time with a zone as nanoseconds since the epoch."""
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000


class Status(Struct, frozen=True, kw_only=True):
    """A run as `GET /v1/backtests/{run_id}` shows it."""

    run_id: RunId
    state: State
    progress: Fraction
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: str | None


class Trials(Struct, frozen=True, kw_only=True, array_like=True):
    """How far an optimization is; `best` is its best trial as JSON, empty if there is none."""

    completed: int = 0
    failed: int = 0
    running: int = 0
    best: bytes = b""

    @property
    def ended(self) -> int:
        """The number of trials that have ended."""
        return self.completed + self.failed


class RunRecord(Struct, frozen=True, kw_only=True, array_like=True):
    """A run or an optimization as it is stored.

    `order` is the order of creation, even if the clock was set back.
    """

    order: int
    created_ns: int
    state: State = "queued"
    progress: float = 0.0
    started_ns: int | None = None
    finished_ns: int | None = None
    error: str | None = None
    last_event_id: int = 0
    attempts: int = 0  # starts that were interrupted by a fault, or are not interrupted yet
    trials: Trials | None = None  # of an optimization

    def status(self, run: bytes) -> Status:
        """The record as `GET /v1/backtests/{run_id}` shows it."""
        return Status(
            run_id=run_text(run),
            state=self.state,
            progress=self.progress,
            created_at=to_datetime(self.created_ns),
            started_at=None if self.started_ns is None else to_datetime(self.started_ns),
            finished_at=None if self.finished_ns is None else to_datetime(self.finished_ns),
            error=self.error,
        )


class LogPayload(Struct, frozen=True, gc=False):
    """A line of the log of the run."""

    message: str


class ProgressPayload(Struct, frozen=True, gc=False):
    """How much of the run is done."""

    progress: Fraction


class MetricPayload(Struct, frozen=True, gc=False):
    """A number of the run: `equity` while it runs, every metric at the end."""

    name: str
    value: float


class StatePayload(Struct, frozen=True, gc=False):
    """A change of state; the first has no previous one."""

    state: State
    previous_state: State | None


class _Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    event_id: Annotated[int, Meta(ge=1, description="Counts from 1 within a run, without gaps.")]
    run_id: RunId
    timestamp: Time


class LogEvent(_Event, tag="log", frozen=True, kw_only=True):
    """A log line."""

    payload: LogPayload


class ProgressEvent(_Event, tag="progress", frozen=True, kw_only=True):
    """Progress."""

    payload: ProgressPayload


class MetricEvent(_Event, tag="metric", frozen=True, kw_only=True):
    """A metric."""

    payload: MetricPayload


class StateEvent(_Event, tag="state", frozen=True, kw_only=True):
    """A change of state."""

    payload: StatePayload


Event = LogEvent | ProgressEvent | MetricEvent | StateEvent
Payload = LogPayload | ProgressPayload | MetricPayload | StatePayload
_EVENT_OF: dict[type, type[LogEvent | ProgressEvent | MetricEvent | StateEvent]] = {
    LogPayload: LogEvent,
    ProgressPayload: ProgressEvent,
    MetricPayload: MetricEvent,
    StatePayload: StateEvent,
}


def make_event(event_id: int, run: bytes, now_ns: int, payload: Payload) -> Event:
    """The event with this payload."""
    kind: Any = _EVENT_OF[type(payload)]
    timestamp = to_datetime(now_ns)
    event: Event = kind(event_id=event_id, run_id=run_text(run), timestamp=timestamp, payload=payload)
    return event


class TableHead(Struct, frozen=True, array_like=True):
    """A stored table: how many rows, in how many blocks."""

    rows: int
    blocks: int


class ResultHead(Struct, frozen=True, kw_only=True, array_like=True):
    """The stored part of a result besides its blocks of rows: JSON texts, and the sizes of the tables."""

    metrics: bytes
    manifest: bytes
    fingerprint: str
    tables: dict[str, TableHead]
    bounds: bytes = b""  # JSON; empty without intrabar "bounds"
