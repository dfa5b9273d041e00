"""Inviting people by e-mail address, into roles, organisations and sites that change hands; and what they answer.

The twin sends nothing: the link is given to whoever invites, once, and they pass it on. The answer to an invitation is
the same whether or not the address has an account. What is offered is looked at again when it is accepted: nobody is
given what the one who invites could not give any more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from api import organisations
from api.noting import actor
from api.sharing import SCOPE, is_admin, role_on, sharable, still_to_come, target_of
from twin.access import giving
from twin.access.audit import Deed, address
from twin.access.delegating import Giver, giver_of, may_give
from twin.access.giving import Party
from twin.access.invitations import Invitation, unknown
from twin.access.organising import checked_standing, hand_over, held_in, join
from twin.access.owners import admins_of, owns
from twin.access.principals import SCOPE_OF, Principal
from twin.access.visibility import insufficient
from twin.errors import InvalidValue, TwinError
from twin.graph.model import HAS_ROLE, MEMBER_OF, ChangeSet, Entity
from twin.times import now

if TYPE_CHECKING:
    from api.engine import Engine
    from api.questions import Question
    from twin.access.invitations import Offered
    from twin.access.users import User
    from twin.graph.model import Entry, Held

__all__ = ["Made", "accept", "as_whom", "decline", "invite", "offer_site", "revoke", "sent", "waiting"]

_WORDS = {"role": "a role", "member": "a membership", "transfer": "a site"}


class Made(msgspec.Struct, frozen=True):
    """An invitation, and the link that answers it."""

    invitation: Invitation
    link: str
    """Shown this once: the twin does not know it any more."""


async def invite(
    question: Question,
    email: str,
    role: str,
    on: str,
    *,
    until: int | None = None,
    days: float | None = None,
    redirect: str = "",
) -> Made:
    """Offer somebody a role on something (or the standing of a member in an organisation), until a moment; the
    invitation waits so many days. ``redirect``: an address of the app that asks, to which the answer leads.

    Raises what `twin.access.delegating.may_give`, `twin.access.giving.known_role` and
    `twin.access.invitations.Invitations.make` raise, and `NotFound` for what may not be seen.
    """
    question.principal.require(SCOPE)
    engine, at = question.engine, now()
    still_to_come(until, at)
    organisation = organisations.find(question, on)
    if organisation is not None:
        organisations.require_all_of(question, organisation)
        checked_standing(role)
        return await _make(question, email, "member", organisation, role=role, until=until, days=days, back=redirect)
    target = target_of(question, on)
    named = role_on(question, role, target)
    may_give(engine.mirror, engine.ontology, giver_of(question.principal), named, target, until, at)
    return await _make(question, email, "role", target, role=named.name, until=until, days=days, back=redirect)


async def offer_site(question: Question, site: str, email: str, *, days: float | None = None, back: str = "") -> Made:
    """Offer somebody to take a site over: the roles on it that whoever asks has, or their organisation, become theirs,
    and what the other was given in the site ends.

    Raises:
        NotFound: there is no such thing to be seen.
        InvalidValue: it is no site (``transfer.site``).
        Forbidden: it is not theirs to hand over (``role.insufficient``).
    """
    question.principal.require(SCOPE)
    found = question.entity(site)
    if found.kind != "site":
        raise InvalidValue(
            "only a site changes hands as a whole",
            code="transfer.site",
            help="name a site; on what is in one, invite somebody into a role, and leave your own",
        )
    question.rights.require("administer", found)
    party = _owner(question.engine, question.principal.subject, found)
    if party is None:
        raise insufficient("administer", found)
    for _, roles in _owned(question.engine, party, found):
        for held in roles:
            _require_all(question.principal, question.engine.ontology.of(found.site).roles[held.role].may)
    return await _make(question, email, "transfer", found, party=party, days=days, back=back)


async def sent(question: Question) -> list[Invitation]:
    """The invitations that wait for an answer: those of whoever asks, and into what they may share or administer."""
    question.principal.require(SCOPE)
    found = await question.engine.in_pool(question.engine.authority.invitations.list)
    return [each for each in found if _may_see(question, each)]


async def revoke(question: Question, invitation_id: str) -> None:
    """Take an invitation back that may be seen; `NotFound` (``invitation.unknown``) otherwise."""
    if not any(each.id == invitation_id for each in await sent(question)):
        raise unknown()
    engine = question.engine
    revoked = await engine.in_pool(partial(engine.authority.invitations.revoke, invitation_id))
    await _audited(engine, "invitation.revoke", question.principal, revoked)


async def waiting(engine: Engine, user_id: str) -> list[Invitation]:
    """The invitations that a user has opened and not answered, of what is still there."""
    found = await engine.in_pool(partial(engine.authority.invitations.waiting, user_id))
    return [each for each in found if each.entity in engine.mirror.entities]


def as_whom(engine: Engine, user: User, invitation: Invitation) -> list[Party]:
    """For whom a user may accept: themselves, and, other than a membership, organisations of which they are admins."""
    mirror, parties = engine.mirror, [Party("user", user.id, user.name or user.email)]
    if invitation.what == "member" or user.id not in mirror.entities:
        return parties
    for target, edges in mirror.leaving(user.id).items():
        if MEMBER_OF in edges and user.id in admins_of(mirror, target, now()):
            parties.append(Party("organisation", target, mirror.entities[target].title.get("", "")))
    return parties


async def accept(engine: Engine, user: User, invitation_id: str, party_id: str, principal: Principal) -> Invitation:
    """Give a user (or an organisation of theirs) what an invitation offers that waits for them; once.

    Raises:
        NotFound: it does not wait for them, or offers what could not be given any more (``invitation.unknown``).
        Conflict: a site, or an organisation, would be left without anybody who can administer it.
    """
    invitations = engine.authority.invitations
    found = await engine.in_pool(partial(invitations.claim, invitation_id, user.id))
    if found is None:
        raise unknown()
    try:
        party = next((each for each in as_whom(engine, user, found) if each.id == party_id), None)
        giver = None if found.by == "" else await _giver(engine, found.by)
        if party is None:
            raise unknown()
        entries = _entries(engine, found, party, giver)
        if entries:
            await engine.commit(_changeset(engine, found, party, entries, principal))
    except TwinError as error:
        await engine.in_pool(partial(invitations.reopen, found.id))
        await _audited(engine, "invitation.accept", principal, found, error.code_)
        if error.code_ in {"role.insufficient", "grant.beyond", "grant.longer", "role.unknown", "role.misplaced"}:
            raise unknown() from error
        raise
    await engine.in_pool(partial(invitations.end, found.id))
    await _audited(engine, "invitation.accept", principal, found)
    return found


async def decline(engine: Engine, user: User, invitation_id: str, principal: Principal) -> None:
    """End an invitation that waits for a user; `NotFound` (``invitation.unknown``) for any other."""
    found = next((each for each in await waiting(engine, user.id) if each.id == invitation_id), None)
    if found is None:
        raise unknown()
    await engine.in_pool(partial(engine.authority.invitations.end, found.id))
    await _audited(engine, "invitation.decline", principal, found)


async def _make(  # noqa: PLR0913 - as `invite`
    question: Question,
    email: str,
    what: Offered,
    target: Entity,
    *,
    role: str = "",
    until: int | None = None,
    days: float | None = None,
    party: str = "",
    back: str = "",
) -> Made:
    engine, principal = question.engine, question.principal
    client = "" if principal.own else principal.client
    if back:
        await engine.in_pool(partial(_checked_redirect, engine, client, back))
    invitation, secret = await engine.in_pool(
        partial(
            engine.authority.invitations.make,
            email,
            what,
            target.id,
            role=role,
            until=until,
            days=days,
            party=party,
            by=principal.subject,
            client=client,
            redirect=back,
        )
    )
    await _audited(engine, "invitation.make", principal, invitation)
    return Made(invitation, f"{engine.authority.pages}/account/invitation?link={secret}")


def _checked_redirect(engine: Engine, client_id: str, address_: str) -> None:
    """`InvalidValue` unless it is an address of the app's own, character by character."""
    client = engine.authority.clients.find(client_id) if client_id else None
    if client is None or address_ not in client.application.redirect_uris:
        raise InvalidValue(
            "the answer cannot lead there",
            code="invitation.redirect",
            help="name one of the redirect URIs that the app is registered with, as it is",
        )


