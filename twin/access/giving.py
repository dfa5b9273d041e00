"""Giving roles and taking them back, as entries of a ChangeSet: each is logged, and counts where the log is followed.

Users and clients become entities of the graph with the first role that they get; their ids are those of their accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.access.reach import may_have
from twin.errors import InvalidValue, NotFound
from twin.graph.model import HAS_ROLE, MANAGES, Create, Entity, Held, Kind, Link, Relation, Unlink

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry
    from twin.ontology.model import Ontology, RoleType

__all__ = ["Party", "entity_of", "give", "known_role", "manage", "take"]


class Party(msgspec.Struct, frozen=True):
    """Who gets a role: a user or a client, by the id of its account. ``name`` is for people."""

    kind: Kind
    id: str
    name: str


def entity_of(party: Party) -> Entity:
    """The entity that stands for somebody, or for a fleet: its key is its id."""
    return Entity(
        id=party.id,
        kind=party.kind,
        type=f"core/{party.kind.title()}",
        key=party.id,
        path=f"{party.kind}:{party.id}",
        site="",
        title={"": party.name},
    )


def known_role(ontology: Ontology, name: str, target: Entity) -> RoleType:
    """The role of that name (short, or qualified) that may be had on something.

    Raises:
        NotFound: there is no such role (``role.unknown``).
        InvalidValue: it is had on other types (``role.misplaced``).
    """
    role = ontology.role(name)
    if role is None:
        known = ", ".join(sorted(each.short for each in ontology.roles.values()))
        raise NotFound(
            f"there is no role {name!r}",
            code="role.unknown",
            help=f"roles: {known}" if known else "the ontologies in force declare none",
        )
    if target.kind != "fleet" and not may_have(ontology, role, target):
        where = ", ".join(sorted(ontology.types[each].short for each in role.on if each in ontology.types))
        raise InvalidValue(
            f"nobody is {role.short} of {target.path}, which is a {target.type.rpartition('/')[2]}",
            code="role.misplaced",
            help=f"{role.short} is had on: {where}",
        )
    return role


def give(
    mirror: Mirror, ontology: Ontology, party: Party, role: str, target: Entity, until: int | None = None
) -> list[Entry]:
    """Give a role on something, until a moment; who has it already has it until then instead.

    Raises what `known_role` raises.
    """
    held = Held(known_role(ontology.of(target.site), role, target).name, until)
    there = mirror.relation(party.id, target.id, HAS_ROLE) if party.id in mirror.entities else None
    kept = () if there is None else tuple(each for each in there.roles if each.role != held.role)
    entries: list[Entry] = [] if party.id in mirror.entities else [Create(entity_of(party))]
    if there is not None:
        entries.append(Unlink(type=HAS_ROLE, source=party.id, target=target.id))
    return [*entries, Link(Relation(type=HAS_ROLE, source=party.id, target=target.id, roles=(*kept, held)))]


def take(mirror: Mirror, holder: str, role: str, target: Entity) -> list[Entry]:
    """Take a role back, by its short or qualified name.

    Raises:
        NotFound: it was not given there (``grant.unknown``).
    """
    there = mirror.relation(holder, target.id, HAS_ROLE) if holder in mirror.entities else None
    roles = () if there is None else there.roles
    left = tuple(each for each in roles if role not in {each.role, each.role.rpartition("/")[2]})
    if len(left) == len(roles):
        raise NotFound(
            f"nobody gave them the role {role!r} on {target.path}",
            code="grant.unknown",
            help="twin grant list shows what was given, and on what",
        )
    entries: list[Entry] = [Unlink(type=HAS_ROLE, source=holder, target=target.id)]
    if left:
        entries.append(Link(Relation(type=HAS_ROLE, source=holder, target=target.id, roles=left)))
    return entries


def manage(mirror: Mirror, fleet: Entity, target: Entity) -> list[Entry]:
    """Have a fleet manage a site or a device; nothing where it does."""
    if fleet.id in mirror.entities and mirror.relation(fleet.id, target.id, MANAGES) is not None:
        return []
    return [Link(Relation(type=MANAGES, source=fleet.id, target=target.id))]
