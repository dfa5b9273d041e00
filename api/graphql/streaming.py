"""GraphQL over server-sent events: each operation its own connection (the distinct connections mode of graphql-sse).

Every answer is an event ``next``, the last one is ``complete``; in between, comments keep what is in the way from
thinking that nobody is there. A stream ends when its token does, and says so; who reads nothing for long is cut off.
What is told next is worked out only when the event before has been written: nothing waits that was allowed once.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import structlog
from starlette.responses import StreamingResponse

from api.problems import told
from api.watching import ended
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from starlette.types import Send

    from api.graphql.context import Context

__all__ = ["HEADERS", "EventStream", "accepts_events", "events"]

HEADERS = {
    "Content-Type": "text/event-stream",
    # Also without a cache: what is in the way (compression, nginx) must not hold anything back.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
_MEDIA_TYPE = "text/event-stream"
_LOOK_SECONDS = 0.5
_QUIET_SECONDS = 15.0
_STUCK_SECONDS = 30.0
_SECOND = 1_000_000

log = structlog.get_logger(__name__)


def accepts_events(accept: str) -> bool:
    """Whether a client asks for events, by its Accept header."""
    return any(part.partition(";")[0].strip().lower() == _MEDIA_TYPE for part in accept.split(","))


async def events(
    results: AsyncGenerator[Any, None],
    context: Context,
    answer: Callable[[Any], Awaitable[Mapping[str, Any]]],
    encode: Callable[[object], str],
) -> AsyncGenerator[str, None]:
    """The results of an operation as events, for as long as its token holds; ``answer`` makes of one what is said."""
    quiet = 0.0
    async with aclosing(results):
        waiting = asyncio.ensure_future(anext(results))
        try:
            while True:
                pause = _pause(context)
                await asyncio.wait({waiting}, timeout=pause)
                if not _holds(context):
                    yield _event("next", encode(_refused()))
                    break
                if not waiting.done():
                    quiet += pause
                    if quiet >= _QUIET_SECONDS:
                        quiet = 0.0
                        yield ": still here\n\n"
                    continue
                try:
                    result = waiting.result()
                except StopAsyncIteration:
                    break
                yield _event("next", encode(await answer(result)))
                quiet = 0.0
                waiting = asyncio.ensure_future(anext(results))
            yield _event("complete", "")
        finally:
            waiting.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await waiting


class EventStream(StreamingResponse):
    """Events on their way out. Nobody is waited for who does not read."""

    def __init__(self, stream: AsyncGenerator[str, None]) -> None:
        super().__init__(stream, headers=HEADERS)
        self._stream = stream

    async def stream_response(self, send: Send) -> None:
        """Write one event at a time."""
        async with aclosing(self._stream) as stream:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            try:
                async for event in stream:
                    async with asyncio.timeout(_STUCK_SECONDS):
                        await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
            except TimeoutError:
                log.info("stream.stuck", seconds=_STUCK_SECONDS)
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _event(name: str, data: str) -> str:
    # An event without data is none to a browser.
    return f"event: {name}\ndata: {data}\n\n"


def _holds(context: Context) -> bool:
    principal = context.principal
    return principal is not None and context.engine.tokens.holds(principal, now())


def _pause(context: Context) -> float:
    """Seconds after which to look whether the token still holds: when it expires, at the latest."""
    principal = context.principal
    left = 0.0 if principal is None else (principal.expires - now()) / _SECOND
    return min(_LOOK_SECONDS, max(left, 0.0))


def _refused() -> dict[str, Any]:
    said = told(ended())
    extensions = {name: value for name, value in said.as_dict().items() if name != "message" and value != ""}
    return {"errors": [{"message": said.message, "extensions": extensions}]}
