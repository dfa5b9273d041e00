"""Organisations: ``/api/v1/organisations``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from api import organisations
from api.context import Sharer
from api.organisations import Organisation
from api.questions import Question
from api.rest.bodies import In, body_of, read_body
from api.rest.parameters import After, Limit
from api.rest.shapes import Out, Page, Time, answer, page_out
from api.slices import DEFAULT_FIRST, cut
from api.texts import title_in
from twin.times import rfc3339

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/organisations", tags=["Organisations"])

Ref = Annotated[str, Path(description="The organisation's id.")]
Standing = Literal["member", "admin"]


class MemberOut(Out):
    """Somebody of an organisation."""

    user: str = Field(description="Their id.")
    name: str
    standing: Standing = Field(description="An admin says who is in it.")
    until: Time | None = Field(description="When it ends; null: not by itself.")


class OrganisationOut(Out):
    """People who have roles together."""

    id: str
    name: str
    standing: Standing = Field(description="What whoever the token speaks for is of it.")
    members: list[MemberOut]


class OrganisationIn(In):
    """An organisation to be made."""

    name: str = Field(examples=["Acme Heating"])


@router.get("", summary="List organisations", response_model=Page[OrganisationOut])
async def organisations_of(
    request: Request, caller: Sharer, limit: Limit = DEFAULT_FIRST, after: After = None
) -> Response:
    """Those that whoever the token speaks for is a member of."""
    found = organisations.mine(Question(caller.engine, caller.principal))
    page = cut(found, organisations.order, limit, after)
    return page_out(request, page, [_out(each) for _, each in page.items])  # type: ignore[arg-type]


@router.post(
    "",
    summary="Make an organisation",
    status_code=201,
    response_model=OrganisationOut,
    openapi_extra=body_of(OrganisationIn, {"name": "Acme Heating"}),
)
async def make_organisation(request: Request, caller: Sharer) -> Response:
    """Its admin is whoever the token speaks for. Others are invited: POST /api/v1/access/invitations."""
    said = await read_body(request, OrganisationIn)
    made = await organisations.create(Question(caller.engine, caller.principal), said.name, via="rest")
    return answer(_out(made), status=201)


@router.get("/{organisation}", summary="Get an organisation", response_model=OrganisationOut)
async def organisation(organisation: Ref, caller: Sharer) -> Response:
    """With its members."""
    return answer(_out(organisations.one(Question(caller.engine, caller.principal), organisation)))


@router.delete("/{organisation}", summary="End an organisation", status_code=204)
async def end_organisation(organisation: Ref, caller: Sharer) -> Response:
    """With all the roles that it has."""
    await organisations.end(Question(caller.engine, caller.principal), organisation, via="rest")
    return Response(status_code=204)


@router.delete("/{organisation}/members/{user}", summary="End a membership, or leave", status_code=204)
async def end_membership(
    organisation: Ref, user: Annotated[str, Path(description="The member's id.")], caller: Sharer
) -> Response:
    """As an admin, or one's own; the last admin stays."""
    await organisations.remove(Question(caller.engine, caller.principal), organisation, user, via="rest")
    return Response(status_code=204)


def _out(each: Organisation) -> dict[str, Any]:
    return {
        "id": each.entity.id,
        "name": each.name,
        "standing": each.standing,
        "members": [
            {
                "user": member.user.id,
                "name": title_in(member.user),
                "standing": member.standing,
                "until": None if member.until is None else rfc3339(member.until),
            }
            for member in each.members
        ],
    }
