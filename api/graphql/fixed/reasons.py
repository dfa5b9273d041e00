"""Why somebody may see or do something."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

import strawberry

from api.graphql.fixed.scalars import Instant
from api.reasons import Reasons

__all__ = ["AccessReasons", "AccessWay", "GrantTaken", "MissingRole", "Removal", "told"]


@strawberry.type(description="One role that leads to an entity, or would.")
class AccessWay:
    """As `twin.access.explaining.Chain`."""

    role: str = strawberry.field(description="Qualified; of a client in its own name, its registration.")
    given_on: str = strawberry.field(description="The path of what it was given on.")
    party: str = strawberry.field(description="The organisation that it was given to; empty: they themselves.")
    steps: list[str] = strawberry.field(description="The paths from there to the entity, through fleets and views.")
    until: Instant | None = strawberry.field(description="When it ends; null: not by itself.")
    permissions: list[str] = strawberry.field(description="What it allows there; none where it stops.")
    stop: str = strawberry.field(description="Why it does not lead there: over, unknown, misplaced, closed; or empty.")
    at: str = strawberry.field(description="The path of what stops it: of the closed door, say.")


@strawberry.type(description="A role as it was given.")
class GrantTaken:
    """As `twin.access.explaining.Taken`."""

    role: str
    given_on: str
    party: str


@strawberry.type(description="All that would have to be taken back so that a permission is gone.")
class Removal:
    """Each of its grants is enough to keep it."""

    permission: str
    grants: list[GrantTaken]


@strawberry.type(description="A role that would give a permission that is missing.")
class MissingRole:
    """As `twin.access.explaining.Gift`."""

    permission: str
    role: str
    on: str = strawberry.field(description="The path of the nearest thing that it is had on.")


@strawberry.type(description="What somebody may do with an entity, and why, as far as roles go.")
class AccessReasons:
    """As `api.reasons.Reasons`."""

    user: strawberry.ID
    id: strawberry.ID = strawberry.field(description="The entity's.")
    path: str
    permissions: list[str]
    ways: list[AccessWay]
    removals: list[Removal]
    gifts: list[MissingRole]


def told(found: Reasons) -> AccessReasons:
    """Reasons as GraphQL tells them."""
    return AccessReasons(
        user=strawberry.ID(found.user),
        id=strawberry.ID(found.entity.id),
        path=found.entity.path,
        permissions=list(map(str, found.permissions)),
        ways=[
            AccessWay(
                role=each.role,
                given_on=each.given_on,
                party=each.party,
                steps=list(each.steps),
                until=None if each.until is None else Instant(each.until),
                permissions=list(map(str, each.permissions)),
                stop=each.stop,
                at=each.at,
            )
            for each in found.ways
        ],
        removals=[
            Removal(
                permission=permission,
                grants=[GrantTaken(role=each.role, given_on=each.given_on, party=each.party) for each in all_of_it],
            )
            for permission, all_of_it in found.taken.items()
        ],
        gifts=[MissingRole(permission=each.permission, role=each.role, on=each.on) for each in found.given],
    )
