"""Whether the mirror is what the store says, site by site: looked at now and then beside everything else, and repaired.

The store says what each site comes to (`GraphStore.sums`) on a thread of its own; the mirror is counted in short turns
of the loop. A site that comes to something else is only suspected: others may have committed in between. It is read
from the store, and compared whole at a sequence that the mirror has reached and since which nothing has touched the
site. So nothing is ever repaired that does not differ.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
import structlog

from twin.errors import BackendError
from twin.graph.sums import Counted, counting
from twin.store import SiteSum

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.engine.core import Core
    from twin.graph.model import Relation
    from twin.store import Snapshot, Sums

__all__ = ["Drift", "DriftCheck"]

_TURN_SECONDS = 0.002
_TRIES = 5
_ROUNDS = 3
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Drift(msgspec.Struct, frozen=True):
    """A site that was not what the store says, and was repaired."""

    site: str
    """Its id; empty for what is in no site."""
    name: str
    store: SiteSum
    mirror: SiteSum
    entities: int
    """How many entities were missing, too many or different."""
    relations: int


class DriftCheck:
    """Checks and repairs a core's mirror; called on its loop."""

    def __init__(self, core: Core, repaired: Callable[[], object] = lambda: None) -> None:
        """``repaired`` is told after each repair: whatever remembers something of the mirror forgets it."""
        self._core = core
        self._repaired = repaired
        self.found = 0
        """How many sites were repaired, ever."""
        self.checked = 0
        """How many checks were made."""
        self.last: float | None = None
        """When the last one ended, in seconds since 1970 UTC."""

    async def run(self) -> list[Drift]:
        """Check every site, and repair those that differ.

        Raises:
            BackendError: the store does not answer.
        """
        found: list[Drift] = []
        for _ in range(_ROUNDS):
            fresh = await self._round()
            found += fresh
            if not fresh:  # a relation between two that were repaired comes with the second round
                break
        self.checked += 1
        self.last = time.time()
        return found

    async def _round(self) -> list[Drift]:
        sums = await asyncio.to_thread(self._core.store.sums)
        await self._reach(sums.head)
        counted = await self._counted()
        suspects = [site for site in sums.sites.keys() | counted.keys() if self._suspect(site, sums, counted)]
        if not sums.sites.keys() >= self._core.mirror.sites.keys():
            suspects += self._core.mirror.sites.keys() - sums.sites.keys() - set(suspects)
        found = [await self._look(site, sums, counted) for site in sorted(suspects)]
        return [drift for drift in found if drift is not None]

    async def _reach(self, head: int) -> None:
        """Wait until the mirror has come as far as the store had."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._core.mirror.head < head:
            self._core.commits.follow()
            await asyncio.sleep(_PAUSE_SECONDS)
            if time.monotonic() > until:
                raise BackendError("the mirror does not come as far as the store", code="store.unavailable")

    async def _counted(self) -> Counted:
        counted: Counted = {}
        until = time.perf_counter() + _TURN_SECONDS
        for _ in counting(self._core.mirror, counted):
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + _TURN_SECONDS
        return counted

    def _suspect(self, site: str, sums: Sums, counted: Counted) -> bool:
        return _sum(counted, site) != sums.sites.get(site, SiteSum())

    async def _look(self, site: str, sums: Sums, counted: Counted) -> Drift | None:
        """A suspected site, compared whole, and repaired if it differs."""
        core = self._core
        for _ in range(_TRIES):
            snapshot = await asyncio.to_thread(core.store.load_site, site)
            snapshot = msgspec.structs.replace(
                snapshot, entities=list(snapshot.entities), relations=list(snapshot.relations)
            )
            await self._reach(snapshot.head)
            if self._untouched(site, snapshot.head):
                differing = self._compare(site, snapshot)
                return self._repair(site, snapshot, sums, counted, differing) if any(differing) else None
        return None  # it changes all the time: the next check will have better luck

    def _untouched(self, site: str, head: int) -> bool:
        mirror = self._core.mirror
        return mirror.head == head or mirror.sites.get(site, mirror.head) <= head

    def _compare(self, site: str, snapshot: Snapshot) -> tuple[int, int]:
        """How many entities and relations of a site differ; one that the indexes do not agree on counts."""
        mirror, counted = self._core.mirror, Counted()
        theirs = {each.id: each for each in snapshot.entities}
        ours = {each.id: each for each in mirror.entities.values() if each.site == site}
        entities = sum(ours.get(each) != theirs.get(each) for each in ours.keys() | theirs.keys())
        for _ in counting(mirror, counted, ours.keys()):
            pass
        lost = _sum(counted, site).revisions != sum(each.revision for each in ours.values())
        begin = {each for each in snapshot.relations if each.source in theirs}
        return entities + lost, len(begin ^ self._relations(set(ours)))

    def _relations(self, ids: set[str]) -> set[Relation]:
        mirror = self._core.mirror
        found = set()
        for source in ids:
            try:
                targets = mirror.leaving(source)
            except KeyError:
                continue
            for target, keys in targets.items():
                found |= {made for key in keys if (made := mirror.relation(source, target, key)) is not None}
        return {each for each in found if each.type != "CONTAINS"}

    def _repair(self, site: str, snapshot: Snapshot, sums: Sums, counted: Counted, differing: tuple[int, int]) -> Drift:
        self._core.repair(site, snapshot)
        self._repaired()
        self.found += 1
        entity = self._core.mirror.get(site)
        drift = Drift(
            site=site,
            name=site if entity is None else entity.key,
            store=sums.sites.get(site, SiteSum()),
            mirror=_sum(counted, site),
            entities=differing[0],
            relations=differing[1],
        )
        log.error("mirror.drift", **msgspec.to_builtins(drift))
        return drift


def _sum(counted: Counted, site: str) -> SiteSum:
    return SiteSum(*counted.get(site, (0, 0, 0)))
