"""The addresses of OAuth2 that programs use."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.context import bearer_of, caller_of, engine_of
from api.engine import Engine
from api.oauth import commissioning, endpoints
from api.oauth.documented import (
    BOX_DOCS,
    DEVICE_DOCS,
    KEY_DOCS,
    PUSH_DOCS,
    REGISTER_DOCS,
    TOKEN_ASKED_DOCS,
    TOKEN_DOCS,
    USERINFO_DOCS,
)
from api.oauth.elsewhere import PEOPLE
from api.oauth.forms import Answer, Form, form_of, respond
from api.oauth.grants import token_server
from api.oauth.identity import userinfo
from api.oauth.metadata import authorization_server, for_machines, protected_resource
from api.oauth.noted import note_answer
from api.oauth.pages.browser import network_of
from api.oauth.registration import register
from twin.access.authority import Authority
from twin.access.boxes import SCOPE
from twin.errors import Forbidden, RequestError, Unauthenticated

__all__ = ["router"]

_KEPT = {"Cache-Control": "public, max-age=300"}

router = APIRouter(tags=["OAuth2"])


@router.post("/oauth/token", summary="Get an access token", openapi_extra=TOKEN_DOCS)
async def token(request: Request) -> Response:
    """Exchange a code, a refresh token, a device code or a client's own proof for an access token (RFC 6749)."""
    form = await form_of(request)
    if commissioning.is_box(form):
        return await _box(request, partial(commissioning.poll, engine_of(request), form))
    return await _answer(request, lambda authority, form: token_server(authority).token(form), "token.issue")


@router.post("/oauth/revoke", summary="Take a token back", openapi_extra=TOKEN_ASKED_DOCS)
async def revoke(request: Request) -> Response:
    """End a token of the client's: a refresh token with all that descends from it (RFC 7009)."""
    return await _answer(request, endpoints.revoke, "token.revoke")


@router.post("/oauth/introspect", summary="Look into a token", openapi_extra=TOKEN_ASKED_DOCS)
async def introspect(request: Request) -> Response:
    """Whether a token of the client's is good, and what it says (RFC 7662)."""
    return await _answer(request, endpoints.introspect)


@router.post(
    "/oauth/device_authorization",
    dependencies=[PEOPLE],
    summary="Begin on a device without a browser",
    openapi_extra=DEVICE_DOCS,
)
async def device_authorization(request: Request) -> Response:
    """A code for the device, and one for the person who lets it in with a browser of their own (RFC 8628).

    A box that has no client of its own sends the client id `commissioning`, its serial and its claim code.
    """
    form = await form_of(request)
    if commissioning.is_box(form):
        return await _box(request, partial(commissioning.begin, engine_of(request), form, network_of(request)))
    return await _answer(request, endpoints.authorize_device)


@router.post("/oauth/commissioning/key", summary="Give a box its key", status_code=201, openapi_extra=KEY_DOCS)
async def commissioning_key(request: Request) -> Response:
    """Once a person has let a box in, it swaps its token for a client of its own, by a key that never leaves it; later,
    with a statement that its key has signed, for another key.
    """
    try:
        token_ = bearer_of(request) if request.headers.get("authorization") else ""
    except RequestError as error:
        return respond(Answer(400, {"error": "invalid_request", "error_description": error.message}))
    body = await request.body()
    return await _box(request, partial(commissioning.key, engine_of(request), body, token_))


@router.get("/oauth/commissioning", summary="Know what the box is", openapi_extra=BOX_DOCS)
async def commissioned(request: Request) -> Response:
    """Which gateway or device a box is, where it publishes, and on which topics: the only thing that it may ask."""
    engine, principal = engine_of(request), (await caller_of(request, SCOPE)).principal
    client = await engine.in_pool(lambda: engine.authority.clients.find(principal.client))
    if not principal.device or client is None:
        raise Forbidden(
            "this token is of no box", code="box.none", help="only a gateway or device that was commissioned asks this"
        )
    return respond(Answer(200, commissioning.facts(engine, client)))


@router.post(
    "/oauth/par",
    dependencies=[PEOPLE],
    summary="Push an authorization request",
    status_code=201,
    openapi_extra=PUSH_DOCS,
)
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


@router.get("/oauth/userinfo", dependencies=[PEOPLE], summary="Know who signed in", openapi_extra=USERINFO_DOCS)
@router.post("/oauth/userinfo", dependencies=[PEOPLE], include_in_schema=False)
async def userinfo_(request: Request) -> Response:
    """What the user of a token with the scope openid lets its app know of them (OpenID Connect)."""
    engine, principal = engine_of(request), (await caller_of(request, "openid")).principal
    found = await engine.in_pool(partial(userinfo, engine.authority, principal))
    if found is None:
        raise Unauthenticated("the access token is not valid", help="its user is gone")
    return respond(Answer(200, found))


@router.get("/oauth/jwks.json", summary="Get the public keys")
async def jwks(request: Request) -> Response:
    """The keys that tokens are signed with, the next one among them (RFC 7517)."""
    return _document(engine_of(request).tokens.jwks())


@router.get("/.well-known/oauth-authorization-server", summary="Describe the authorization server")
async def server_metadata(request: Request) -> Response:
    """Where tokens come from (RFC 8414)."""
    return _document(_described(engine_of(request)))


@router.get("/.well-known/openid-configuration", summary="Describe the sign-in")
async def provider_metadata(request: Request) -> Response:
    """The same for who signs users in (OpenID Connect Discovery)."""
    return _document(_described(engine_of(request)))


@router.get("/.well-known/oauth-protected-resource", summary="Describe the protected resource")
async def resource_metadata(request: Request) -> Response:
    """Whose tokens this API takes (RFC 9728)."""
    tokens = engine_of(request).tokens
    return _document(protected_resource(tokens.issuer, tokens.audience, tokens.servers))


def _described(engine: Engine) -> dict[str, Any]:
    described = authorization_server(engine.tokens.issuer, engine.authority.pages)
    return for_machines(described) if engine.authority.external_only else described


async def _answer(request: Request, act: Callable[[Authority, Form], Answer], action: str = "") -> Response:
    """``action`` is what the audit calls it, where it is kept."""
    engine, form = engine_of(request), await form_of(request)
    answer = await engine.in_pool(partial(act, engine.authority, form))
    if action:
        await note_answer(engine, action, answer, form)
    return respond(answer)


async def _box(request: Request, act: Callable[[], commissioning.Done]) -> Response:
    """What a box is answered, once the audit has it; what was refused, it has soon."""
    engine = engine_of(request)
    done = await engine.in_pool(act)
    answer = done.answer
    if done.deed is not None and answer.status >= HTTPStatus.BAD_REQUEST:
        engine.auditing.soon(done.deed)
    elif done.deed is not None:
        await engine.auditing.now(done.deed)
    if done.client is not None:
        answer = Answer(answer.status, commissioning.facts(engine, done.client))
    return respond(answer)


def _document(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), headers=_KEPT, media_type="application/json")
