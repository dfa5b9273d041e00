"""Letting others in: ``/api/v1/access/grants``, ``/api/v1/access/invitations``, ``/api/v1/access/transfers``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import cursors, inviting, sharing
from api.context import Sharer
from api.questions import Question
from api.rest.bodies import In, body_of, read_body
from api.rest.parameters import After, Limit
from api.rest.shapes import Out, Page, Time, answer, page_out
from api.sharing import Shared
from api.slices import DEFAULT_FIRST, cut
from api.texts import title_in
from twin.access.invitations import MOST_DAYS, Invitation
from twin.errors import InvalidValue, NotFound
from twin.graph.model import Entity
from twin.times import rfc3339, time_of

__all__ = ["InvitationOut", "InviteIn", "MadeOut", "instant", "invitation_out", "made_out", "router"]

router = APIRouter(prefix="/api/v1/access", tags=["Access"])

_UNTIL: Any = Field(default=None, description="When it ends; null: not by itself.", examples=["2026-11-27T18:00:00Z"])
_DAYS: Any = Field(default=None, description=f"How long it waits for an answer; a week unless said, {MOST_DAYS} most.")
_REDIRECT: Any = Field(default="", description="Where an answer leads: a redirect URI of the app's own, as registered.")
_ROLE: Any = Field(
    description="By its name, or by that of a place to fill; of an organisation: member or admin.", examples=["tenant"]
)


class PartyOut(Out):
    """Somebody who has roles."""

    id: str
    kind: Literal["user", "client", "organisation"]
    name: str


class GrantOut(Out):
    """A role that somebody was given."""

    id: str = Field(description="Opaque: what to take back.")
    party: PartyOut
    role: str = Field(description="As it is named in the ontology.", examples=["Tenant"])
    on: str = Field(description="The id of what it is had on.")
    path: str = Field(examples=["hugo/floor-1/flat-102"])
    until: Time | None = Field(description="When it ends; null: not by itself.")


class InvitationOut(Out):
    """An invitation that waits for an answer."""

    id: str
    what: Literal["role", "member", "transfer"]
    email: str
    role: str | None = Field(description="As it is named in the ontology; of an organisation, member or admin.")
    on: str = Field(description="The id of what it is had on.")
    path: str
    until: Time | None = Field(description="When the role ends; null: not by itself.")
    expiresAt: Time  # noqa: N815 - as it is written in JSON


class MadeOut(Out):
    """An invitation, with its link."""

    invitation: InvitationOut
    link: str = Field(description="Shown this once; the twin sends no e-mail: pass it on to nobody but them.")


class GrantIn(In):
    """A role to be given."""

    party: str = Field(description="The id of somebody whom the list of grants shows, or of an organisation of yours.")
    role: str = Field(description="By its name, or by that of a place to fill.", examples=["Guest"])
    on: str = Field(description="Id or path of what it is had on, or fleet:NAME.", examples=["hugo/flat"])
    until: str | None = _UNTIL


class InviteIn(In):
    """Whom to invite, into what."""

    email: str = Field(examples=["ben@example.com"])
    role: str = _ROLE
    on: str = Field(description="Id or path of what it is had on, fleet:NAME, or an organisation's id.")
    until: str | None = _UNTIL
    days: float | None = _DAYS
    redirect: str = _REDIRECT


class TransferIn(In):
    """Who is to take a site over."""

    site: str = Field(description="Id or path.", examples=["hugo"])
    email: str = Field(examples=["ben@example.com"])
    days: float | None = _DAYS
    redirect: str = _REDIRECT


@router.get("/grants", summary="List who has which role", response_model=Page[GrantOut])
async def grants(
    request: Request,
    caller: Sharer,
    on: Annotated[str | None, Query(description="Only on this (id or path), and on what is in it.")] = None,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """Where the token may share, and the roles of whoever it speaks for."""
    question = Question(caller.engine, caller.principal)
    page = cut(sharing.shared(question, on), sharing.order, limit, after)
    return page_out(request, page, [grant_out(each) for _, each in page.items])  # type: ignore[arg-type]


@router.post(
    "/grants",
    summary="Give a role",
    response_model=GrantOut,
    openapi_extra=body_of(GrantIn, {"party": "c0ffee", "role": "Guest", "on": "hugo/flat"}),
)
async def give_role(request: Request, caller: Sharer) -> Response:
    """To somebody who is known there already; given again, it ends when the later one says. Others are invited."""
    said = await read_body(request, GrantIn)
    question = Question(caller.engine, caller.principal)
    made = await sharing.give(question, said.party, said.role, said.on, instant(said.until), via="rest")
    return answer(grant_out(made))


@router.delete("/grants/{grant}", summary="Take a role back, or leave it", status_code=204)
async def take_role(grant: Annotated[str, Path(description="The grant's id.")], caller: Sharer) -> Response:
    """What it opened is closed at once. The last who can administer and share a site stays."""
    try:
        found = cursors.decode(grant, 3)
    except InvalidValue as error:
        raise NotFound("there is no such grant", code="grant.unknown") from error
    on, party, role = found or ("", "", "")
    await sharing.take(Question(caller.engine, caller.principal), party, role, on, via="rest")
    return Response(status_code=204)


@router.get("/invitations", summary="List invitations", response_model=Page[InvitationOut])
async def invitations(request: Request, caller: Sharer, limit: Limit = DEFAULT_FIRST, after: After = None) -> Response:
    """Those that wait for an answer: the token's own, and into what it may share."""
    question = Question(caller.engine, caller.principal)
    page = cut(await inviting.sent(question), lambda each: (f"{each.created:020}", each.id), limit, after)
    return page_out(request, page, [invitation_out(question, each) for _, each in page.items])  # type: ignore[arg-type]


