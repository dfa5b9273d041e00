"""Requests as OAuth2 has them, read completely: so that a thread can work on them, and nothing is looked at twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["FORM", "Answer", "Form", "fields_of", "form_of", "respond"]

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 100


class Form(msgspec.Struct, frozen=True):
    """A request to an endpoint that programs use: its query, its fields in order, its credentials."""

    query: str
    fields: tuple[tuple[str, str], ...]
    authorization: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """What goes back: JSON, or nothing where ``body`` is None."""

    status: int
    body: dict[str, Any] | None
    headers: dict[str, str] = {}


def fields_of(text: str) -> tuple[tuple[str, str], ...]:
    """The fields of a query string or a form, in order. An `HTTPException` (400) when it is neither."""
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError as error:
        raise HTTPException(400) from error


async def form_of(request: Request) -> Form:
    """The request as it stands. A body that is no form has no fields."""
    body = await request.body()
    fields: tuple[tuple[str, str], ...] = ()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise HTTPException(400) from error
        fields = fields_of(text)
    return Form(request.url.query, fields, tuple(request.headers.getlist("authorization")))


def respond(answer: Answer) -> Response:
    """An answer on HTTP. Where a token or a secret may be in it, nothing keeps it."""
    content = b"" if answer.body is None else orjson.dumps(answer.body)
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache", **answer.headers}
    return Response(content, answer.status, headers, media_type=None if answer.body is None else "application/json")
