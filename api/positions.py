"""Reading one's own writes: a write is answered with a position, and a request that carries one is answered with no
less than it stands for, whichever process of the twin it comes to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from api import problems
from twin.errors import TwinError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.engine import Engine

__all__ = ["HEADER", "Positioned", "tells"]

HEADER = "Twin-Position"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_API = "/api/v1/"
_JOBS = "/api/v1/jobs/"
_REFUSED = 300


class Positioned:
    """Pure ASGI around the app: waits for the position of a request, and adds one to the answer of a write.

    GraphQL says its position itself: only it knows what a request has done.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; WebSockets say where they stand when they begin to speak."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        engine = cast("Engine", request.app.state.engine)
        position = request.headers.get(HEADER)
        if position is not None:
            try:
                await engine.reached(position)
            except TwinError as error:
                await problems.respond(request, error)(scope, receive, send)
                return
        await self._app(scope, receive, _marking(send, engine) if tells(scope["method"], scope["path"]) else send)


def tells(method: str, path: str) -> bool:
    """Whether something may be committed by the answer to this that its client will look for."""
    return path.startswith(_API) and (method not in _SAFE or path.startswith(_JOBS))


def _marking(send: Send, engine: Engine) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < _REFUSED:
            MutableHeaders(scope=message)[HEADER] = engine.position()
        await send(message)

    return marked
