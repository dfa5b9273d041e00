"""The relations that a topology asks for, against those that it has made before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONTAINS, Link, Relation, Unlink
from twin.ids import sort_key
from twin.topology.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from twin.graph.mirror import Mirror
    from twin.topology.desired import Desired

__all__ = ["Key", "links", "live_relations", "unlinks"]

Key = tuple[str, str, str]
"""(source id, target id, type)."""


def links(desired: Desired, ids: Mapping[str, str], mirror: Mirror, live: Container[Key]) -> list[tuple[Link, Step]]:
    """What is to be added. ``live`` is what the topology has made before; ``ids`` are those that paths will have."""
    entities, instance = mirror.entities, desired.topology
    found = []
    for wanted in desired.relations:
        source, target, name = ids[wanted.source], ids[wanted.target], wanted.type
        if (source, target, name) in live:
            continue
        both = source in entities and target in entities
        if not both or mirror.relation(source, target, name) is None:
            link = Link(Relation(type=name, source=source, target=target, instance=instance))
            found.append((link, Step("+", name, f"{wanted.source} -> {wanted.target}")))
    return found


def unlinks(wanted: Container[Key], live: Iterable[Key], mirror: Mirror) -> list[tuple[Unlink, Step]]:
    """What is to be removed, in natural order."""
    entities = mirror.entities
    stale = [key for key in live if key not in wanted]
    stale.sort(key=lambda key: (sort_key(entities[key[0]].path), sort_key(entities[key[1]].path), key[2]))
    return [
        (
            Unlink(type=name, source=source, target=target),
            Step("-", name, f"{entities[source].path} -> {entities[target].path}"),
        )
        for source, target, name in stale
    ]


def live_relations(mirror: Mirror, site: str, instance: str, gone: Container[str]) -> set[Key]:
    """What a topology has made in a site and is not going anyway."""
    edges = mirror.graph.edges(mirror.intervals(site).order, keys=True, data=True)
    return {
        (source, target, name)
        for source, target, name, data in edges
        if name != CONTAINS and data.get("instance") == instance and source not in gone and target not in gone
    }
