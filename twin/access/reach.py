"""How far a role reaches from what it is had on: down CONTAINS, and from a view over what it INCLUDES.

It stops at the door of a `boundary` (a flat), unless the role crosses it. From a view it reaches what the view
includes, by being listed or by rule, through views within it, as far as no door is between that and the site: a view of
all heating devices opens no flat. A role that may not be had on something (any more) reaches nothing from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.graph.intervals import Intervals
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology, RoleType

__all__ = ["Reach", "Stretch", "closed_to", "may_have", "merged", "reach_of", "stretches", "whole_types"]


class Stretch(NamedTuple):
    """Positions ``[start, end)`` of the labels of a site."""

    start: int
    end: int


class Reach(NamedTuple):
    """Something that a role reaches whole but for what is behind doors."""

    entity: str
    """What it is had on, or a member of that view."""
    view: str | None
    """The view that includes it; None: the role is had on the thing itself."""


def may_have(ontology: Ontology, role: RoleType, entity: Entity) -> bool:
    """Whether a role may be had on an entity."""
    type_ = ontology.types.get(entity.type)
    return type_ is not None and not frozenset(role.on).isdisjoint(type_.lineage)


def closed_to(ontology: Ontology, role: RoleType) -> frozenset[str]:
    """The types whose doors stop a role."""
    crossed = frozenset(role.crosses)
    return frozenset(
        name for name, type_ in ontology.types.items() if type_.boundary and crossed.isdisjoint(type_.lineage)
    )


def whole_types(ontology: Ontology, closed: frozenset[str]) -> frozenset[str]:
    """The types of what has no door in it that is closed, whatever it will contain or include: told by types alone, so
    that nothing can be told from it about what is there.
    """
    kinds = {ontology.types[name].kind for name in closed}
    if "device" in kinds or not kinds:
        return frozenset() if kinds else frozenset(ontology.types)
    return frozenset(
        name
        for name, type_ in ontology.types.items()
        if type_.kind in {"device", "gateway"}
        or (type_.kind in {"site", "space"} and closed.isdisjoint(_inside(ontology, name)))
    )


def _inside(ontology: Ontology, name: str) -> set[str]:
    """The types of the spaces that may be in a space, at any depth."""
    found: set[str] = set()
    pending = [name]
    while pending:
        contains = ontology.types[pending.pop()].contains
        if contains is None:
            return set(ontology.types)
        inner = {each for one in contains for each in ontology.concrete(one)} - found
        found |= inner
        pending += inner
    return found


def reach_of(mirror: Mirror, entity: Entity, closed: frozenset[str]) -> Iterator[Reach]:
    """From where a role on an entity reaches on downwards."""
    yield Reach(entity.id, None)
    if entity.kind != "view":
        return
    entities = mirror.entities
    mirror.views.ready(entity.site)
    for view in mirror.views.nested(entity.id):
        if view != entity.id:
            yield Reach(view, entity.id)
        for member in mirror.views.listed(view):
            if entities[member].site == entity.site and not _behind_a_door(mirror, member, closed):
                yield Reach(member, view)


def _behind_a_door(mirror: Mirror, entity_id: str, closed: frozenset[str]) -> bool:
    """Whether it, or anything around it in its site, is closed."""
    return any(mirror.entities[each].type in closed for each in mirror.line(entity_id) if mirror.entities[each].parent)


def stretches(labels: Intervals, top: str, closed: frozenset[str]) -> Iterator[Stretch]:
    """The positions of an entity and of all below it that no door closes off; its own does not."""
    at, end = labels.span(top)
    for door in labels.below(top, closed):
        start, behind = labels.span(door)
        if start >= at:
            if start > at:
                yield Stretch(at, start)
            at = behind
    if at < end:
        yield Stretch(at, end)


def merged(found: Iterable[Stretch]) -> list[Stretch]:
    """The same positions as ascending stretches that do not touch."""
    joined: list[Stretch] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1].end:
            joined[-1] = Stretch(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Stretch(start, end))
    return joined
