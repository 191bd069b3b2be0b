"""The results of windows that follow each other as one Result, as if one account had played them in turn."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from btcore.backtest.inputs import execution_source, price_columns
from btcore.backtest.manifest import make_manifest, with_notes
from btcore.backtest.prepare import PreparedRun
from btcore.data.hashing import sha256_hex
from btcore.errors import ConfigError
from btcore.results.journal import Curve, RunJournal
from btcore.results.result import Result
from btcore.results.summary import Metrics, summarize
from btcore.version import __version__

Records = NDArray[Any]
FROM_ZERO = ("symbol", "event", "n_fills")  # columns that count from 0


class Part(NamedTuple):
    """A window: what its log lines begin with, and its result, which has just been played."""

    name: str
    result: Result

    @property
    def journal(self) -> RunJournal:
        journal = self.result.journal
        if journal is None:
            raise ConfigError(f"{self.name}: a result that was loaded cannot be joined, only one just played")
        return journal


class JoinedJournal(RunJournal):
    """The records of all parts, one after the other: ids of orders, groups and events go on counting.

    The first point of the curve of each part but the first is left out: it repeats the last equity of the
    part before. If a part ends with open positions, each part has symbols of its own, so that fills of one
    are never paired with those of another.
    """

    def __init__(
        self, parts: Sequence[Part], closes: NDArray[np.int64] | None, lines: Sequence[str] = ()
    ) -> None:
        """`closes` are those of the sessions of the calendar; `lines` are the first of the log."""
        self._parts = [each.journal for each in parts]
        self._named, self._lines = list(parts), list(lines)
        first = self._parts[0].symbols
        for part, journal in zip(parts, self._parts, strict=True):
            if journal.symbols != first:
                raise ConfigError(
                    f"{part.name}: its symbols are {journal.symbols}, those of the first {first}"
                )
        self.is_flat: bool = all(not journal.positions["qty"].any() for journal in self._parts[:-1])
        self.symbols: tuple[str, ...] = first if self.is_flat else first * len(parts)
        self.closes = closes
        self.ambiguous_bars: int = sum(journal.ambiguous_bars for journal in self._parts)
        self.events: int = sum(journal.events for journal in self._parts)
        self._orders_before = self._sums(len(journal.orders) for journal in self._parts)
        self.tags: Mapping[int, str] = {
            number + before: tag
            for journal, before in zip(self._parts, self._orders_before, strict=True)
            for number, tag in journal.tags.items()
        }

    def statistics(self, timezone: str) -> None:
        """None: they are computed from the joined tables."""

    @staticmethod
    def _sums(counts: Iterator[int]) -> list[int]:
        """The sum of the counts before each."""
        return np.cumsum([0, *counts])[:-1].tolist()  # type: ignore[no-any-return]

    def _joined(self, name: str, added: Mapping[str, Sequence[int]]) -> Records:
        """The records `name` of all parts; to each column of `added` the number of its part is added."""
        records = [getattr(journal, name) for journal in self._parts]
        ends = np.cumsum([0, *map(len, records)]).tolist()
        joined = np.empty(
            ends[-1], records[0].dtype
        )  # np.concatenate would leave out the padding of the structs
        for i, part in enumerate(records):
            own = joined[ends[i] : ends[i + 1]]
            own[:] = part
            for column, more in added.items():
                # 0 is no order and no group, and -1 is the account.
                is_one = own[column] >= (0 if column in FROM_ZERO else 1)
                own[column] += np.where(is_one, more[i], 0).astype(own[column].dtype)
        return joined

    @property
    def _symbols_before(self) -> list[int]:
        own = len(self._parts[0].symbols)
        return [0 if self.is_flat else i * own for i in range(len(self._parts))]

    @cached_property
    def logs(self) -> list[str]:
        own = [each.result.logs for each in self._named]
        common = [line for line in own[0] if all(line in lines for lines in own[1:])]
        return [
            *self._lines,
            *dict.fromkeys(common),
            *(
                f"{part.name}: {line}"
                for part, lines in zip(self._named, own, strict=True)
                for line in lines
                if line not in common
            ),
        ]

    @cached_property
    def spread_cost(self) -> float:
        return sum(journal.spread_cost for journal in self._parts)

    @cached_property
    def orders(self) -> Records:
        groups = self._sums(int(journal.orders["oco"].max(initial=0)) for journal in self._parts)
        ids = self._orders_before
        return self._joined(
            "orders", {"id": ids, "parent": ids, "oco": groups, "symbol": self._symbols_before}
        )

    @cached_property
    def fills(self) -> Records:
        events = self._sums(journal.events for journal in self._parts)
        return self._joined(
            "fills", {"order_id": self._orders_before, "event": events, "symbol": self._symbols_before}
        )

    @cached_property
    def curve(self) -> Curve:
        curves = [journal.curve for journal in self._parts]

        def column(name: str) -> Records:
            return np.concatenate([getattr(each, name)[i > 0 :] for i, each in enumerate(curves)])

        return Curve(column("timestamp"), column("equity"), partial(column, "cash"))

    @cached_property
    def exposures(self) -> Records:
        return self._joined("exposures", {"symbol": self._symbols_before})

    @cached_property
    def positions(self) -> Records:
        return self._joined("positions", {"symbol": self._symbols_before})

    @cached_property
    def cash_flows(self) -> Records:
        return self._joined("cash_flows", {"symbol": self._symbols_before})

    @cached_property
    def restatements(self) -> Records:
        fills = self._sums(len(journal.fills) for journal in self._parts)
        return self._joined("restatements", {"n_fills": fills, "symbol": self._symbols_before})

    @cached_property
    def notes(self) -> Records:
        return self._joined("notes", {"order_id": self._orders_before})


def join(parts: Sequence[Part], whole: PreparedRun, kind: str, lines: Sequence[str] = ()) -> Result:
    """The Result of all parts, in order of time, each with the capital with which the one before ended.

    whole: the run over all data that the parts are taken from.
    kind: what chose the parameters, for the manifest: "walk_forward", "purged_kfold" or "cpcv".
    lines: the first lines of the log. A line of a part begins with its name, unless all parts have it.

    Tables and metrics are computed from the records of all parts as those of any run. The manifest has that
    of each part in "parts"; the fingerprint is a hash of theirs. Indicators are those of the parts only.
    """
    journal = JoinedJournal(parts, whole.calendar_closes, lines)
    last = int(journal.curve.timestamp[-1])
    benchmark = None if whole.benchmark is None else whole.benchmark.values
    result = Result.from_journal(
        journal,
        manifest=lambda: _manifest(parts, whole, kind),
        fingerprint=lambda: sha256_hex(
            msgspec.json.encode([__version__, kind, [part.result.fingerprint for part in parts]])
        ),
        timezone=whole.timezone,
        annual=whole.annual,
        benchmark=benchmark,
        prices=price_columns(whole.markets),
        markets={
            symbol: execution_source(streams).slice(int(journal.curve.timestamp[0]), last)
            for symbol, streams in whole.markets
        },
    )
    if not journal.is_flat:
        found = partial(summarize, journal, timezone=whole.timezone, annual=whole.annual, benchmark=benchmark)
        result._metrics = lambda: _with_exposure(found(), parts)
    return result


def _with_exposure(metrics: Metrics, parts: Sequence[Part]) -> Metrics:
    """The metrics with the exposure of the parts: what one has left at its end is not held in the next."""
    spans, shares = [], []
    for part in parts:
        times = part.journal.curve.timestamp
        spans.append(float(times[-1] - times[0]))
        shares.append(float(part.result.metrics["exposure_time"] or 0.0))
    return {**metrics, "exposure_time": float(np.dot(spans, shares)) / sum(spans) if sum(spans) else None}


def _manifest(parts: Sequence[Part], whole: PreparedRun, kind: str) -> dict[str, Any]:
    manifests = [part.result.manifest for part in parts]
    first, last = manifests[0]["run"], manifests[-1]["run"]
    strategy = {
        "kind": first["strategy"]["kind"],
        "name": first["strategy"]["name"],
        "params": {"chosen_by": kind},
    }
    run = {**first, "strategy": strategy, "end": last["end"]}
    data = with_notes(whole.data_hashes(), whole.streams)
    made = make_manifest(run, data, data_source=whole.data_source, timezone_from=whole.timezone_from)
    return {**made, "joined": kind, "parts": manifests}
