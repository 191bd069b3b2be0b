"""How long runs are kept, and how large a store may become."""

import asyncio
import logging
import shutil
import time

from msgspec import Struct

from btserver import schemas
from btserver.run_id import run_text
from btserver.schemas import RunRecord
from btserver.store.records import Records
from btserver.store.store import Store, StoreError

MIB = 2**20
SWEEP_SECONDS = 30.0
ALARM_SHARE = 0.8  # of the quota, or of the disk
PAGE = 200
_log = logging.getLogger("btserver.retention")


class Keep(Struct, frozen=True, kw_only=True):
    """What is kept of the runs that have ended; 0 for all. `quota_mib`: above it no run is accepted."""

    days: int = 0
    runs: int = 0
    mib: int = 0
    quota_mib: int = 0


class Retention:
    """Deletes the oldest of the ended runs, and says when the store or the disk is nearly full."""

    def __init__(self, store: Store, keep: Keep) -> None:
        self._store = store
        self._keep = keep
        self.is_alarmed = False

    @property
    def is_full(self) -> bool:
        """True if the store has reached its quota."""
        return 0 < self._keep.quota_mib * MIB <= self._store.used_bytes

    @property
    def quota_bytes(self) -> int:
        """The quota; 0 for none."""
        return self._keep.quota_mib * MIB

    def free_bytes(self) -> int:
        """What the disk of the store has left."""
        return shutil.disk_usage(self._store.directory).free

    async def work(self) -> None:
        """Sweeps until its task is cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                _log.error("old runs could not be deleted: %s", error)
            except Exception:
                _log.exception("old runs could not be deleted")
            self._look_at_use()
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Deletes what is not kept: too old, or beyond the number or the size that are kept.

        Days and number hold for backtests and for optimizations, each; for the size, the oldest of both go.
        """
        ended = [
            (record.order, store, run)
            for store in (self._store, self._store.optimizations)
            for run, record in await self._sweep_kind(store)
        ]
        ended.sort(key=lambda each: each[0], reverse=True)
        while ended and 0 < self._keep.mib * MIB < self._store.used_bytes:
            _, store, run = ended.pop()
            await self._delete(store, run)

    async def _sweep_kind(self, store: Records) -> list[tuple[bytes, RunRecord]]:
        """Deletes the jobs of a kind that are too old or too many; those that ended and are kept."""
        oldest = time.time_ns() - self._keep.days * 86_400 * 10**9 if self._keep.days else 0
        kept = 0
        ended: list[tuple[bytes, RunRecord]] = []
        before = None
        while page := store.newest(PAGE, before=before):
            for run, record in page:
                if record.state not in schemas.TERMINAL:
                    continue
                kept += 1
                finished = record.finished_ns or record.created_ns
                if finished < oldest or 0 < self._keep.runs < kept:
                    await self._delete(store, run)
                else:
                    ended.append((run, record))
            before = page[-1][1].order, page[-1][0]
            await asyncio.sleep(0)
        return ended

    async def _delete(self, store: Records, run: bytes) -> None:
        try:
            await store.delete(run)
        except KeyError:  # a client was faster
            return
        if store is self._store.optimizations:
            self._store.studies.remove(run)
        _log.info("run %s is deleted: it is not kept longer", run_text(run))

    def _look_at_use(self) -> None:
        used, quota = self._store.used_bytes, self.quota_bytes
        disk = shutil.disk_usage(self._store.directory)
        is_near_quota = quota > 0 and used > ALARM_SHARE * quota
        is_disk_near_full = disk.free < (1 - ALARM_SHARE) / 2 * disk.total
        was_alarmed, self.is_alarmed = self.is_alarmed, is_near_quota or is_disk_near_full
        if self.is_alarmed and not was_alarmed:
            of_quota = f" of a quota of {quota // MIB}" if quota else ""
            _log.warning(
                "the store uses %d MiB%s; the disk has %d left", used // MIB, of_quota, disk.free // MIB
            )
