"""Who has which role, invitations and organisations, as GraphQL has them."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

import strawberry

from api import inviting, organisations, sharing
from api.graphql.fixed.scalars import Instant
from api.questions import Question
from api.slices import MOST
from api.texts import title_in
from twin.access.invitations import Invitation as Offer
from twin.errors import TooMany
from twin.graph.model import Entity

__all__ = [
    "AccessGrant",
    "Invitation",
    "Organisation",
    "OrganisationMember",
    "Party",
    "grant_of",
    "grants_of",
    "invitation_of",
    "invitations_of",
    "organisation_of",
    "organisations_of",
]


@strawberry.type(description="Somebody who has roles: a user, a client or an organisation.")
class Party:
    """As `twin.graph.model.PARTIES`."""

    id: strawberry.ID
    kind: str
    name: str


@strawberry.type(description="A role that somebody was given.")
class AccessGrant:
    """As `api.sharing.Shared`."""

    id: strawberry.ID = strawberry.field(description="Opaque: what to take back.")
    party: Party
    role: str = strawberry.field(description="As it is named in the ontology.")
    on: strawberry.ID = strawberry.field(description="The id of what it is had on.")
    path: str
    until: Instant | None = strawberry.field(description="When it ends; null: not by itself.")


@strawberry.type(description="An invitation that waits for an answer.")
class Invitation:
    """As `twin.access.invitations.Invitation`."""

    id: strawberry.ID
    what: str = strawberry.field(description="role, member or transfer.")
    email: str
    role: str | None = strawberry.field(description="As it is named in the ontology; of an organisation, the standing.")
    on: strawberry.ID = strawberry.field(description="The id of what it is had on.")
    path: str
    until: Instant | None = strawberry.field(description="When the role ends; null: not by itself.")
    expires_at: Instant


@strawberry.type(description="Somebody of an organisation.")
class OrganisationMember:
    """As `api.organisations.Member`."""

    user: strawberry.ID
    name: str
    standing: str = strawberry.field(description="member or admin: an admin says who is in it.")
    until: Instant | None


@strawberry.type(description="People who have roles together.")
class Organisation:
    """As `api.organisations.Organisation`."""

    id: strawberry.ID
    name: str
    standing: str = strawberry.field(description="What whoever the token speaks for is of it.")
    members: list[OrganisationMember]


def grants_of(question: Question, on: str | None) -> list[AccessGrant]:
    """Who has which role, where the token may share, and its own."""
    question.principal.require(sharing.SCOPE)
    found = sharing.shared(question, on)
    if len(found) > MOST:
        raise TooMany(f"these are {len(found)} roles", help="GET /api/v1/access/grants lists them in pages")
    return [grant_of(each) for each in found]


async def invitations_of(question: Question) -> list[Invitation]:
    """The invitations that wait for an answer."""
    return [invitation_of(question, each) for each in await inviting.sent(question)]


def organisations_of(question: Question) -> list[Organisation]:
    """The organisations of whoever the token speaks for."""
    return [organisation_of(each) for each in organisations.mine(question)]


def grant_of(each: sharing.Shared) -> AccessGrant:
    """A grant, for GraphQL."""
    return AccessGrant(
        id=strawberry.ID(each.id),
        party=_party(each.party),
        role=each.role,
        on=strawberry.ID(each.on.id),
        path=each.on.path,
        until=_at(each.held.until),
    )


def invitation_of(question: Question, each: Offer) -> Invitation:
    """An invitation, for GraphQL."""
    target = question.engine.mirror.get(each.entity)
    return Invitation(
        id=strawberry.ID(each.id),
        what=each.what,
        email=each.email,
        role=each.role.rpartition("/")[2] or None,
        on=strawberry.ID(each.entity),
        path="" if target is None else target.path,
        until=_at(each.until),
        expires_at=Instant(each.expires),
    )


def organisation_of(each: organisations.Organisation) -> Organisation:
    """An organisation, for GraphQL."""
    members = [
        OrganisationMember(
            user=strawberry.ID(one.user.id), name=title_in(one.user), standing=one.standing, until=_at(one.until)
        )
        for one in each.members
    ]
    return Organisation(id=strawberry.ID(each.entity.id), name=each.name, standing=each.standing, members=members)


def _party(each: Entity) -> Party:
    return Party(id=strawberry.ID(each.id), kind=each.kind, name=title_in(each))


def _at(moment: int | None) -> Instant | None:
    return None if moment is None else Instant(moment)