@router.post(
    "/invitations",
    summary="Invite somebody",
    status_code=201,
    response_model=MadeOut,
    openapi_extra=body_of(InviteIn, {"email": "ben@example.com", "role": "tenant", "on": "hugo/flat"}),
)
async def invite(request: Request, caller: Sharer) -> Response:
    """Answers the same whether or not the address has an account. The twin sends no e-mail: the link is shown here."""
    said = await read_body(request, InviteIn)
    question = Question(caller.engine, caller.principal)
    until = instant(said.until)
    made = await inviting.invite(
        question, said.email, said.role, said.on, until=until, days=said.days, redirect=said.redirect
    )
    return answer(made_out(question, made), status=201)


@router.delete("/invitations/{invitation}", summary="Take an invitation back", status_code=204)
async def take_back_invitation(
    invitation: Annotated[str, Path(description="The invitation's id.")], caller: Sharer
) -> Response:
    """Its link works no more."""
    await inviting.revoke(Question(caller.engine, caller.principal), invitation)
    return Response(status_code=204)


@router.post(
    "/transfers",
    summary="Offer a site to a new owner",
    status_code=201,
    response_model=MadeOut,
    openapi_extra=body_of(TransferIn, {"site": "hugo", "email": "ben@example.com"}),
)
async def offer_site(request: Request, caller: Sharer) -> Response:
    """When they accept, the roles on the site are theirs, and what the old owner was given in it ends."""
    said = await read_body(request, TransferIn)
    question = Question(caller.engine, caller.principal)
    made = await inviting.offer_site(question, said.site, said.email, days=said.days, back=said.redirect)
    return answer(made_out(question, made), status=201)


def instant(said: str | None) -> int | None:
    """A moment as it is sent; `InvalidValue` for what is none."""
    return None if said is None else time_of(said)


def grant_out(each: Shared) -> dict[str, Any]:
    """A grant, as a document."""
    return {
        "id": each.id,
        "party": party_out(each.party),
        "role": each.role,
        "on": each.on.id,
        "path": each.on.path,
        "until": None if each.held.until is None else rfc3339(each.held.until),
    }


def party_out(each: Entity) -> dict[str, Any]:
    """Somebody, as a document."""
    return {"id": each.id, "kind": each.kind, "name": title_in(each) or each.key}


def invitation_out(question: Question, each: Invitation) -> dict[str, Any]:
    """An invitation, as a document."""
    target = question.engine.mirror.get(each.entity)
    return {
        "id": each.id,
        "what": each.what,
        "email": each.email,
        "role": each.role.rpartition("/")[2] or None,
        "on": each.entity,
        "path": "" if target is None else target.path,
        "until": None if each.until is None else rfc3339(each.until),
        "expiresAt": rfc3339(each.expires),
    }


def made_out(question: Question, made: inviting.Made) -> dict[str, Any]:
    """An invitation with its link, as a document."""
    return {"invitation": invitation_out(question, made.invitation), "link": made.link}
