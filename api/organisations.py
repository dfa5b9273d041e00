"""Organisations: people who have roles together. Who is a member has its roles; admins say who is one.

Through an app, an organisation is changed only where the app's token reaches all that the organisation has: whoever is
let into it has all of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from api.sharing import SCOPE, commit, is_admin
from twin.access.delegating import giver_of
from twin.access.giving import Party
from twin.access.grants import grants_of, parties_of
from twin.access.organising import join, organisation_of, part
from twin.access.owners import keeps_an_admin, keeps_an_owner
from twin.errors import Forbidden, NotFound, TooMany
from twin.graph.model import HAS_ROLE, MEMBER_OF, Create, Delete, Entity, Held
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from api.questions import Question

__all__ = [
    "Member",
    "Organisation",
    "covers",
    "create",
    "end",
    "find",
    "mine",
    "one",
    "order",
    "remove",
    "require_all_of",
]

_MOST = 50
"""So many organisations one user may be a member of and make more."""


class Member(msgspec.Struct, frozen=True):
    """Somebody of an organisation."""

    user: Entity
    standing: str
    until: int | None


class Organisation(msgspec.Struct, frozen=True):
    """An organisation, as its members see it."""

    entity: Entity
    standing: str
    """What whoever asks is of it."""
    members: list[Member]

    @property
    def name(self) -> str:
        """For people."""
        return self.entity.title.get("", self.entity.key)


async def create(question: Question, name: str, *, via: str) -> Organisation:
    """A new organisation, whose admin is whoever asks.

    Raises:
        InvalidValue: that is no name (``organisation.name``).
        Forbidden: no person asks (``organisation.person``). TooMany: they have many already.
    """
    principal, engine = question.principal, question.engine
    principal.require(SCOPE)
    if principal.own:
        raise Forbidden(
            "organisations are of people",
            code="organisation.person",
            help="ask with a token that a user has let the app have, not in the client's own name",
        )
    if len(mine(question)) >= _MOST:
        raise TooMany(f"you are a member of {_MOST} organisations already", help="leave or end one first")
    identity = mint()
    made = organisation_of(identity, identity, name)
    user = await engine.in_pool(lambda: engine.authority.users.find(principal.subject))
    founder = Party("user", principal.subject, "" if user is None else user.name or user.email)
    entries = [Create(made), *join(engine.mirror, founder, made, "admin")]
    await commit(question, entries, f"make the organisation {made.title['']}, {made.path}", made, via)
    return one(question, made.id)


def mine(question: Question) -> list[Organisation]:
    """Those that whoever asks is a member of."""
    question.principal.require(SCOPE)
    mirror, at = question.engine.mirror, now()
    found = [
        _shown(question, mirror.entities[party], standing)
        for party, standing in parties_of(mirror, question.principal.subject)
        if standing is not None and (standing.until is None or standing.until > at)
    ]
    return sorted(found, key=order)


def order(each: Organisation) -> tuple[str, ...]:
    """What organisations are in the order of."""
    return each.name.casefold(), each.entity.id


def find(question: Question, ref: str) -> Entity | None:
    """An organisation that whoever asks is a member of, by id or path."""
    mirror = question.engine.mirror
    found = mirror.get(ref) or mirror.by_path(ref)
    mine = {party for party, standing in parties_of(mirror, question.principal.subject) if _lasts(standing)}
    return found if found is not None and found.kind == "organisation" and found.id in mine else None


def one(question: Question, ref: str) -> Organisation:
    """One of them; `NotFound` (``organisation.unknown``) for any other, there or not."""
    for each in mine(question):
        if ref in {each.entity.id, each.entity.path}:
            return each
    raise _unknown()


async def remove(question: Question, ref: str, user: str, *, via: str) -> None:
    """End a membership: one's own, or as an admin.

    Raises:
        NotFound: no such organisation of theirs, or no such member.
        Forbidden: they are no admin (``member.insufficient``), or see `require_all_of`.
        Conflict: it would be left without an admin (``organisation.adminless``).
    """
    found, mirror = one(question, ref).entity, question.engine.mirror
    if user != question.principal.subject:
        require_all_of(question, found)
    entries = part(mirror, user, found)
    keeps_an_admin(mirror, found, user, now())
    await commit(question, entries, f"end the membership of user:{user} in {found.path}", found, via)


async def end(question: Question, ref: str, *, via: str) -> None:
    """End an organisation, with all the roles that it has.

    Raises what `require_all_of` raises, and
        NotFound: no such organisation of theirs.
        Conflict: a site would be left without anybody who can administer it (``site.ownerless``).
    """
    found, engine = one(question, ref).entity, question.engine
    require_all_of(question, found)
    for target, edges in engine.mirror.leaving(found.id).items():
        held = edges.get(HAS_ROLE, {}).get("roles", ())
        keeps_an_owner(engine.mirror, engine.ontology, engine.mirror.entities[target], found.id, held)
    await commit(question, [Delete(id=found.id)], f"end the organisation {found.path}", found, via)


def require_all_of(question: Question, organisation: Entity) -> None:
    """Return if whoever asks may say who is in an organisation.

    Raises:
        Forbidden: they are no admin (``member.insufficient``), or their token reaches less than the organisation has
            (``organisation.beyond``).
    """
    if not is_admin(question, organisation.id):
        raise Forbidden(
            "only admins of an organisation say who is in it",
            code="member.insufficient",
            help="ask an admin of it: they are marked among its members",
        )
    if not covers(question, organisation):
        raise Forbidden(
            "this app reaches less than the organisation has, and may not say who is in it",
            code="organisation.beyond",
            help="do it on the account page, or let the app have all scopes on all sites of the organisation",
        )


def covers(question: Question, organisation: Entity) -> bool:
    """Whether the token reaches all that an organisation has: its sites, and the scopes of its roles."""
    engine, giver = question.engine, giver_of(question.principal)
    entities = engine.mirror.entities
    for grant in grants_of(engine.mirror, organisation.id):
        target = entities[grant.entity]
        role = engine.ontology.of(target.site).roles.get(grant.held.role)
        if giver.sites is not None and target.site not in giver.sites:
            return False
        if role is not None and not role.may <= giver.permissions:
            return False
    return True


def _shown(question: Question, found: Entity, standing: Held) -> Organisation:
    mirror = question.engine.mirror
    members = [
        Member(mirror.entities[source], held.role, held.until)
        for source, edges in mirror.edges(found, "IN").items()
        for held in edges.get(MEMBER_OF, {}).get("roles", ())
        if _lasts(held)
    ]
    return Organisation(found, standing.role, sorted(members, key=lambda each: each.user.path))


def _lasts(standing: Held | None) -> bool:
    return standing is not None and (standing.until is None or standing.until > now())


def _unknown() -> NotFound:
    return NotFound(
        "there is no such organisation that you are a member of",
        code="organisation.unknown",
        help="look at the list of yours",
    )
