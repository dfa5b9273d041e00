"""Whether a graph is what its log says: the store's own word against what is made again from the base and the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.engine.replay import Replay

if TYPE_CHECKING:
    from twin.graph.model import Entity
    from twin.store import GraphStore

__all__ = ["Verified", "Wrong", "verify"]


class Wrong(msgspec.Struct, frozen=True):
    """A site that is not what the log says."""

    site: str
    """Its id; empty for what is in no site."""
    key: str
    missing: int
    """Entities that the log has made, and the store has not."""
    unknown: int
    """Entities that the store has, and no log has made."""
    different: int
    relations: int
    """Relations that only one of the two has."""


class Verified(msgspec.Struct, frozen=True):
    """What came of it."""

    sequence: int
    since: int
    """From which sequence on the log is kept; 0: from its beginning."""
    entities: int
    relations: int
    wrong: list[Wrong]


def verify(store: GraphStore) -> Verified:
    """Compare a graph with what is made again from its log; beside a server too. It takes the memory of both.

    Raises:
        BackendError: the store cannot be read.
    """
    since = store.trimmed().sequence
    snapshot = store.load()
    entities = {each.id: each for each in snapshot.entities}
    relations = set(snapshot.relations)
    replay = Replay(store)
    replay.to(snapshot.head)
    made = replay.mirror.entities
    altered = [each for each in entities.keys() | made.keys() if entities.get(each) != made.get(each)]
    tied = relations ^ set(replay.mirror.relations())
    sites: dict[str, list[int]] = {}
    for each in altered:
        counts = sites.setdefault((entities.get(each) or made[each]).site, [0, 0, 0, 0])
        counts[0 if each not in entities else 1 if each not in made else 2] += 1
    for relation in tied:
        source = entities.get(relation.source) or made.get(relation.source)
        sites.setdefault("" if source is None else source.site, [0, 0, 0, 0])[3] += 1
    wrong = [Wrong(site, _key(entities.get(site) or made.get(site)), *counts) for site, counts in sites.items()]
    return Verified(snapshot.head, since, len(entities), len(relations), sorted(wrong, key=lambda each: each.key))


def _key(site: Entity | None) -> str:
    return "" if site is None else site.key
