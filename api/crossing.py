"""Apps in a browser at another origin than the twin's (CORS): what answers them, and what does not.

Open is what takes a bearer token or nothing at all, and looks at no cookie: any origin may ask there, and a browser
never sends along who somebody is (``Access-Control-Allow-Credentials`` is nowhere). Pages, and what servers and boxes
ask, are closed, and so is everything at the origin that pages may have of their own.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from api.origins import among_pages
from api.positions import HEADER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["OPEN", "Crossing", "methods_of"]

OPEN = {
    "/api/v1/": "GET, POST, PATCH, DELETE",
    "/graphql": "GET, POST",
    "/oauth/token": "POST",
    "/oauth/revoke": "POST",
    "/oauth/userinfo": "GET, POST",
    "/oauth/jwks.json": "GET",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/openid-configuration": "GET",
    "/.well-known/oauth-protected-resource": "GET",
}
"""The methods of each path that is open; one that ends with a slash stands for all below it."""

_ASKED = f"Authorization, Accept, Content-Type, Idempotency-Key, If-Match, {HEADER}"
"""What is read of a request, beside what any page may send."""
_TOLD = f"Allow, ETag, Link, Location, Retry-After, {HEADER}, WWW-Authenticate, X-Request-Id"
"""What is said in an answer's head, beside what any page may read."""
_ANYWHERE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _TOLD}
_SECONDS = "7200"
"""How long a browser need not ask again: two hours is the most that Chromium takes."""


class Crossing:
    """Pure ASGI around all the rest: the problems and bugs of what is open are answers too.

    It answers itself when a browser asks whether an app may ask (a preflight): by the table alone, so that this costs
    nothing, needs no token, is no refusal to the audit, and tells nobody what there is below a path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        methods = methods_of(scope["path"]) if scope["type"] == "http" else None
        if methods is None or among_pages(scope):
            await self._app(scope, receive, send)
        elif _is_preflight(scope):
            await _preflight(methods)(scope, receive, send)
        else:
            await self._app(scope, receive, _opened(send))


def methods_of(path: str) -> str | None:
    """How a path may be asked from anywhere; None where it may not."""
    return OPEN.get(path) or next((OPEN[each] for each in _BRANCHES if path.startswith(each)), None)


_BRANCHES = tuple(each for each in OPEN if each.endswith("/"))


def _is_preflight(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _preflight(methods: str) -> Response:
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _ASKED,
        "Access-Control-Max-Age": _SECONDS,
    }
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def _opened(send: Send) -> Send:
    async def opened(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_ANYWHERE)
        await send(message)

    return opened
