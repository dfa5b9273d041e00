"""Who can let others into a site and change it: somebody must always be left who can, and for as long as now."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from twin.access.reach import may_have
from twin.errors import Conflict
from twin.graph.model import HAS_ROLE, MANAGES, MEMBER_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Held
    from twin.ontology.model import Ontology

__all__ = ["admins_of", "keeps_an_admin", "keeps_an_owner", "owns"]


def owns(ontology: Ontology, held: Held, target: Entity) -> bool:
    """Whether a role on a site lets who has it administer and share it."""
    words = ontology.of(target.site)
    role = words.roles.get(held.role)
    return role is not None and {"administer", "share"} <= role.may and may_have(words, role, target)


def keeps_an_owner(mirror: Mirror, ontology: Ontology, target: Entity, party: str, ended: Iterable[Held]) -> None:
    """Return if a site does without these roles of somebody, or if they are on something else than a site.

    Raises:
        Conflict: nobody would be left who can administer and share it for as long (``site.ownerless``).
    """
    gone = {each.role for each in ended if target.kind == "site" and owns(ontology, each, target)}
    if not gone:
        return
    left, lost = -inf, -inf
    for who, held in _held(mirror, target):
        if owns(ontology, held, target):
            end = inf if held.until is None else held.until
            if who == party and held.role in gone:
                lost = max(lost, end)
            else:
                left = max(left, end)
    if left < lost:
        raise Conflict(
            f"{target.path} would be left without anybody who can administer and share it",
            code="site.ownerless",
            help="give somebody else such a role first, or transfer the site",
        )


def admins_of(mirror: Mirror, organisation: str, now: int) -> set[str]:
    """The ids of the users who are admins of an organisation."""
    coming = mirror.edges(mirror.entities[organisation], "IN")
    return {
        source
        for source, edges in coming.items()
        for held in edges.get(MEMBER_OF, {}).get("roles", ())
        if held.role == "admin" and (held.until is None or held.until > now)
    }


def keeps_an_admin(mirror: Mirror, organisation: Entity, without: str, now: int) -> None:
    """Return if an organisation does without somebody.

    Raises:
        Conflict: it would be left without an admin (``organisation.adminless``).
    """
    admins = admins_of(mirror, organisation.id, now)
    if without in admins and len(admins) == 1:
        raise Conflict(
            f"{organisation.title.get('', organisation.key)} would be left without an admin",
            code="organisation.adminless",
            help="invite another admin first, or end the organisation",
        )


def _held(mirror: Mirror, target: Entity) -> Iterator[tuple[str, Held]]:
    """Who has which role on something, on itself or on a fleet that manages it."""
    for source, edges in mirror.edges(target, "IN").items():
        for held in edges.get(HAS_ROLE, {}).get("roles", ()):
            yield source, held
        if MANAGES in edges:
            yield from _held(mirror, mirror.entities[source])
