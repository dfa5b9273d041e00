"""The addresses of OAuth2."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.context import engine_of
from api.oauth.metadata import authorization_server, protected_resource
from api.oauth.server import Form, TokenServer
from twin.access.principals import SCOPES

__all__ = ["router"]

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_KEPT = {"Cache-Control": "public, max-age=300"}

_TOKEN_DOCS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "const": "client_credentials"},
                        "scope": {
                            "type": "string",
                            "description": "Separated by spaces; without it, all that the client may have: "
                            + ", ".join(SCOPES),
                        },
                        "client_id": {"type": "string", "description": "Unless HTTP Basic is used."},
                        "client_secret": {"type": "string", "description": "Unless HTTP Basic is used."},
                    },
                },
                "example": {"grant_type": "client_credentials", "scope": "twin:read"},
            }
        },
    },
    "security": [{"ClientSecret": []}],
    "responses": {
        "200": {
            "description": "A token.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["access_token", "token_type", "expires_in", "scope"],
                        "properties": {
                            "access_token": {"type": "string"},
                            "token_type": {"type": "string", "const": "Bearer"},
                            "expires_in": {"type": "integer", "description": "Seconds."},
                            "scope": {"type": "string"},
                        },
                    }
                }
            },
        },
        "400": {"description": "The request is malformed, or asks for what the client may not have (RFC 6749, 5.2)."},
        "401": {"description": "The client id or its secret is wrong."},
    },
}


router = APIRouter(tags=["OAuth2"])


@router.post("/oauth/token", summary="Get an access token", openapi_extra=_TOKEN_DOCS)
async def token(request: Request) -> Response:
    """Exchange a client's id and secret for an access token (RFC 6749, section 4.4)."""
    engine = engine_of(request)
    server = TokenServer(engine.clients, engine.tokens)
    answer = await engine.in_pool(partial(server.answer, await _form(request)))
    return Response(orjson.dumps(answer.body), answer.status, answer.headers, media_type="application/json")


@router.get("/oauth/jwks.json", summary="Get the public keys")
async def jwks(request: Request) -> Response:
    """The keys that access tokens are signed with (RFC 7517)."""
    return _document(engine_of(request).tokens.jwks())


@router.get("/.well-known/oauth-authorization-server", summary="Describe the authorization server")
async def server_metadata(request: Request) -> Response:
    """Where tokens come from (RFC 8414)."""
    return _document(authorization_server(engine_of(request).tokens.issuer))


@router.get("/.well-known/oauth-protected-resource", summary="Describe the protected resource")
async def resource_metadata(request: Request) -> Response:
    """Whose tokens this API takes (RFC 9728)."""
    tokens = engine_of(request).tokens
    return _document(protected_resource(tokens.issuer, tokens.audience))


async def _form(request: Request) -> Form:
    """The request as it stands, so that a thread can read it. A body that is no form has no fields."""
    body = await request.body()
    fields: list[tuple[str, str]] = []
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
        except ValueError as error:
            raise HTTPException(400) from error
    return Form(request.url.query, tuple(fields), tuple(request.headers.getlist("authorization")))


def _document(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), headers=_KEPT, media_type="application/json")
