"""Assets: ``/api/v1/assets``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from api import assets
from api.assets import Declared, Seen
from api.context import Author
from api.questions import Question
from api.rest.bodies import In, body_of, read_body
from api.rest.parameters import After, Limit
from api.rest.shapes import Kind, Out, Page, answer, page_out
from api.slices import DEFAULT_FIRST
from twin.access.declaring import Declaration, State

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/assets", tags=["Assets"])

_SERIAL: Any = Field(description="As it is printed on the box.", examples=["EB-2207-0041"])
_CODE: Any = Field(description="As it is printed on the box; case, blanks and hyphens do not matter.")


class PlacedOut(Out):
    """The gateway or device that an asset is."""

    id: str
    kind: Kind
    path: str = Field(examples=["hugo/box"])


class AssetOut(Out):
    """A gateway or device as it was declared to the platform."""

    id: str
    serial: str = _SERIAL
    state: State = Field(description="Claimed: it has a place. Blocked: it is kept out, whether or not it has one.")
    type: str = Field(description="What its place must be: a type, `gateway` or `device`.", examples=["EnOceanBox"])
    model: str | None
    vendor: str | None
    fleet: str | None = Field(description="The fleet that owns it.", examples=["north"])
    place: PlacedOut | None = Field(description="Where it is; null also where the token may not see that.")
    claimCode: str | None = Field(description="Only where it was drawn just now: it is told once.")  # noqa: N815 - JSON


class AssetsOut(Out):
    """What was declared."""

    items: list[AssetOut]


class AssetIn(In):
    """An asset to be declared."""

    serial: str = _SERIAL
    type: str = Field(default="", description="A type or a product of the ontology, `gateway` or `device`.")
    model: str = ""
    vendor: str = ""
    fleet: str = Field(default="", description="The fleet that owns it: one that the token administers.")
    claimCode: str = Field(default="", description="If the box has one already; else one is drawn.")  # noqa: N815 - JSON


class AssetsIn(In):
    """Assets to be declared: all of them, or none."""

    assets: list[AssetIn]


class ClaimIn(In):
    """Where an asset shall be."""

    code: str = _CODE
    at: str = Field(description="Id or path of the place, or of a site or space with one free place that it can have.")


class ReplaceIn(In):
    """The asset that takes the place of another."""

    serial: str = _SERIAL
    code: str = _CODE


@router.get("", summary="List assets", response_model=Page[AssetOut])
async def list_assets(
    request: Request,
    caller: Author,
    fleet: str | None = None,
    state: State | None = None,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """Those of the fleets that the token administers, and those whose place it administers."""
    question = Question(caller.engine, caller.principal)
    found = assets.page(question, fleet=fleet, state=state, first=limit, after=after)
    return page_out(request, found, [_out(each) for _, each in found.items])  # type: ignore[arg-type]


@router.post(
    "",
    summary="Declare assets",
    response_model=AssetsOut,
    openapi_extra=body_of(AssetsIn, {"assets": [{"serial": "EB-2207-0041", "type": "gateway"}]}),
)
async def declare_assets(request: Request, caller: Author) -> Response:
    """One or many; all or none. Declared again, it is changed to what is said. A claim code is drawn for an asset that
    has none, and told this once. Needs a role that may administer the fleet.
    """
    body = await read_body(request, AssetsIn)
    wanted = [
        Declared(
            said=Declaration(
                serial=each.serial, type=each.type, model=each.model, vendor=each.vendor, fleet=each.fleet
            ),
            code=each.claimCode,
        )
        for each in body.assets
    ]
    question = Question(caller.engine, caller.principal)
    found = await assets.declare(question, wanted, via="rest")
    return answer({"items": [_out(each) for each in found]})


@router.get("/{serial}", summary="Show an asset", response_model=AssetOut)
async def show_asset(caller: Author, serial: str) -> Response:
    """By its serial, or its id. One that the token has nothing to do with is none."""
    return answer(_out(assets.find(Question(caller.engine, caller.principal), serial)))


@router.delete("/{serial}", summary="Remove an asset", response_model=AssetOut)
async def remove_asset(caller: Author, serial: str) -> Response:
    """Declare it no more: the answer tells it for the last time. One that has a place is released first. Needs a role
    that may administer the fleet that owns it.
    """
    return answer(_out(await assets.remove(Question(caller.engine, caller.principal), serial, via="rest")))


@router.post(
    "/{serial}/claim",
    summary="Claim an asset",
    response_model=AssetOut,
    openapi_extra=body_of(ClaimIn, {"code": "7KQM-2FXH-9RTB", "at": "hugo"}),
)
async def claim_asset(request: Request, caller: Author, serial: str) -> Response:
    """Have it be a gateway or device that the token administers. A wrong serial, a wrong code and an asset that may not
    be claimed are answered alike.
    """
    body = await read_body(request, ClaimIn)
    question = Question(caller.engine, caller.principal)
    return answer(_out(await assets.claim(question, serial, body.code, body.at, via="rest")))


@router.post("/{serial}/release", summary="Release an asset", response_model=AssetOut)
async def release_asset(caller: Author, serial: str) -> Response:
    """Have it be nothing: its client ends at once, what stood for it stays, and its claim code claims it again."""
    return answer(_out(await assets.release(Question(caller.engine, caller.principal), serial, via="rest")))


@router.post(
    "/{serial}/replace",
    summary="Replace an asset",
    response_model=AssetOut,
    openapi_extra=body_of(ReplaceIn, {"serial": "EB-2207-0042", "code": "7KQM-2FXH-9RTB"}),
)
async def replace_asset(request: Request, caller: Author, serial: str) -> Response:
    """Have a new box take its place, with all history and rights; the old one's client ends at once."""
    body = await read_body(request, ReplaceIn)
    question = Question(caller.engine, caller.principal)
    return answer(_out(await assets.replace(question, serial, body.serial, body.code, via="rest")))


@router.post("/{serial}/block", summary="Block an asset", response_model=AssetOut)
async def block_asset(caller: Author, serial: str) -> Response:
    """Keep it out: its connections are cut at once. Needs a role that may administer the fleet that owns it."""
    question = Question(caller.engine, caller.principal)
    return answer(_out(await assets.block(question, serial, blocked=True, via="rest")))


@router.post("/{serial}/unblock", summary="Unblock an asset", response_model=AssetOut)
async def unblock_asset(caller: Author, serial: str) -> Response:
    """Let it in again."""
    question = Question(caller.engine, caller.principal)
    return answer(_out(await assets.block(question, serial, blocked=False, via="rest")))


def _out(each: Seen) -> dict[str, Any]:
    place = each.place
    return {
        "id": each.id,
        "serial": each.serial,
        "state": each.state,
        "type": each.type,
        "model": each.model or None,
        "vendor": each.vendor or None,
        "fleet": each.fleet or None,
        "place": None if place is None else {"id": place.id, "kind": place.kind, "path": place.path},
        "claimCode": each.claim_code,
    }
