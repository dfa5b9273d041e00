"""What is next to an entity: along one relation, in a view, and the views it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from twin.graph.model import CONTAINS, INCLUDES
from twin.graph.visibility import among, seeing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.visibility import Sites

__all__ = ["Direction", "Related", "members", "related", "views_of"]

Direction = Literal["OUT", "IN"]


class Related(NamedTuple):
    """One neighbour and the relation that leads to it."""

    relation: str
    entity: Entity


def related(
    mirror: Mirror,
    entity: Entity,
    relation: str | None = None,
    direction: Direction = "OUT",
    sites: Sites = None,
) -> list[Related]:
    """The neighbours along one relation (None: along all but CONTAINS), in natural order of their paths."""
    if relation is not None:
        return [Related(relation, each) for each in _along(mirror, entity, relation, direction, sites)]
    found = [
        (other, key)
        for other, keys in mirror.edges(entity, direction).items()
        for key in sorted(keys)
        if key != CONTAINS
    ]
    seen = _in_order(mirror, dict.fromkeys(other for other, _ in found), sites)
    keys: dict[str, list[str]] = {}
    for other, key in found:
        keys.setdefault(other, []).append(key)
    return [Related(key, each) for each in seen for key in keys[each.id]]


def members(mirror: Mirror, view: Entity, sites: Sites = None) -> list[Entity]:
    """What a view includes, as it was listed or by its rule; not what lies below those, or is in views among them."""
    return _along(mirror, view, INCLUDES, "OUT", sites)


def views_of(mirror: Mirror, entity: Entity, sites: Sites = None) -> list[Entity]:
    """The views an entity is in: included itself, lying below something that is, or through a view within a view."""
    mirror.views.ready(entity.site)
    sees = None if sites is None else seeing(mirror, sites)
    return _in_order(mirror, mirror.views.around(entity.id, sees), sites)


def _along(mirror: Mirror, entity: Entity, relation: str, direction: Direction, sites: Sites) -> list[Entity]:
    edges = mirror.edges(entity, direction)
    return _in_order(mirror, [other for other, keys in edges.items() if relation in keys], sites)


def _in_order(mirror: Mirror, ids: Iterable[str], sites: Sites) -> list[Entity]:
    """Those of these that may be seen, in natural order of their paths."""
    found = [mirror.entities[each] for each in among(mirror, ids, sites)]
    if len(found) > 1:
        found.sort(key=mirror.placing({each.site for each in found}))
    return found
