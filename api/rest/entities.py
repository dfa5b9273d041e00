"""One entity, what is around it, what it says, and changing it: ``/api/v1/entities/{id}`` and below."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

import re
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.annals import log
from api.context import Caller, Reader, Writer
from api.editing import update
from api.problems import respond
from api.questions import Question
from api.reaching import flow, related, way
from api.rest.parameters import (
    After,
    Depth,
    Direction,
    FlowDepth,
    Id,
    IfMatch,
    Key,
    Limit,
    Measures,
    Point,
    Relation,
    Relations,
    To,
    Unit,
)
from api.rest.records import RecordOut, record_out
from api.rest.shapes import (
    Change,
    EntityOut,
    Page,
    PointOut,
    RelationOut,
    Way,
    answer,
    entity_out,
    hop_out,
    page_out,
    point_out,
    relation_out,
)
from api.slices import DEFAULT_FIRST
from twin.errors import Conflict, InvalidValue
from twin.graph.model import Entity

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/entities/{id}", tags=["Entities"])

_ETAG = re.compile(r'"?([0-9]{1,9})"?\Z')
_JSON = frozenset({"application/json", "application/merge-patch+json"})
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": Change.model_json_schema(), "example": {"title": "Living room"}} for kind in sorted(_JSON)
        },
    }
}


@router.get("", summary="Get an entity", response_model=EntityOut)
async def entity(id: Id, caller: Reader) -> Response:  # noqa: A002 - the parameter's name
    """Any entity by its id. Its `ETag` is its revision."""
    question, found = _asked(caller, id)
    return _entity(question, found)


@router.patch("", summary="Change an entity", response_model=EntityOut, openapi_extra=_BODY)
async def change(
    id: Id,  # noqa: A002 - the parameter's name
    request: Request,
    caller: Writer,
    if_match: IfMatch = None,
    idempotency_key: Key = None,
) -> Response:
    """Give it a new title or new values of properties; what is not named stays. Needs the scope `twin:write`."""
    caller.principal.require("twin:read")
    question = Question(caller.engine, caller.principal)
    wanted, expected = await _change(request), _revision(if_match)
    title = {"": wanted.title} if isinstance(wanted.title, str) else wanted.title
    try:
        changed = await update(
            question,
            id,
            via="rest",
            title=title,
            properties=wanted.properties,
            expected=expected,
            idempotency_key=idempotency_key,
        )
    except Conflict as error:
        return respond(request, error, None if expected is None else 412)
    return _entity(question, changed)


@router.get("/children", summary="List what it contains", response_model=Page[EntityOut])
async def children(
    id: Id,  # noqa: A002 - the parameter's name
    request: Request,
    caller: Reader,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """What it contains directly, in the natural order of the keys."""
    question, found = _asked(caller, id)
    page = question.children(found, limit, after)
    return page_out(request, page, [entity_out(question, each) for _, each in page.items])  # type: ignore[arg-type]


@router.get("/relations", summary="List its relations", response_model=Page[RelationOut])
async def relations(  # noqa: PLR0913, PLR0917 - the parameters of the address
    id: Id,  # noqa: A002 - the parameter's name
    request: Request,
    caller: Reader,
    relation: Relation = None,
    direction: Direction = "out",
    depth: Depth = 1,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """What is reached along the relations of the graph (what it contains apart), nearest first. Next to it, each
    relation counts; farther, each entity once.
    """
    question, found = _asked(caller, id)
    page = related(
        question, found, relation, "OUT" if direction == "out" else "IN", depth=depth, first=limit, after=after
    )
    return page_out(request, page, [relation_out(question, each) for _, each in page.items])  # type: ignore[arg-type]


def _flow(name: str, direction: Literal["OUT", "IN"], summary: str, text: str) -> None:
    @router.get(f"/{name}", summary=summary, operation_id=f"list_{name}", response_model=Page[RelationOut])
    async def flowing(
        id: Id,  # noqa: A002 - the parameter's name
        request: Request,
        caller: Reader,
        depth: FlowDepth = None,
        limit: Limit = DEFAULT_FIRST,
        after: After = None,
    ) -> Response:
        question, found = _asked(caller, id)
        page = flow(question, found, direction, depth=depth, first=limit, after=after)
        return page_out(request, page, [relation_out(question, each) for _, each in page.items])  # type: ignore[arg-type]

    flowing.__doc__ = text


_flow(
    "upstream",
    "IN",
    "List what feeds it",
    "Whatever feeds or serves it, however indirectly, nearest first: through what contains it, through its views, and "
    "through the parts of machines.",
)
_flow(
    "downstream",
    "OUT",
    "List what it feeds",
    "Whatever it feeds or serves, however indirectly: the other way round, exactly.",
)


@router.get("/way", summary="Find a way from it", response_model=Way)
async def shortest(id: Id, caller: Reader, to: To, relation: Relations = None) -> Response:  # noqa: A002 - the parameter's name
    """A shortest way to another entity along relations, each passed in either direction; null: there is none."""
    question, found = _asked(caller, id)
    hops = way(question, found, to, relation)
    return answer({"hops": None if hops is None else [hop_out(question, each) for each in hops]})


@router.get("/log", summary="List what was changed of it", response_model=Page[RecordOut])
async def changes(
    id: Id,  # noqa: A002 - the parameter's name
    request: Request,
    caller: Reader,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """Who changed what of it, when, and through which client: the newest first, as far as the log is kept. Values are
    as they were given then, in the unit of that time.
    """
    question, found = _asked(caller, id)
    page = await log(question, found, limit, after)
    return page_out(request, page, [record_out(each) for _, each in page.items])  # type: ignore[arg-type]


@router.get("/views", summary="List the views it is in", response_model=Page[EntityOut])
async def views(id: Id, caller: Reader) -> Response:  # noqa: A002 - the parameter's name
    """The views it is in, itself or with something around it; those of a site, for a site."""
    question, found = _asked(caller, id)
    return answer({"items": [entity_out(question, each) for each in question.views(found)], "next": None})


@router.get("/points", summary="List its points", response_model=Page[PointOut])
async def points(id: Id, caller: Reader, measures: Measures = None) -> Response:  # noqa: A002 - the parameter's name
    """The points it really has, with what each says now."""
    question, found = _asked(caller, id)
    question.measured(measures)
    return answer({"items": [point_out(question, each) for each in question.parts(found, measures)], "next": None})


@router.get("/points/{point}", summary="Get a reading", response_model=PointOut)
async def point(id: Id, point: Point, caller: Reader, unit: Unit = None) -> Response:  # noqa: A002 - the parameter's name
    """One point, with what it says now."""
    question, found = _asked(caller, id)
    return answer(point_out(question, question.part(found, point), unit))


def _asked(caller: Caller, entity_id: str) -> tuple[Question, Entity]:
    question = Question(caller.engine, caller.principal)
    return question, question.entity(entity_id)


def _entity(question: Question, found: Entity) -> Response:
    return answer(entity_out(question, found), {"ETag": f'"{found.revision}"'})


async def _change(request: Request) -> Change:
    """The body, read only now: whether the caller may was settled before."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _JSON:
        raise HTTPException(415)
    try:
        return Change.model_validate(msgspec.json.decode(await request.body()))
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) if each["loc"] else "the body" for each in error.errors()}))
        raise InvalidValue(f"this cannot be changed so: {wrong}", help="send a title, properties, or both") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise HTTPException(400) from error


def _revision(if_match: str | None) -> int | None:
    """The revision of an If-Match (RFC 9110, section 13.1.1); ``*`` is any."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.match(if_match.strip())
    if found is None:
        raise InvalidValue("If-Match is none of our ETags", help='send the ETag as it was given out: "3"')
    return int(found[1])
