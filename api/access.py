"""What one who asks may act on: site by site, the roles that count, on what and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.access.grants import grants_of
from twin.access.reach import may_have
from twin.graph.model import Entity
from twin.ontology.model import PERMISSIONS, Permission
from twin.times import now

if TYPE_CHECKING:
    from api.questions import Question
    from twin.access.grants import Grant

__all__ = ["RoleHeld", "SiteHeld", "held"]


class RoleHeld(msgspec.Struct, frozen=True):
    """A role that counts."""

    role: str
    """By its short name."""
    on: Entity
    permissions: list[Permission]
    """Those of the role that count for this token: it carries their scopes."""
    until: int | None
    """Microseconds since 1970 UTC; None: it does not end by itself."""
    through: tuple[Entity, ...] = ()
    """The organisation, and the fleet, through which it is had; empty: neither."""


class SiteHeld(msgspec.Struct, frozen=True):
    """A site that something may be done in."""

    site: str
    """Its id: the site itself may be hidden."""
    whole: bool
    """Whether all of it is open, to a client that was registered for it."""
    roles: list[RoleHeld]


def held(question: Question) -> list[SiteHeld] | None:
    """The sites that whoever asks may act on, by id; None: on all there are, as a client in its own name."""
    principal = question.principal
    if question.sites is None:
        return None
    whole = principal.sites if principal.own and principal.sites is not None else frozenset[str]()
    whole = frozenset(site for site in whole if question.find(site) is not None)
    found: dict[str, list[RoleHeld]] = {site: [] for site in whole}
    at = now()
    for grant in grants_of(question.engine.mirror, principal.subject, principal.parties):
        if grant.held.until is None or grant.held.until > at:
            for holding in grant.holdings:
                role = _role(question, holding.entity, grant)
                if role is not None:
                    found.setdefault(role.on.site, []).append(role)
    return [
        SiteHeld(site, site in whole, sorted(roles, key=lambda each: (each.on.path, each.role)))
        for site, roles in sorted(found.items())
    ]


def _role(question: Question, entity_id: str, grant: Grant) -> RoleHeld | None:
    """A role as it counts on an entity; None: it does not, or the entity may not be seen."""
    on = question.find(entity_id)
    if on is None:
        return None
    words = question.vocabulary.ontology.of(on.site)
    role = words.roles.get(grant.held.role)
    if role is None or not may_have(words, role, on):
        return None
    may = [each for each in PERMISSIONS if each in role.may and question.principal.counts(each)]
    between = [each for each in (grant.party, grant.entity) if each not in {question.principal.subject, entity_id}]
    through = tuple(question.engine.mirror.entities[each] for each in between)
    return RoleHeld(role.short, on, may, grant.held.until, through)
