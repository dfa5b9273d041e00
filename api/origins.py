"""Where people meet the twin, if not where programs do: pages may have an origin of their own (``TWIN_ACCOUNT_URL``).

Then a page answers there alone, and there nothing but a page does: no script that any other part of the twin serves can
reach a cookie, a form or a frame of the sign-in. Who comes to a page by the twin's own address is sent on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from starlette import status
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse

from api import problems
from twin.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.engine import Engine
    from twin.access.authority import Authority

__all__ = ["Origins", "among_pages"]

_PORTS = {"http": ":80", "https": ":443"}


class Origins:
    """Pure ASGI around the app."""

    def __init__(self, app: ASGIApp, *, pages: Collection[str]) -> None:
        """``pages`` are the paths that people see."""
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, where it belongs."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        authority, there = _authority(scope), among_pages(scope)
        if authority.pages == authority.issuer or there == (scope["path"] in self._pages):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET" and not there:
            query = scope["query_string"].decode("latin-1")
            address = authority.pages + scope["path"] + (f"?{query}" if query else "")
            await RedirectResponse(address, 303)(scope, receive, send)
        else:
            await _nothing(scope, receive, send)


def among_pages(scope: Scope) -> bool:
    """Whether a request came to the origin that pages have of their own."""
    authority = _authority(scope)
    return authority.pages != authority.issuer and Headers(scope=scope).get("host", "") in _hosts(authority.pages)


def _authority(scope: Scope) -> Authority:
    return cast("Engine", scope["app"].state.engine).authority


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """As where there is nothing at an address."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": status.WS_1008_POLICY_VIOLATION})
        return
    nothing = NotFound(problems.CODES["path.unknown"], code="path.unknown")
    await problems.respond(HTTPConnection(scope), nothing)(scope, receive, send)


def _hosts(origin: str) -> tuple[str, ...]:
    """How the host of an origin may be named: with or without the port that goes without saying."""
    parts = urlsplit(origin)
    plain = parts.netloc.removesuffix(port := _PORTS.get(parts.scheme, ""))
    return (parts.netloc, plain, plain + port)
