"""One site of a mirror as it is at one moment, gathered in short turns of the loop that owns the mirror.

A plan is made from it on another thread, where nobody waits: only the loop may look at the mirror itself.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from twin.errors import Conflict
from twin.graph.mirror import Mirror
from twin.graph.model import CONTAINS, Document, Entity, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Excerpt", "excerpt"]

_TURN_SECONDS = 0.002
_TRIES = 20


class Excerpt(msgspec.Struct, frozen=True):
    """A site by its key (nothing, where there is none), and all the documents of its twin."""

    head: int
    timeline: str
    documents: tuple[Document, ...]
    entities: list[Entity]
    relations: list[Relation]

    def mirror(self) -> Mirror:
        """A mirror of its own that holds just this; making it takes a while."""
        made = Mirror()
        made.load(
            head=self.head,
            timeline=self.timeline,
            documents=self.documents,
            entities=self.entities,
            relations=self.relations,
        )
        return made


async def excerpt(mirror: Mirror, key: str) -> Excerpt:
    """The site of a key; begun again whenever it changes meanwhile.

    Raises:
        Conflict: it never stood still for long enough.
    """
    for _ in range(_TRIES):
        found = await _gathered(mirror, key)
        if found is not None:
            return found
    raise Conflict("the site keeps changing", code="site.busy", help="wait until what changes it has finished")


async def _gathered(mirror: Mirror, key: str) -> Excerpt | None:
    site = mirror.by_path(key)
    entities: list[Entity] = []
    relations: list[Relation] = []
    if site is not None:
        since = mirror.sites.get(site.id)
        ahead = [site.id]
        until = time.perf_counter() + _TURN_SECONDS
        while ahead:  # by hand: the site's intervals, if they are not there, are made in one long turn
            entity = mirror.entities[ahead.pop()]
            entities.append(entity)
            relations.extend(_relations(mirror, entity))
            ahead += mirror.children(entity.id)
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                if mirror.sites.get(site.id) != since:
                    return None
                until = time.perf_counter() + _TURN_SECONDS
    return Excerpt(mirror.head, mirror.timeline, tuple(mirror.documents.values()), entities, relations)


def _relations(mirror: Mirror, source: Entity) -> Iterator[Relation]:
    """What is linked from an entity to others of its site; what a view includes by its rule follows from the rule."""
    for target, keys in mirror.edges(source, "OUT").items():
        for name, data in keys.items():
            if name != CONTAINS and "rule" not in data and mirror.entities[target].site == source.site:
                yield Relation(type=name, source=source.id, target=target, instance=data.get("instance"))
