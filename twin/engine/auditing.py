"""How a server fills its audit: at once where an answer waits for it, soon for refusals, and after the graph's log.

What is refused again and again within a moment becomes one record that says how often: nobody can fill a disk by
asking for what is not theirs. Changes of the graph are read from its log, from where the audit stands.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
import structlog

from twin.errors import BackendError
from twin.store import LogTrimmed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twin.access.audit import Audit, Deed, Reported
    from twin.graph.model import Change
    from twin.store import GraphStore

__all__ = ["Auditing", "take_up", "unreported"]

T = TypeVar("T")

_CHANGES_A_READ = 50
_MOST = 1000
"""Different deeds that wait to be written; more are counted and become one record."""

log = structlog.get_logger(__name__)


class InPool(Protocol):
    """Runs what blocks on another thread."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]:
        """What ``call`` returned, or raised."""


class Auditing:
    """On the loop; what blocks is passed on."""

    def __init__(
        self,
        audit: Audit,
        in_pool: InPool,
        read: Callable[[Reported], Awaitable[tuple[str, list[Change]]]],
    ) -> None:
        """``read`` gives the timeline of the graph's log, and what is in it after what was reported, some at a time."""
        self._audit = audit
        self._in_pool = in_pool
        self._read = read
        self._waiting: Counter[Deed] = Counter()
        self._moments: dict[Deed, int] = {}
        self._lost = 0
        self._followed: Reported | None = None

    def soon(self, deed: Deed) -> None:
        """Keep a deed within a moment (`flush`)."""
        same = msgspec.structs.replace(deed, at=0)
        if same not in self._waiting and len(self._waiting) >= _MOST:
            self._lost += 1
            return
        self._waiting[same] += 1
        self._moments.setdefault(same, deed.at)

    async def now(self, deed: Deed) -> None:
        """Keep a deed; it is on the disk on return. `BackendError`: it cannot be kept, so it must not be done."""
        await self._in_pool(partial(self._audit.add, [deed]))

    async def flush(self) -> None:
        """Write what waits; where that fails it goes on waiting."""
        if not self._waiting:
            return
        waiting, moments = self._waiting, self._moments
        self._waiting, self._moments = Counter(), {}
        deeds = [msgspec.structs.replace(each, at=moments[each], times=times) for each, times in waiting.items()]
        if self._lost:
            log.warning("audit.crowded", uncounted=self._lost)
        try:
            await self._in_pool(partial(self._audit.add, deeds))
        except BackendError:
            for deed, times in waiting.items():
                self._waiting[deed] += times
                self._moments[deed] = moments[deed]
            raise
        self._lost = 0

    async def reported(self, timeline: str) -> int:
        """How far the log of a graph has been taken up: nothing beyond it may be forgotten."""
        reported = await self._in_pool(self._audit.reported)
        return reported.sequence if reported.timeline == timeline else 0

    async def trim(self, before: int, at: int) -> None:
        """Forget what was done before a time (both in microseconds)."""
        forgotten = await self._in_pool(partial(self._audit.trim, before, at))
        if forgotten:
            log.info("audit.trimmed", records=forgotten)

    async def follow(self, head: Reported) -> None:
        """Take up what the graph's log has more than the audit; nothing is read where ``head`` was taken up before."""
        if head == self._followed:
            return
        reported = await self._in_pool(self._audit.reported)
        while True:
            timeline, changes = await self._read(reported)
            if not changes:
                self._followed = head
                return
            reported = await self._in_pool(partial(self._audit.follow, timeline, changes))


def unreported(store: GraphStore, timeline: str, reported: Reported) -> list[Change]:
    """What the log of a graph has more than was reported, some of it; on another timeline, or where the log was
    trimmed meanwhile, from as far back as it is kept.
    """
    since = reported.sequence if reported.timeline == timeline else store.trimmed().sequence
    try:
        return store.changes(since, _CHANGES_A_READ)
    except LogTrimmed as gone:
        log.warning("audit.missed", since=since, until=gone.mark.sequence)
        return store.changes(gone.mark.sequence, _CHANGES_A_READ)


def take_up(audit: Audit, store: GraphStore, timeline: str) -> int:
    """Take up all that the log of a graph has more than the audit, beside a server too: how far that is."""
    reported = audit.reported()
    while changes := unreported(store, timeline, reported):
        reported = audit.follow(timeline, changes)
    return reported.sequence if reported.timeline == timeline else 0
