"""The addresses of the documentation: ``/docs`` for people, ``/openapi.json`` for programs."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from functools import cache

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.context import engine_of
from api.docs.openapi import openapi
from api.docs.page import POLICY, page

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_openapi = cache(openapi)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The documentation of this API, on one page."""
    text = page(_openapi(), engine_of(request).tokens.issuer)
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


@router.get("/openapi.json")
async def document() -> Response:
    """The OpenAPI document."""
    return Response(orjson.dumps(_openapi()), media_type="application/json")
