"""Letting others in: who has which role on what, as far as whoever asks may share it; giving roles and taking them.

A role that an app gives is bounded by its user's roles and by its own token: its sites, and the scopes of every
permission of the role. So no app makes another account more than it is itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from api import cursors
from api.noting import actor
from twin.access import giving
from twin.access.delegating import giver_of, may_give, may_share, may_take
from twin.access.giving import Party, known_role
from twin.access.grants import parties_of
from twin.access.owners import admins_of, keeps_an_owner
from twin.access.principals import SCOPE_OF
from twin.access.visibility import insufficient
from twin.errors import InvalidValue, NotFound
from twin.graph.model import HAS_ROLE, ChangeSet, Entity, Held
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from api.questions import Question
    from twin.graph.model import Entry
    from twin.ontology.model import RoleType

__all__ = [
    "SCOPE",
    "Shared",
    "commit",
    "give",
    "is_admin",
    "party_of",
    "role_on",
    "sharable",
    "shared",
    "still_to_come",
    "take",
    "target_of",
]

SCOPE = "twin:share"


class Shared(msgspec.Struct, frozen=True):
    """A role that somebody was given."""

    party: Entity
    """A user, a client or an organisation."""
    on: Entity
    """What it is had on: a fleet, too."""
    held: Held
    role: str
    """By its short name."""

    @property
    def id(self) -> str:
        """What it is called by, to take it back."""
        return cursors.encode(self.on.id, self.party.id, self.held.role)


def shared(question: Question, ref: str | None = None) -> list[Shared]:
    """Who has which role, where whoever asks may share, and their own; ``ref``: only on this, and on what is in it."""
    mirror = question.engine.mirror
    below = None if ref is None else target_of(question, ref)
    own = set(_own_parties(question))
    seen: dict[str, bool] = {}

    def told(target: str, party: str) -> bool:
        if party in own:
            return question.find(target) is not None or not mirror.entities[target].site
        if target not in seen:
            seen[target] = sharable(question, mirror.entities[target])
        return seen[target]

    found = [
        Shared(mirror.entities[party], mirror.entities[target], held, _short(held.role))
        for party in list(mirror.parties)
        for target, edges in mirror.leaving(party).items()
        for held in edges.get(HAS_ROLE, {}).get("roles", ())
        if (below is None or _within(mirror.entities[target], below)) and told(target, party)
    ]
    return sorted(found, key=order)


def order(each: Shared) -> tuple[str, ...]:
    """What grants are in the order of."""
    return each.on.path, each.party.path, each.held.role


def sharable(question: Question, target: Entity) -> bool:
    """Whether whoever asks may let others in there."""
    if target.site and question.find(target.id) is None:
        return False
    return may_share(question.engine.mirror, question.engine.ontology, giver_of(question.principal), target, now())


async def give(question: Question, party_ref: str, role: str, on: str, until: int | None = None, *, via: str) -> Shared:
    """Give somebody who is known already (`party_of`) a role, or another end to the one they have.

    Raises what `twin.access.delegating.may_give` and `twin.access.giving.known_role` raise, and
        NotFound: nothing of that ref may be seen, or nobody of that id (``party.unknown``).
        InvalidValue: it would be over already (``grant.over``).
        Conflict: the site would be left without an owner for as long (``site.ownerless``).
    """
    question.principal.require(SCOPE)
    engine, target = question.engine, target_of(question, on)
    mirror, ontology, at = engine.mirror, engine.ontology, now()
    named = role_on(question, role, target)
    still_to_come(until, at)
    giver = giver_of(question.principal)
    may_give(mirror, ontology, giver, named, target, until, at)
    party = party_of(question, party_ref)
    there = _held(question, party.id, target.id, named.name)
    if there is not None and there.until == until:
        return Shared(party, target, there, named.short)
    if there is not None:
        may_take(mirror, ontology, giver, there, target, at)
        if until is not None and (there.until is None or there.until > until):
            keeps_an_owner(mirror, ontology, target, party.id, [there])
    entries = giving.give(
        mirror, ontology, Party(party.kind, party.id, party.title.get("", "")), named.name, target, until
    )
    await commit(question, entries, f"give {party.path} the role {named.short} on {target.path}", target, via)
    return Shared(mirror.entities[party.id], target, Held(named.name, until), named.short)


async def take(question: Question, party_ref: str, role: str, on: str, *, via: str) -> None:
    """Take a role back, or leave it, where it is one's own or of an organisation of which one is an admin.

    Raises what `twin.access.delegating.may_take` raises, and
        NotFound: nothing of that ref may be seen, or nobody has that role there (``grant.unknown``).
        Conflict: the site would be left without an owner (``site.ownerless``).
    """
    question.principal.require(SCOPE)
    engine, target = question.engine, target_of(question, on)
    mirror, ontology, at = engine.mirror, engine.ontology, now()
    giver, own = giver_of(question.principal), party_ref == question.principal.subject
    own = own or is_admin(question, party_ref)
    if not own and not may_share(mirror, ontology, giver, target, at):
        raise insufficient("share", target)
    held = _held(question, party_ref, target.id, role)
    if held is None:
        raise NotFound("nobody has that role there", code="grant.unknown", help="look again at who has which role")
    if not own:
        may_take(mirror, ontology, giver, held, target, at)
    keeps_an_owner(mirror, ontology, target, party_ref, [held])
    entries = giving.take(mirror, party_ref, held.role, target)
    path = mirror.entities[party_ref].path
    await commit(question, entries, f"take from {path} the role {_short(held.role)} on {target.path}", target, via)


def target_of(question: Question, ref: str) -> Entity:
    """What a role is had on, as far as whoever asks may see it: an entity, or a fleet that they have a role on."""
    mirror = question.engine.mirror
    found = mirror.get(ref) or mirror.by_path(ref)
    if found is None or found.kind != "fleet":
        return question.entity(ref)
    if question.sites is None or any(mirror.relation(each, found.id, HAS_ROLE) for each in _own_parties(question)):
        return found
    return question.entity("-")


def role_on(question: Question, word: str, target: Entity) -> RoleType:
    """The role that is meant on something: by its name, or by that of a place to fill there. The token must carry the
    scope of everything that it allows.
    """
    ontology = question.engine.ontology.of(target.site)
    found = known_role(ontology, target.roles.get(word, word), target)
    for permission in sorted(found.may):
        question.principal.require(SCOPE_OF[permission])
    return found


def party_of(question: Question, ref: str) -> Entity:
    """Somebody whom whoever asks knows, by id: themselves, who has a role where they may share, an organisation of
    theirs. `NotFound` (``party.unknown``) for anybody else, whether or not there is such an account.
    """
    mirror = question.engine.mirror
    found = mirror.get(ref)
    if found is not None and found.kind in {"user", "client", "organisation"} and _knows(question, found.id):
        return found
    raise NotFound(
        "there is nobody of that id whom you know here",
        code="party.unknown",
        help="invite people by their e-mail address; ids are those that the list of grants gives",
    )


def is_admin(question: Question, organisation: str) -> bool:
    """Whether whoever asks is an admin of an organisation, by its id."""
    found = question.engine.mirror.get(organisation)
    if found is None or found.kind != "organisation":
        return False
    return question.principal.subject in admins_of(question.engine.mirror, organisation, now())


def still_to_come(until: int | None, at: int) -> None:
    """`InvalidValue` unless an end of a role is still to come."""
    if until is not None and until <= at:
        raise InvalidValue("that time is over", code="grant.over", help="name a time that is still to come")


async def commit(question: Question, entries: Sequence[Entry], summary: str, about: Entity, via: str) -> None:
    """Commit entries as a change of whoever asks; their question is answered by what they may see then."""
    if entries:
        made = ChangeSet(
            op_id=mint(),
            actor=actor(question.principal, via),
            at=now(),
            entries=tuple(entries),
            summary=summary,
            site=about.site or None,
        )
        await question.engine.commit(made)
        question.renew()


def _own_parties(question: Question) -> Iterator[str]:
    """Those whose roles whoever asks has now, by id."""
    principal, at = question.principal, now()
    for party, standing in parties_of(question.engine.mirror, principal.subject, principal.parties):
        if party in question.engine.mirror.entities and (
            standing is None or standing.until is None or standing.until > at
        ):
            yield party


def _knows(question: Question, party: str) -> bool:
    mirror = question.engine.mirror
    if party in _own_parties(question):
        return True
    held = [target for target, edges in mirror.leaving(party).items() if HAS_ROLE in edges]
    return any(sharable(question, mirror.entities[each]) for each in held)


def _held(question: Question, party: str, target: str, role: str) -> Held | None:
    """A role that somebody has on something, by its short or qualified name."""
    mirror = question.engine.mirror
    there = mirror.relation(party, target, HAS_ROLE) if party in mirror.entities else None
    roles = () if there is None else there.roles
    return next((each for each in roles if role in {each.role, _short(each.role)}), None)


def _within(target: Entity, above: Entity) -> bool:
    return target.id == above.id or f"{target.path}/".startswith(f"{above.path}/")


def _short(role: str) -> str:
    return role.rpartition("/")[2]
