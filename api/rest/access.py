"""What the token may act on: ``/api/v1/access``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from api import cursors
from api.access import RoleHeld, SiteHeld, held
from api.context import Reader
from api.questions import Question
from api.rest.parameters import After, Limit
from api.rest.reasons import router as reasons
from api.rest.shapes import Kind, Out, Page, Time, page_out
from api.slices import DEFAULT_FIRST, Slice, page_size
from api.texts import title_in
from twin.times import rfc3339

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/access", tags=["Access"])
router.include_router(reasons)


class ThroughOut(Out):
    """An organisation or a fleet."""

    id: str
    kind: Literal["organisation", "fleet"]
    name: str


class HeldOut(Out):
    """A role, and what it is had on."""

    role: str = Field(description="As it is named in the ontology.", examples=["Tenant"])
    id: str = Field(description="The id of what it is had on.")
    kind: Kind
    path: str = Field(examples=["hugo/floor-1/flat-102"])
    permissions: list[str] = Field(
        description="Those of the role that count for this token: it carries their scopes.",
        examples=[["read", "command"]],
    )
    until: Time | None = Field(description="When it ends; null: not by itself.")
    through: "list[ThroughOut]" = Field(description="The organisation, and the fleet, through which it is had.")


class SiteAccessOut(Out):
    """A site that the token may act on, or in."""

    site: str = Field(description="The id of the site; the site itself may be hidden.")
    whole: bool = Field(description="Whether all of it is open, as to a client that was registered for it.")
    roles: list[HeldOut] = Field(description="The roles that count there, on the site and on what is in it.")


@router.get("", summary="List what the token may act on", response_model=Page[SiteAccessOut])
async def rights(request: Request, caller: Reader, limit: Limit = DEFAULT_FIRST, after: After = None) -> Response:
    """The sites, with the roles that whoever the token speaks for has there now. For a client that may touch every
    site the list is of those there are.
    """
    question = Question(caller.engine, caller.principal)
    found = held(question)
    if found is None:
        mirror = caller.engine.mirror
        found = [SiteHeld(site, whole=True, roles=[]) for site in sorted(mirror.sites) if question.find(site)]
    position, size = cursors.decode(after), page_size(limit)
    rest = found if position is None else [each for each in found if each.site > position[0]]
    items: list[tuple[str, object]] = [(cursors.encode(each.site), each) for each in rest[:size]]
    page = Slice(items, len(rest) > size, position is not None, lambda: len(items))
    return page_out(request, page, [_site_out(each) for each in rest[:size]])


def _site_out(each: SiteHeld) -> dict[str, Any]:
    return {"site": each.site, "whole": each.whole, "roles": [_role_out(role) for role in each.roles]}


def _role_out(role: RoleHeld) -> dict[str, Any]:
    return {
        "role": role.role,
        "id": role.on.id,
        "kind": role.on.kind,
        "path": role.on.path,
        "permissions": role.permissions,
        "until": None if role.until is None else rfc3339(role.until),
        "through": [{"id": each.id, "kind": each.kind, "name": title_in(each)} for each in role.through],
    }
