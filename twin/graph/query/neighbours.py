"""What is next to an entity: along one relation, in a view, and the views it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from twin.graph.model import CONTAINS, INCLUDES
from twin.graph.query.selection import shown
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity

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
    sites: Collection[str] | None = None,
) -> list[Related]:
    """The neighbours along one relation (None: along all but CONTAINS), in natural order of their paths."""
    entities = mirror.entities
    if relation is None:
        found = [
            Related(key, entities[other])
            for other, keys in mirror.edges(entity, direction).items()
            for key in keys
            if key != CONTAINS
        ]
    else:
        found = [
            Related(relation, entities[other])
            for other, keys in mirror.edges(entity, direction).items()
            if relation in keys
        ]
    around = {each.entity.site for each in found}
    seen = {site for site in around if shown(mirror, site, sites)}
    if len(seen) < len(around):
        found = [each for each in found if each.entity.site in seen]
    if len(found) > 1:
        place = mirror.placing(seen)
        found.sort(key=lambda each: (place(each.entity), each.relation))
    return found


def members(mirror: Mirror, view: Entity, sites: Collection[str] | None = None) -> list[Entity]:
    """What a view includes, as it was listed or by its rule; not what lies below those, or is in views among them."""
    return [each.entity for each in related(mirror, view, INCLUDES, "OUT", sites)]


def views_of(mirror: Mirror, entity: Entity, sites: Collection[str] | None = None) -> list[Entity]:
    """The views an entity is in: included itself, lying below something that is, or through a view within a view."""
    mirror.views.ready(entity.site)
    found = [mirror.entities[view] for view in mirror.views.around(entity.id)]
    return sorted((view for view in found if shown(mirror, view.site, sites)), key=lambda view: sort_key(view.path))
