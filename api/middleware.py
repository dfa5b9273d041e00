"""What holds for every request: an id, a bounded body, headers that keep browsers careful, a count, no stack traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from api import problems
from twin.access.audit import came_from
from twin.ids import mint

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LARGEST_BODY", "Envelope"]

LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body that are read at most."""
LARGEST_DOCUMENT = 8 * LARGEST_BODY
"""The same where documents are sent, tables included."""
_DOCUMENTS = frozenset({"/api/v1/plans", "/api/v1/topologies", "/api/v1/ontologies", "/graphql"})

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Set unless a response says otherwise: these answers are data of one caller, never a page to be framed or kept."""


class Envelope:
    """Pure ASGI around the whole app: no task and no queue per request."""

    def __init__(self, app: ASGIApp, *, count: Callable[[str, str, int], None]) -> None:
        """``count`` is told the method, the route and the status of every answer."""
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (or whatever else the server has to say, passed on as it is)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = mint()
        client = scope.get("client")
        came_from("" if client is None else client[0])
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, request_id)
        try:
            await self._app(
                scope, _bounded(receive, LARGEST_DOCUMENT if scope["path"] in _DOCUMENTS else LARGEST_BODY), answer.send
            )
        except Exception as error:  # noqa: BLE001 - the one place where bugs end: logged here, shown to nobody
            response = problems.bug(error, request_id)
            if not answer.status:
                await response(scope, receive, answer.send)
        finally:
            self._count(scope["method"], _route(scope), answer.status)


class _Answer:
    """A response on its way out: its status is noted and its headers are completed."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.status = 0
        self._send = send
        self._request_id = request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _bounded(receive: Receive, most: int) -> Receive:
    """The body as it arrives, refused (413) once it is longer than allowed, whatever it said of its length."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413)
        return message

    return bounded


def _route(scope: Scope) -> str:
    """The route's pattern, never the address itself: ids are not labels."""
    return getattr(scope.get("route"), "path", "unmatched")
