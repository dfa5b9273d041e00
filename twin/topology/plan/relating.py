"""The relations that a topology asks for, against those that it has made before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONTAINS, Link, Relation, Unlink
from twin.ids import sort_key
from twin.topology.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from twin.graph.mirror import Mirror
    from twin.topology.desired import Desired

__all__ = ["Key", "links", "live_relations", "unlinks"]

Key = tuple[str, str, str]
"""(source id, target id, type)."""


def links(desired: Desired, keys: Sequence[Key], mirror: Mirror, live: Container[Key]) -> list[tuple[Link, Step]]:
    """What is to be added. ``keys`` are those of the relations asked for, ``live`` what was made before."""
    entities, instance = mirror.entities, desired.topology
    found = []
    for wanted, key in zip(desired.relations, keys, strict=True):
        if key in live:
            continue
        source, target, name = key
        both = source in entities and target in entities
        if not both or mirror.relation(source, target, name) is None:
            link = Link(Relation(type=name, source=source, target=target, instance=instance))
            found.append((link, Step("+", name, f"{wanted.source} -> {wanted.target}")))
    return found


def unlinks(stale: Iterable[Key], mirror: Mirror) -> list[tuple[Unlink, Step]]:
    """What is to be removed, in natural order."""
    entities = mirror.entities
    return [
        (
            Unlink(type=name, source=source, target=target),
            Step("-", name, f"{entities[source].path} -> {entities[target].path}"),
        )
        for source, target, name in sorted(
            stale, key=lambda key: (sort_key(entities[key[0]].path), sort_key(entities[key[1]].path), key[2])
        )
    ]


def live_relations(mirror: Mirror, site: str, instance: str, gone: Container[str]) -> set[Key]:
    """What a topology has made in a site and is not going anyway."""
    edges = mirror.graph.edges(mirror.intervals(site).order, keys=True, data=True)
    return {
        (source, target, name)
        for source, target, name, data in edges
        if name != CONTAINS and data.get("instance") == instance and source not in gone and target not in gone
    }
