"""The addresses of OAuth2 that programs use."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.context import bearer_of, caller_of, engine_of
from api.oauth import endpoints
from api.oauth.documented import DEVICE_DOCS, PUSH_DOCS, REGISTER_DOCS, TOKEN_ASKED_DOCS, TOKEN_DOCS, USERINFO_DOCS
from api.oauth.forms import Answer, Form, form_of, respond
from api.oauth.grants import token_server
from api.oauth.identity import userinfo
from api.oauth.metadata import authorization_server, protected_resource
from api.oauth.noted import note_answer
from api.oauth.registration import register
from twin.access.authority import Authority
from twin.errors import RequestError, Unauthenticated

__all__ = ["router"]

_KEPT = {"Cache-Control": "public, max-age=300"}
_ANYWHERE = {"Access-Control-Allow-Origin": "*"}
"""For what carries no cookie and answers no cookie: apps in a browser ask for documents and tokens themselves."""
_PREFLIGHT = {
    **_ANYWHERE,
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}
_OPEN = (
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/oauth/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource",
)

router = APIRouter(tags=["OAuth2"])


@router.post("/oauth/token", summary="Get an access token", openapi_extra=TOKEN_DOCS)
async def token(request: Request) -> Response:
    """Exchange a code, a refresh token, a device code or a client's own proof for an access token (RFC 6749)."""
    return await _answer(request, lambda authority, form: token_server(authority).token(form), _ANYWHERE, "token.issue")


@router.post("/oauth/revoke", summary="Take a token back", openapi_extra=TOKEN_ASKED_DOCS)
async def revoke(request: Request) -> Response:
    """End a token of the client's: a refresh token with all that descends from it (RFC 7009)."""
    return await _answer(request, endpoints.revoke, _ANYWHERE, "token.revoke")


@router.post("/oauth/introspect", summary="Look into a token", openapi_extra=TOKEN_ASKED_DOCS)
async def introspect(request: Request) -> Response:
    """Whether a token of the client's is good, and what it says (RFC 7662)."""
    return await _answer(request, endpoints.introspect)


@router.post("/oauth/device_authorization", summary="Begin on a device without a browser", openapi_extra=DEVICE_DOCS)
async def device_authorization(request: Request) -> Response:
    """A code for the device, and one for the person who lets it in with a browser of their own (RFC 8628)."""
    return await _answer(request, endpoints.authorize_device)


@router.post("/oauth/par", summary="Push an authorization request", status_code=201, openapi_extra=PUSH_DOCS)
async def par(request: Request) -> Response:
    """Leave what an app asks for here, before it sends the browser (RFC 9126)."""
    return await _answer(request, endpoints.push)


@router.post("/oauth/register", summary="Register a client", status_code=201, openapi_extra=REGISTER_DOCS)
async def registration(request: Request) -> Response:
    """Register with an initial access token: twin client invite makes one (RFC 7591)."""
    try:
        initial = bearer_of(request)
    except RequestError as error:
        refused = {"error": "invalid_token", "error_description": error.message}
        return respond(Answer(401, refused, {"WWW-Authenticate": 'Bearer realm="twin"'}))
    body, engine = await request.body(), engine_of(request)
    answer = await engine.in_pool(partial(register, engine.authority, body, initial))
    await note_answer(engine, "client.register", answer)
    return respond(answer)


@router.get("/oauth/userinfo", summary="Know who signed in", openapi_extra=USERINFO_DOCS)
@router.post("/oauth/userinfo", include_in_schema=False)
async def userinfo_(request: Request) -> Response:
    """What the user of a token with the scope openid lets its app know of them (OpenID Connect)."""
    engine, principal = engine_of(request), caller_of(request, "openid").principal
    found = await engine.in_pool(partial(userinfo, engine.authority, principal))
    if found is None:
        raise Unauthenticated("the access token is not valid", help="its user is gone")
    return respond(Answer(200, found, _ANYWHERE))


@router.get("/oauth/jwks.json", summary="Get the public keys")
async def jwks(request: Request) -> Response:
    """The keys that tokens are signed with, the next one among them (RFC 7517)."""
    return _document(engine_of(request).tokens.jwks())


@router.get("/.well-known/oauth-authorization-server", summary="Describe the authorization server")
async def server_metadata(request: Request) -> Response:
    """Where tokens come from (RFC 8414)."""
    return _document(authorization_server(engine_of(request).tokens.issuer))


@router.get("/.well-known/openid-configuration", summary="Describe the sign-in")
async def provider_metadata(request: Request) -> Response:
    """The same for who signs users in (OpenID Connect Discovery)."""
    return _document(authorization_server(engine_of(request).tokens.issuer))


@router.get("/.well-known/oauth-protected-resource", summary="Describe the protected resource")
async def resource_metadata(request: Request) -> Response:
    """Whose tokens this API takes (RFC 9728)."""
    tokens = engine_of(request).tokens
    return _document(protected_resource(tokens.issuer, tokens.audience))


async def _preflight() -> Response:
    """A browser asks whether an app of another origin may ask."""
    return Response(status_code=204, headers=_PREFLIGHT)


for _path in _OPEN:
    router.add_api_route(_path, _preflight, methods=["OPTIONS"], include_in_schema=False)


async def _answer(
    request: Request, act: Callable[[Authority, Form], Answer], headers: dict[str, str] | None = None, action: str = ""
) -> Response:
    """``action`` is what the audit calls it, where it is kept."""
    engine, form = engine_of(request), await form_of(request)
    answer = await engine.in_pool(partial(act, engine.authority, form))
    if action:
        await note_answer(engine, action, answer, form)
    response = respond(answer)
    response.headers.update(headers or {})
    return response


def _document(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), headers={**_KEPT, **_ANYWHERE}, media_type="application/json")
