"""``/graphql``: HTTP by the GraphQL-over-HTTP specification, WebSockets by graphql-transport-ws, server-sent events by
graphql-sse, and nothing else.

Strawberry also knows the older graphql-ws protocol, whose handshake lets operations run before it is over: it is not
offered. A connection ends when its token does, whatever it is doing.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of dependencies when it is told of them.

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson
from cross_web import HTTPException
from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.responses import Response
from strawberry.fastapi import GraphQLRouter
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws import handlers

from api.context import bearer_of, caller_of, engine_of, verified
from api.engine import Engine
from api.graphql.context import Context
from api.graphql.explaining import explain, retry_after
from api.graphql.schema import schema_of
from api.graphql.streaming import EventStream, accepts_events, events
from api.noting import note_refusal
from api.positions import HEADER
from api.problems import request_id
from twin.errors import BackendError, Conflict, Forbidden, TwinError, Unauthenticated
from twin.times import now

__all__ = ["router"]

_MODERN = "application/graphql-response+json"
_INIT_SECONDS = 10
_MOST_OPERATIONS = 100
_WATCH_SECONDS = 0.5
_SECOND = 1_000_000
_TRY_AGAIN = 1013
"""Of WebSockets (IANA's registry): the server cannot now; clients that come back by themselves do."""


def router(engine: Engine) -> GraphQLRouter[Context, None]:
    """The endpoint of an engine."""
    return _Endpoint(
        schema_of(engine.ontology),
        path="/graphql",
        graphql_ide=None,  # Strawberry's loads from a CDN
        context_getter=_context,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
        connection_init_wait_timeout=timedelta(seconds=_INIT_SECONDS),
        max_subscriptions_per_connection=_MOST_OPERATIONS,
        include_in_schema=False,
    )


async def _context(connection: HTTPConnection) -> Context:
    """Who is asking. On a WebSocket that is settled by `_Connection`, when the client has had its say."""
    engine = engine_of(connection)
    context = Context(engine, request_id(connection))
    if connection.scope["type"] == "http":
        context.principal = (await caller_of(connection, "twin:read")).principal
        context.streams = accepts_events(connection.headers.get("accept", ""))
    return context


class _Draft(Response):
    """The response that is being made of one request, and what it may be."""

    def __init__(self, accept: str) -> None:
        super().__init__()
        self.modern = _MODERN in accept


class _Connection(handlers.BaseGraphQLTransportWSHandler[Context, None]):
    """A WebSocket: nothing runs on it before a token was shown, or after that has ended."""

    _timer: asyncio.TimerHandle | None = None

    async def handle_connection_init(self, message: Any) -> None:
        """Nobody is who they say before they have shown a token; and they say it once."""
        payload = message["payload"] = message.get("payload") or {}
        if not self.connection_init_received:
            try:
                self.context.principal = await _shown(self.context, payload if isinstance(payload, dict) else {})
            except Forbidden:
                await self.websocket.close(code=4403, reason="Forbidden")
                return
            except BackendError as error:
                await self.websocket.close(code=_TRY_AGAIN, reason=error.code_)
                return
            except TwinError:
                await self.websocket.close(code=4401, reason="Unauthorized")
                return
            if not await self._reached(payload):
                return
        await super().handle_connection_init(message)
        if self._timer is None:
            self._look_again()

    async def handle_subscribe(self, message: Any) -> None:
        if self.connection_acknowledged and not self._holds():
            await self.websocket.close(code=4401, reason="Unauthorized")
            return
        self.schema = schema_of(self.context.engine.ontology)
        self.context.renew()
        await super().handle_subscribe(message)

    async def send_message(self, message: Any) -> None:
        """Whatever there is to say; that readings are not live ends the connection, so that clients come again."""
        if _says_silent(message):
            await self.websocket.close(code=_TRY_AGAIN, reason="feed.silent: there are no live readings here just now")
            return
        await super().send_message(message)

    async def _reached(self, payload: Any) -> bool:
        """Whether what a client has written before is seen here, where it says so with a position."""
        request: Any = self.context.request
        said = payload.get("position") if isinstance(payload, dict) else None
        position = request.headers.get(HEADER) if said is None else said
        if position is None:
            return True
        try:
            await self.context.engine.reached(str(position))
        except BackendError as error:
            await self.websocket.close(code=_TRY_AGAIN, reason=error.code_)
        except TwinError as error:
            await self.websocket.close(code=4409 if isinstance(error, Conflict) else 4400, reason=error.code_)
        else:
            return True
        return False

    async def shutdown(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await super().shutdown()

    def _holds(self) -> bool:
        principal = self.context.principal
        return principal is not None and self.context.engine.tokens.holds(principal, now())

    def _look_again(self) -> None:
        """Look twice a second, and when the token expires, whether it still holds."""
        principal = self.context.principal
        if principal is None or not self._holds():
            self._ending = asyncio.ensure_future(self.websocket.close(code=4401, reason="Unauthorized"))
            return
        left = (principal.expires - now()) / _SECOND
        self._timer = asyncio.get_running_loop().call_later(min(_WATCH_SECONDS, max(left, 0)), self._look_again)


class _Endpoint(GraphQLRouter[Context, None]):
    graphql_transport_ws_handler_class = _Connection

    async def get_sub_response(self, request: Request) -> Response:
        """One for each request: Strawberry's own is shared by those that overlap."""
        return _Draft(request.headers.get("accept", ""))

    async def run(self, request: Any, context: Any = None, root_value: Any = None) -> Any:
        """Answer with the schema of the ontology in force, and say what is wrong with a request as GraphQL says it."""
        self.schema = schema_of(context.engine.ontology)
        request.scope["state"]["graphql"] = context
        try:
            return await super().run(request, context, root_value)
        except HTTPException as error:
            said = {"message": error.reason, "extensions": {"code": "graphql.request"}}
            draft = _Draft(request.headers.get("accept", ""))
            draft.status_code = error.status_code
            return self.create_response({"errors": [said]}, draft)

    def decode_json(self, data: str | bytes) -> object:
        """JSON, strictly. A body (bytes) is an object, or a list that is refused later; parameters are text."""
        found: object = orjson.loads(data)
        if isinstance(data, bytes) and not isinstance(found, dict | list):
            raise HTTPException(400, "The request body must be a JSON object")
        return found

    def encode_json(self, data: object) -> str:
        """Compact JSON, as text: from bytes a WebSocket makes a binary frame, which graphql-transport-ws has not."""
        return orjson.dumps(data).decode()

    async def process_result(self, request: Request, result: Any) -> Any:
        """The answer; one that never began to execute has no ``data`` (GraphQL, section 7.1)."""
        for error in result.errors or ():
            note_refusal(request, getattr(error, "original_error", None))
        explain(result, request_id(request))
        said: Any = await super().process_result(request, result)
        if result.data is None and not any(each.path for each in result.errors or ()):
            said.pop("data", None)
        return said

    async def create_streaming_response(
        self, request: Request, stream: Any, sub_response: Response, headers: Any
    ) -> Response:
        """Events (`api.graphql.streaming`)."""
        del request, sub_response, headers
        return EventStream(stream())

    def _stream_result(self, request: Request, result: Any, transport: Any) -> Any:
        """Strawberry's own writes what it worked out before, and minds no token."""
        del transport
        context = request.scope["state"]["graphql"]
        return lambda: events(result, context, lambda each: self.process_result(request, each), self.encode_json)

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """GraphQL over HTTP, section 6.4: only to those who ask for the modern media type, a status tells of errors."""
        assert isinstance(sub_response, _Draft)  # noqa: S101 - from get_sub_response
        status = sub_response.status_code
        headers: dict[str, str] = {}
        if sub_response.modern and status == HTTPStatus.OK:
            wait = retry_after(response_data)
            if wait is not None:
                status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(wait)}
            elif "data" not in response_data:
                status = HTTPStatus.BAD_REQUEST
        position = response_data.get("extensions", {}).get("position")
        if position is not None:
            headers[HEADER] = position
        media_type = _MODERN if sub_response.modern else "application/json"
        return Response(orjson.dumps(response_data), status, headers, media_type=media_type)


def _says_silent(message: Any) -> bool:
    """Whether a message tells that the readings of a subscription are not live."""
    payload = message.get("payload")
    errors = payload if isinstance(payload, list) else payload.get("errors", ()) if isinstance(payload, dict) else ()
    return any((each.get("extensions") or {}).get("code") == "feed.silent" for each in errors)


async def _shown(context: Context, payload: dict[str, Any]) -> Any:
    """The principal of a connection: by its upgrade's header, or (browsers cannot set one) by its first message."""
    request: Any = context.request
    try:
        token = bearer_of(request)
    except Unauthenticated:
        scheme, _, token = str(payload.get("authorization", "")).partition(" ")
        if scheme.lower() != "bearer":
            raise
    principal = await verified(context.engine, token)
    principal.require("twin:read")
    return principal
