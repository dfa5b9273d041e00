"""What devices sent and nobody could use: ``/api/v1/deadletters``."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import cursors
from api.context import Operator
from api.rest.parameters import After, Limit
from api.rest.shapes import DeadLetterOut, Page, answer, letter_out, page_out
from api.slices import DEFAULT_FIRST, Slice
from twin.access.rights import Rights
from twin.errors import NotFound
from twin.ontology.model import Permission
from twin.telemetry.deadletters import DeadLetters

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/deadletters", tags=["Dead letters"])

_NEEDED: tuple[Permission, ...] = ("read", "read-private", "administer")
"""On the whole of a site: what its devices sent may tell anything about anybody in it."""


@router.get("", summary="List dead letters", response_model=Page[DeadLetterOut])
async def letters(
    request: Request,
    caller: Operator,
    code: Annotated[str | None, Query(description="Only those with this reason.")] = None,
    limit: Limit = DEFAULT_FIRST,
    after: After = None,
) -> Response:
    """The newest first, without their payloads: of the token's sites, and those of no site if it may see all."""
    kept = caller.engine.deadletters
    sites, position = Rights(caller.engine, caller.principal).whole(_NEEDED), _position(kept, after)
    listed = partial(kept.list, limit=limit + 1, after=position, code=code, sites=sites)
    found = await caller.engine.in_pool(listed)
    items: list[tuple[str, object]] = [(cursors.encode(kept.names.of(each.id)), each) for each in found[:limit]]
    page = Slice(items, has_next=len(found) > limit, has_previous=after is not None, total=lambda: len(items))
    return page_out(request, page, [letter_out(each, kept.names.of(each.id)) for each in found[:limit]])


@router.get("/{letter}", summary="Get a dead letter", response_model=DeadLetterOut)
async def letter(
    letter: Annotated[str, Path(max_length=100, description="The letter's id.")], caller: Operator
) -> Response:
    """One letter, with its payload as text."""
    kept, sites = caller.engine.deadletters, Rights(caller.engine, caller.principal).whole(_NEEDED)
    number = kept.names.number(letter)
    try:
        found = await caller.engine.in_pool(partial(kept.show, -1 if number is None else number, sites=sites))
    except NotFound as error:
        raise NotFound(f"there is no dead letter {letter!r}", code=error.code_, help="list those there are") from error
    return answer(letter_out(found, letter))


def _position(kept: DeadLetters, after: str | None) -> int | None:
    position = cursors.decode(after)
    if position is None:
        return None
    number = kept.names.number(position[0])
    if number is None:
        raise cursors.invalid()
    return number
