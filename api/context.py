"""From a request to who is asking: the bearer token (RFC 6750), read from one header and from nowhere else."""

# No `from __future__ import annotations`: FastAPI reads the annotations of dependencies when it is told of them.

from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
from fastapi import Depends, Request, Security
from fastapi.security import OAuth2, SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from api.noting import asked_by
from twin.access.principals import IDENTITY_SCOPES, SCOPES, Principal
from twin.errors import InvalidValue, Unauthenticated
from twin.times import now

if TYPE_CHECKING:
    from api.engine import Engine

__all__ = [
    "Auditor",
    "Author",
    "Caller",
    "Operator",
    "Reader",
    "Sharer",
    "Writer",
    "bearer_of",
    "caller_of",
    "engine_of",
    "verified",
]


class Caller(msgspec.Struct, frozen=True):
    """Who is asking, and the engine that is asked."""

    engine: Any
    principal: Principal


def engine_of(connection: HTTPConnection) -> "Engine":
    """The engine of the app that a request came to."""
    return cast("Engine", connection.app.state.engine)


def bearer_of(connection: HTTPConnection) -> str:
    """The one token of a request. `Unauthenticated` when there is none, `InvalidValue` when there may be several.

    A token in the query string is never one (RFC 9700, section 4.3.2): it ends up in logs and histories.
    """
    credentials = connection.headers.getlist("authorization")
    if len(credentials) > 1 or (credentials and "access_token" in connection.query_params):
        raise InvalidValue(
            "the request carries more than one token",
            code="token.ambiguous",
            help="send one Authorization header, and no token anywhere else",
        )
    scheme, _, token = credentials[0].partition(" ") if credentials else ("", "", "")
    if scheme.lower() != "bearer":
        raise Unauthenticated(
            "this needs an access token",
            code="token.missing",
            help="get one from /oauth/token and send it as: Authorization: Bearer TOKEN",
        )
    return token.strip(" ")


async def verified(engine: "Engine", token: str) -> Principal:
    """Who a token speaks for now; `Unauthenticated` otherwise, `BackendError` when its issuer cannot be asked."""
    await engine.tokens.ready(token)
    return engine.tokens.verify(token, now())


async def caller_of(connection: HTTPConnection, *scopes: str) -> Caller:
    """Who sent a request, with a token that carries these scopes."""
    engine = engine_of(connection)
    principal = await verified(engine, bearer_of(connection))
    asked_by(connection, principal)
    for scope in scopes:
        principal.require(scope)
    return Caller(engine, principal)


_scheme: SecurityBase = OAuth2(
    flows={
        "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": SCOPES},
        "authorizationCode": {
            "authorizationUrl": "/oauth/authorize",
            "tokenUrl": "/oauth/token",
            "refreshUrl": "/oauth/token",
            "scopes": {**SCOPES, **IDENTITY_SCOPES},
        },
    },
    scheme_name="OAuth2",
    description="A machine's own token (client_credentials), or an app's on behalf of a user, who picks the sites.",
    auto_error=False,
)


async def _caller(request: Request, needed: SecurityScopes, _documented: Annotated[object, Depends(_scheme)]) -> Caller:
    return await caller_of(request, *needed.scopes)


Reader = Annotated[Caller, Security(_caller, scopes=["twin:read"])]
"""A parameter that only a token with twin:read can fill."""
Writer = Annotated[Caller, Security(_caller, scopes=["twin:write"])]
"""A parameter that only a token with twin:write can fill."""
Author = Annotated[Caller, Security(_caller, scopes=["twin:read", "twin:write"])]
"""A parameter that only a token with both can fill: a plan shows what it would change."""
Sharer = Annotated[Caller, Security(_caller, scopes=["twin:read", "twin:share"])]
"""A parameter that only a token with both can fill."""
Operator = Annotated[Caller, Security(_caller, scopes=["twin:write", "twin:read-private"])]
"""A parameter that only a token with both can fill: what devices sent may tell anything about anybody."""
Auditor = Annotated[Caller, Security(_caller, scopes=["twin:audit"])]
"""A parameter that only a token with twin:audit can fill."""
