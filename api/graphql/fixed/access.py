"""Who is asking, and what they may act on."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

import strawberry

from api.access import RoleHeld, held
from api.graphql.fixed.scalars import Instant
from api.graphql.fixed.sharing import (
    AccessGrant,
    Invitation,
    Organisation,
    grants_of,
    invitations_of,
    organisations_of,
)
from api.slices import MOST
from api.texts import title_in
from twin.errors import TooMany

__all__ = ["Me", "RoleOn", "SiteAccess"]


@strawberry.type(description="An organisation or a fleet through which somebody has a role.")
class Through:
    """As `api.access.RoleHeld` names them."""

    id: strawberry.ID
    kind: str
    name: str


@strawberry.type(description="A role, and what it is had on.")
class RoleOn:
    """As `api.access.RoleHeld`."""

    role: str = strawberry.field(description="As it is named in the ontology.")
    id: strawberry.ID = strawberry.field(description="Of what it is had on.")
    path: str
    permissions: list[str] = strawberry.field(
        description="Those of the role that count for this token: it carries their scopes."
    )
    until: Instant | None = strawberry.field(description="When it ends; null: not by itself.")
    through: list[Through] = strawberry.field(description="The organisation, and the fleet, through which it is had.")


@strawberry.type(description="A site that the token may act on, or in.")
class SiteAccess:
    """As `api.access.SiteHeld`."""

    site: strawberry.ID = strawberry.field(description="Its id; the site itself may be hidden.")
    whole: bool = strawberry.field(description="Whether all of it is open, as to a client registered for it.")
    roles: list[RoleOn]


@strawberry.type(description="Whom the token speaks for, and what it may do.")
class Me:
    """Who is asking."""

    client_id: str
    scopes: list[str]
    subject: str = strawberry.field(description="The id of the user; of a client in its own name, the client's.")

    @strawberry.field(  # type: ignore[untyped-decorator]  # Strawberry's overloads
        description="Who has which role where the token may share, and its own. Needs the scope twin:share."
    )
    def grants(self, info: strawberry.Info, on: str | None = None) -> list[AccessGrant]:
        """As things stand now; ``on``: only on this, and on what is in it."""
        return grants_of(info.context.question, on)

    @strawberry.field(  # type: ignore[untyped-decorator]  # Strawberry's overloads
        description="Invitations that wait for an answer. Needs the scope twin:share."
    )
    async def invitations(self, info: strawberry.Info) -> list[Invitation]:
        """Those that were sent."""
        return await invitations_of(info.context.question)

    @strawberry.field(  # type: ignore[untyped-decorator]  # Strawberry's overloads
        description="The organisations that it is a member of. Needs the scope twin:share."
    )
    def organisations(self, info: strawberry.Info) -> list[Organisation]:
        """As things stand now."""
        return organisations_of(info.context.question)

    @strawberry.field(  # type: ignore[untyped-decorator]  # Strawberry's overloads
        description="What it may act on, and in which roles; null: every site, as a client in its own name."
    )
    def sites(self, info: strawberry.Info) -> list[SiteAccess] | None:
        """As things stand now."""
        found = held(info.context.question)
        if found is None:
            return None
        if len(found) > MOST:
            raise TooMany(f"these are {len(found)} sites", help="GET /api/v1/access lists them in pages")
        return [
            SiteAccess(site=strawberry.ID(each.site), whole=each.whole, roles=list(map(_role, each.roles)))
            for each in found
        ]


def _role(each: RoleHeld) -> RoleOn:
    until = None if each.until is None else Instant(each.until)
    permissions = list(map(str, each.permissions))
    through = [Through(id=strawberry.ID(one.id), kind=one.kind, name=title_in(one)) for one in each.through]
    return RoleOn(
        role=each.role,
        id=strawberry.ID(each.on.id),
        path=each.on.path,
        permissions=permissions,
        until=until,
        through=through,
    )
