"""Organisations, and who leaves or hands over what, as entries of a ChangeSet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.access.giving import Party, entity_of
from twin.errors import InvalidValue, NotFound
from twin.graph.model import HAS_ROLE, MEMBER_OF, STANDINGS, Create, Held, Link, Relation, Unlink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Entry

__all__ = ["LONGEST_NAME", "checked_standing", "hand_over", "held_in", "join", "named", "organisation_of", "part"]

LONGEST_NAME = 200


def named(name: str) -> str:
    """A name of an organisation, if it is one."""
    found = " ".join(name.split())
    if not found or len(found) > LONGEST_NAME or not found.isprintable():
        raise InvalidValue(
            "an organisation needs a name",
            code="organisation.name",
            help=f"give it 1 to {LONGEST_NAME} printable characters",
        )
    return found


def organisation_of(identity: str, key: str, name: str) -> Entity:
    """A new organisation."""
    made = entity_of(Party("organisation", identity, named(name)))
    return msgspec.structs.replace(made, key=key, path=f"organisation:{key}")


def checked_standing(standing: str) -> str:
    """What somebody is of an organisation; `InvalidValue` for what nobody is."""
    if standing not in STANDINGS:
        raise InvalidValue(
            f"nobody is {standing!r} of an organisation",
            code="member.standing",
            help=f"somebody is one of: {', '.join(STANDINGS)}",
        )
    return standing


def join(mirror: Mirror, user: Party, organisation: Entity, standing: str, until: int | None = None) -> list[Entry]:
    """Make a user a member (or an admin) of an organisation; who is one already is that from now on instead.

    Raises:
        InvalidValue: nobody is that (``member.standing``).
    """
    checked_standing(standing)
    entries: list[Entry] = [] if user.id in mirror.entities else [Create(entity_of(user))]
    if not entries and mirror.relation(user.id, organisation.id, MEMBER_OF) is not None:
        entries.append(Unlink(type=MEMBER_OF, source=user.id, target=organisation.id))
    held = (Held(standing, until),)
    return [*entries, Link(Relation(type=MEMBER_OF, source=user.id, target=organisation.id, roles=held))]


def part(mirror: Mirror, user: str, organisation: Entity) -> list[Entry]:
    """End a membership.

    Raises:
        NotFound: they are no member (``member.unknown``).
    """
    if user not in mirror.entities or mirror.relation(user, organisation.id, MEMBER_OF) is None:
        raise NotFound("there is no such member", code="member.unknown", help="look at the members again")
    return [Unlink(type=MEMBER_OF, source=user, target=organisation.id)]


def held_in(mirror: Mirror, party: str, site: str) -> Iterator[tuple[Entity, tuple[Held, ...]]]:
    """What somebody was given in a site, on what."""
    if party not in mirror.entities:
        return
    for target, edges in mirror.leaving(party).items():
        entity, roles = mirror.entities[target], edges.get(HAS_ROLE, {}).get("roles", ())
        if entity.site == site and roles:
            yield entity, roles


def hand_over(mirror: Mirror, site: Entity, before: str, after: Party) -> list[Entry]:
    """Give somebody the roles on a site that another has, and end all that the other was given in it. What who gets it
    has there already, they keep.
    """
    entries: list[Entry] = [] if after.id in mirror.entities else [Create(entity_of(after))]
    moved: tuple[Held, ...] = ()
    for target, roles in held_in(mirror, before, site.id):
        entries.append(Unlink(type=HAS_ROLE, source=before, target=target.id))
        if target.id == site.id:
            moved = roles
    there = mirror.relation(after.id, site.id, HAS_ROLE) if after.id in mirror.entities else None
    if there is not None:
        entries.append(Unlink(type=HAS_ROLE, source=after.id, target=site.id))
        ends = {each.role: each.until for each in there.roles}
        moved = tuple(Held(each.role, _later(each.until, ends.pop(each.role, 0))) for each in moved)
        moved += tuple(Held(name, until) for name, until in ends.items())
    return [*entries, Link(Relation(type=HAS_ROLE, source=after.id, target=site.id, roles=moved))]


def _later(first: int | None, second: int | None) -> int | None:
    """The later of two ends; None never comes."""
    return None if first is None or second is None else max(first, second)
