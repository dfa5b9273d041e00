"""Why somebody may see or do something, or may not: every role they were given, how far it leads, what would have to be
taken back so that they may not, and what would have to be given so that they may.
"""

from __future__ import annotations

from itertools import chain as joined
from typing import TYPE_CHECKING, Literal

import msgspec

from twin.access.grants import grants_of
from twin.access.reach import closed_to, may_have
from twin.ontology.model import PERMISSIONS, Permission

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.access.grants import Grant
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology, RoleType

__all__ = ["Chain", "Gift", "Stop", "Taken", "explain", "gifts", "takings"]

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
    party: str = ""
    """The path of who it was given to, where that is not they themselves: of an organisation of theirs."""
    ids: tuple[str, ...] = ()
    """The ids of what it was given on and of the steps: for who may not see all of them."""


class Taken(msgspec.Struct, frozen=True, order=True):
    """A role as it was given, which would have to be taken back."""

    given_on: str
    role: str
    party: str
    """The path of the organisation it was given to, or they leave that; empty: they themselves."""


class Gift(msgspec.Struct, frozen=True):
    """A role that would do, on the nearest thing that it is had on."""

    permission: Permission
    role: str
    """Qualified; the one that allows the least."""
    on: str


def explain(
    mirror: Mirror, ontology: Ontology, holder: str, entity: Entity, now: int, also: Sequence[str] = ()
) -> list[Chain]:
    """Every way from somebody (by id) to an entity, those that lead there first; ``also`` are the ids of organisations
    that they belong to by their token.
    """
    grants = grants_of(mirror, holder, also)
    found = [
        msgspec.structs.replace(each, party="" if grant.party == holder else mirror.entities[grant.party].path)
        for grant in grants
        for each in _chains(mirror, ontology, grant, entity, now)
    ]
    return sorted(found, key=lambda each: (each.stop != "", each.given_on, each.role, each.party, each.steps))


def takings(chains: Sequence[Chain]) -> dict[Permission, tuple[Taken, ...]]:
    """For each permission that somebody has: all that would have to be taken back so that they have it no more. Every
    one of it: each that stays leads there by itself.
    """
    found = {
        permission: sorted(
            {Taken(each.given_on, each.role, each.party) for each in chains if permission in each.permissions}
        )
        for permission in PERMISSIONS
    }
    return {permission: tuple(all_of_it) for permission, all_of_it in found.items() if all_of_it}


def gifts(mirror: Mirror, ontology: Ontology, entity: Entity, chains: Sequence[Chain]) -> list[Gift]:
    """For each permission that is missing: the role that would give it, on the nearest thing around the entity that it
    is had on, as long as no door is between. None for what no role of the ontology gives there.
    """
    words = ontology.of(entity.site)
    had = set(joined.from_iterable(each.permissions for each in chains))
    roles = sorted(words.roles.values(), key=lambda each: (len(each.may), each.name))
    return [
        found
        for permission in PERMISSIONS
        if permission not in had and (found := _gift(mirror, words, entity, permission, roles)) is not None
    ]


def _gift(
    mirror: Mirror, words: Ontology, entity: Entity, permission: Permission, roles: Sequence[RoleType]
) -> Gift | None:
    passed: list[str] = []
    for around in mirror.line(entity.id):
        place = mirror.entities[around]
        for role in roles:
            if permission in role.may and _stop(mirror, words, role, place, entity, tuple(reversed(passed))) == (
                "",
                "",
            ):
                return Gift(permission, role.name, place.path)
        passed.append(around)
    return None


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
            ids = dict.fromkeys((given_on.id, place.id, *steps))
            yield Chain(held.role, given_on.path, named, held.until, allowed, stop, at, ids=tuple(ids))


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
