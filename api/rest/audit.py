"""Who did what, and was refused: ``/api/v1/audit``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

from api import cursors
from api.context import Auditor, Caller
from api.questions import Question
from api.rest.parameters import After, Limit
from api.rest.shapes import Out, Page, Time, page_out
from api.slices import DEFAULT_FIRST, Slice
from twin.access.audit import Filter, Record
from twin.errors import Conflict, InvalidValue
from twin.times import micros, rfc3339

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/audit", tags=["Audit"])

_NDJSON = "application/x-ndjson"


class AuditedOut(Out):
    """Something that was done, or refused."""

    at: Time
    action: str = Field(examples=["graph.change"])
    result: str = Field(description="ok, or the code of the refusal.", examples=["ok", "scope.insufficient"])
    user: str = Field(description="Who: the id of a user, or of a client that acts in its own name.")
    client: str = Field(description="The id of the client; empty: none, or not known.")
    token: str = Field(description="The id of the access token.")
    entity: str = Field(description="The id of the entity that it is about, or of its site.")
    site: str = Field(description="The id of the site.")
    address: str = Field(description="Where it came from.")
    detail: str
    times: int = Field(description="How often, where the same was refused again and again within a moment.")


@router.get(
    "",
    summary="List what was done and refused",
    response_model=Page[AuditedOut],
    responses={200: {"content": {_NDJSON: {"schema": {"type": "string"}}}}},
)
async def audited(  # noqa: PLR0913, PLR0917 - the parameters of the address
    request: Request,
    caller: Auditor,
    since: Annotated[AwareDatetime | None, Query(description="Not before this time.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this time.")] = None,
    action: Annotated[str, Query(description="This one, or all of a kind: `token`, `request`, `graph`.")] = "",
    user: Annotated[str, Query(description="Only what this user did.")] = "",
    client: Annotated[str, Query(description="Only what was done through this client.")] = "",
    entity: Annotated[str, Query(description="Only what is about this entity (its id).")] = "",
    result: Annotated[Literal["ok", "refused"] | None, Query(description="Only what was done, or refused.")] = None,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """The newest first: of the sites that the token may administer, and, if that is all there are, of no site as well.
    With `Accept: application/x-ndjson` all of it, the oldest first, one object a line.
    """
    wanted = Filter(
        since=None if since is None else micros(since),
        until=None if until is None else micros(until),
        action=action,
        user=user,
        client=client,
        entity=entity,
        refused=None if result is None else result == "refused",
        sites=Question(caller.engine, caller.principal).rights.whole(("administer", "read-private")),
    )
    if request.headers.get("accept", "").startswith(_NDJSON):
        lines = _lines(caller.engine.audit.export, wanted)
        return StreamingResponse(iterate_in_threadpool(lines), media_type=_NDJSON)
    return await _page(request, caller, wanted, limit, after)


async def _page(request: Request, caller: Caller, wanted: Filter, limit: int, after: str | None) -> Response:
    annals, before = caller.engine.annals, None
    if after is not None:
        try:
            before = annals.sequence(after)
        except (InvalidValue, Conflict) as error:
            raise cursors.invalid() from error
    found = await caller.engine.in_pool(partial(caller.engine.audit.list, wanted, limit=limit + 1, before=before))
    items: list[tuple[str, object]] = [(annals.cursor(each.id), each) for each in found[:limit]]
    page = Slice(items, has_next=len(found) > limit, has_previous=after is not None, total=lambda: len(items))
    return page_out(request, page, [_out(each) for each in found[:limit]])


def _lines(export: Callable[[Filter], Iterator[Record]], wanted: Filter) -> Iterator[bytes]:
    for record in export(wanted):
        yield orjson.dumps(_out(record), option=orjson.OPT_APPEND_NEWLINE)


def _out(record: Record) -> dict[str, Any]:
    deed = record.deed
    said = {name: getattr(deed, name) for name in AuditedOut.model_fields}
    return {**said, "at": rfc3339(deed.at)}