async def _giver(engine: Engine, identity: str) -> Giver:
    """Who invited, as they are now; `NotFound` where they are gone, or kept out."""
    authority = engine.authority
    user = await engine.in_pool(partial(authority.users.find, identity))
    if user is not None and not user.disabled:
        return Giver(identity)
    client = None if user is not None else await engine.in_pool(partial(authority.clients.find, identity))
    if client is None:
        raise unknown()
    return Giver(identity, whole=client.sites)


def _entries(engine: Engine, found: Invitation, party: Party, giver: Giver | None) -> list[Entry]:
    """What accepting an invitation changes; ``giver`` None: who runs the twin invited."""
    mirror, ontology, at = engine.mirror, engine.ontology, now()
    target = mirror.get(found.entity)
    if target is None or (found.until is not None and found.until <= at):
        raise unknown()
    if found.what == "member":
        if giver is not None and giver.id not in admins_of(mirror, target.id, at):
            raise unknown()
        there = mirror.relation(party.id, target.id, MEMBER_OF) if party.id in mirror.entities else None
        return (
            []
            if there is not None and there.roles[0].role == "admin"
            else join(mirror, party, target, found.role, found.until)
        )
    if found.what == "transfer":
        if giver is None or _owner(engine, giver.id, target) != found.party:
            raise unknown()
        return [] if party.id == found.party else hand_over(mirror, target, found.party, party)
    role = giving.known_role(ontology.of(target.site), found.role, target)
    if giver is not None:
        may_give(mirror, ontology, giver, role, target, found.until, at)
    there = mirror.relation(party.id, target.id, HAS_ROLE) if party.id in mirror.entities else None
    held = next((each for each in there.roles if each.role == role.name), None) if there is not None else None
    if held is not None and (held.until is None or (found.until is not None and held.until >= found.until)):
        return []
    return giving.give(mirror, ontology, party, role.name, target, found.until)


