"""Why somebody may see or do something, or may not: every role they were given, and how far it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from twin.access.grants import grants_of
from twin.access.reach import closed_to, may_have
from twin.ontology.model import PERMISSIONS, Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.access.grants import Grant
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology, RoleType

__all__ = ["Chain", "Stop", "explain"]

Stop = Literal["", "over", "unknown", "misplaced", "closed"]
"""Why a role does not lead there: it has run out; nobody knows it; it is not had on such a thing; a door is closed."""


class Chain(msgspec.Struct, frozen=True):
    """One role that leads to an entity, or would."""

    role: str
    """Qualified."""
    given_on: str
    """The path of what it was given on: take it back there, and this way is gone."""
    steps: tuple[str, ...]
    """The paths from there to the entity, as far as it leads."""
    until: int | None
    permissions: tuple[Permission, ...]
    """What it allows; none where it does not lead there."""
    stop: Stop
    at: str
    """The path of what stops it: of the closed door, or of what the role is not had on."""


def explain(mirror: Mirror, ontology: Ontology, holder: str, entity: Entity, now: int) -> list[Chain]:
    """Every way from somebody (by id) to an entity, those that lead there first."""
    found = [chain for grant in grants_of(mirror, holder) for chain in _chains(mirror, ontology, grant, entity, now)]
    return sorted(found, key=lambda each: (each.stop != "", each.given_on, each.role, each.steps))


def _chains(mirror: Mirror, ontology: Ontology, grant: Grant, entity: Entity, now: int) -> Iterator[Chain]:
    words, held = ontology.of(entity.site), grant.held
    role, given_on = words.roles.get(held.role), mirror.entities[grant.entity]
    for holding in grant.holdings:
        place = mirror.entities[holding.entity]
        start = (given_on.path,) if place.id == given_on.id else (given_on.path, place.path)
        for steps in _ways(mirror, place, entity):
            stop, at = _stop(mirror, words, role, place, entity, steps)
            if held.until is not None and held.until <= now:
                stop, at = "over", given_on.path
            allowed = () if stop or role is None else tuple(each for each in PERMISSIONS if each in role.may)
            named = (*start, *(mirror.entities[each].path for each in steps))
            yield Chain(held.role, given_on.path, named, held.until, allowed, stop, at)


def _ways(mirror: Mirror, place: Entity, entity: Entity) -> Iterator[tuple[str, ...]]:
    """From what a role is had on to an entity, by the ids between: down the tree, or through views that include it."""
    if place.site != entity.site:
        return
    line = list(mirror.line(entity.id))
    if place.id in line:
        yield tuple(reversed(line[: line.index(place.id)]))
    if place.kind != "view" or place.id == entity.id:
        return
    mirror.views.ready(place.site)
    for view in mirror.views.nested(place.id):
        inner = () if view == place.id else (view,)
        if view == entity.id and inner:
            yield inner
        for member in mirror.views.listed(view):
            if member in line and mirror.entities[member].kind != "view":
                yield (*inner, *reversed(line[: line.index(member) + 1]))


def _stop(
    mirror: Mirror, ontology: Ontology, role: RoleType | None, place: Entity, entity: Entity, steps: tuple[str, ...]
) -> tuple[Stop, str]:
    """What a role meets on such a way."""
    if role is None:
        return "unknown", place.path
    if not may_have(ontology, role, place):
        return "misplaced", place.path
    closed = closed_to(ontology, role)
    line = [mirror.entities[each] for each in reversed(list(mirror.line(entity.id))) if each != place.id]
    passed = [mirror.entities[each] for each in steps] if place.kind != "view" else line
    door = next((each for each in passed if each.type in closed and each.parent is not None), None)
    return ("", "") if door is None or entity.kind == "view" else ("closed", door.path)
