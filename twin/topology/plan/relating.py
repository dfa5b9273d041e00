"""The relations that a topology asks for, against those that it has made before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import Link, Relation, Unlink
from twin.ids import sort_key
from twin.topology.plan.steps import Step

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from typing import Any

    from twin.graph.mirror import Mirror
    from twin.topology.desired import Desired

__all__ = ["Key", "is_related", "links", "live_relations", "unlinks"]

Key = tuple[str, str, str]
"""(source id, target id, type)."""
_NONE: dict[str, Any] = {}
_NOTHING: dict[str, dict[str, Any]] = {}


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
    return {
        (source, target, name)
        for source in mirror.intervals(site).order
        for target, between in mirror.leaving(source).items()
        for name, data in between.items()
        if data and data.get("instance") == instance and source not in gone and target not in gone
    }


def is_related(desired: Desired, ids: Mapping[str, str], mirror: Mirror, site: str) -> bool:
    """Whether the relations that a topology has made in a site are those it asks for: nearly always, so it is asked
    first. Both are known by their source, in natural order; what is found in another order is no answer yet.
    """
    entities, instance, wanted, leaving_of = mirror.entities, desired.topology, desired.relations, mirror.leaving
    at, last = 0, len(wanted)
    for source in mirror.intervals(site).order:
        leaving = leaving_of(source)
        made = 0
        for between in leaving.values():
            for data in between.values():
                if data and data.get("instance") == instance:
                    made += 1
        if not made:
            continue
        path, end = entities[source].path, at + made
        if end > last:
            return False
        for one in wanted[at:end]:
            data = leaving.get(ids[one.target], _NOTHING).get(one.type, _NONE)
            if one.source != path or data.get("instance") != instance:
                return False
        at = end
    return at == last