def _changeset(
    engine: Engine, found: Invitation, party: Party, entries: list[Entry], principal: Principal
) -> ChangeSet:
    target = engine.mirror.entities[found.entity]
    to, by = f"{party.kind}:{party.id}", f"user:{found.by}" if found.by else "who runs the twin"
    summary = {
        "role": f"give {to} the role {found.role.rpartition('/')[2]} on {target.path}, to which {by} invited them",
        "member": f"make {to} {found.role} of {target.path}, to which {by} invited them",
        "transfer": f"transfer {target.path} from {found.party} to {to}",
    }[found.what]
    return ChangeSet(
        op_id=f"invitation {found.id}",
        actor=actor(principal, "account"),
        at=now(),
        entries=tuple(entries),
        summary=summary,
        site=target.site or None,
    )


def _owner(engine: Engine, user: str, site: Entity) -> str | None:
    """Whose roles on a site somebody can hand over: their own, or those of an organisation of which they are admin."""
    mirror = engine.mirror
    if user not in mirror.entities:
        return None
    admin_of = [
        target
        for target, edges in mirror.leaving(user).items()
        if MEMBER_OF in edges and user in admins_of(mirror, target, now())
    ]
    return next((each for each in (user, *admin_of) if _owned(engine, each, site)), None)


def _owned(engine: Engine, party: str, site: Entity) -> list[tuple[Entity, tuple[Held, ...]]]:
    """The roles on a site that somebody was given, if one of them makes it theirs."""
    at = now()
    return [
        (target, roles)
        for target, roles in held_in(engine.mirror, party, site.id)
        if target.id == site.id
        and any(owns(engine.ontology, each, site) and (each.until is None or each.until > at) for each in roles)
    ]


def _may_see(question: Question, invitation: Invitation) -> bool:
    target = question.engine.mirror.get(invitation.entity)
    if target is None:
        return invitation.by == question.principal.subject
    if target.kind == "organisation":
        return is_admin(question, target.id) and organisations.covers(question, target)
    if target.site and question.find(target.id) is None:
        return False
    return invitation.by == question.principal.subject or sharable(question, target)


def _require_all(principal: Principal, permissions: frozenset[str]) -> None:
    for permission in sorted(permissions):
        principal.require(SCOPE_OF[permission])  # type: ignore[index]  # words of permissions


async def _audited(engine: Engine, action: str, principal: Principal, found: Invitation, result: str = "ok") -> None:
    """Say who offered what to whom, and what became of it."""
    target = engine.mirror.get(found.entity)
    role = f" {found.role.rpartition('/')[2]}" if found.role else ""
    on = found.entity if target is None else target.path
    deed = Deed(
        at=now(),
        action=action,
        result=result,
        user=principal.subject,
        client=principal.client,
        token=principal.token,
        entity=found.entity,
        site="" if target is None else target.site,
        address=address(),
        detail=f"{_WORDS[found.what]}{role} on {on} for {found.email}",
    )
    await engine.auditing.now(deed)
