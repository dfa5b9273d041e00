"""Errors in GraphQL: the code and the help they have everywhere else, and of a bug nothing but the request's id."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import ParserCache, SchemaExtension
from strawberry.types.graphql import OperationType

from api.graphql.limits import check
from api.problems import log_trouble, told
from twin.errors import InvalidValue, TwinError, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Bounded", "Explained", "Parsed", "Placed", "Streamed", "explain", "explained", "is_bug", "retry_after"]


class Parsed(ParserCache):
    """Keeps documents that were parsed; on a stream, what cannot be parsed must not raise here."""

    def on_parse(self) -> Iterator[None]:
        """Look it up; what is no GraphQL is left for Strawberry to say so."""
        context = self.execution_context
        with suppress(GraphQLError):
            context.graphql_document = self.cached_parse_document(context.query, **context.parse_options)
        yield


class Bounded(SchemaExtension):
    """Refuses what is too large, before it runs. Comes after what validates."""

    def on_validate(self) -> Iterator[None]:
        """Measure what has turned out to be valid."""
        context = self.execution_context
        if context.pre_execution_errors == [] and context.graphql_document is not None:
            context.pre_execution_errors = check(context.graphql_document, context.variables)
        yield


class Streamed(SchemaExtension):
    """Refuses a subscription where there can be but one answer."""

    def on_validate(self) -> Iterator[None]:
        """Comes after what validates."""
        context = self.execution_context
        subscribes = context.operation_type is OperationType.SUBSCRIPTION
        if context.pre_execution_errors == [] and subscribes and not context.context.streams:
            context.pre_execution_errors = [GraphQLError("one answer", original_error=_one_answer())]
        yield


def _one_answer() -> InvalidValue:
    return InvalidValue(
        "a subscription has many answers, and this request waits for one",
        code="subscription.plain",
        help="send it with the header Accept: text/event-stream, or over a WebSocket (graphql-transport-ws)",
    )


class Explained(SchemaExtension):
    """Gives every error of a stream its code; those of a single answer get it from the endpoint."""

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """One event, or the refusal of an operation."""
        explain(result, getattr(self.execution_context.context, "request_id", ""))
        yield


class Placed(SchemaExtension):
    """Says where the graph stands after what was written (`api.positions`)."""

    def get_results(self) -> dict[str, Any]:
        """What joins the extensions of an answer."""
        context = self.execution_context.context
        return {"position": context.engine.position()} if getattr(context, "wrote", False) else {}


def explain(result: Any, request_id: str) -> None:
    """Give every error of a result its code."""
    if getattr(result, "errors", None):
        result.errors = [explained(each, request_id) for each in result.errors]


def retry_after(said: dict[str, Any]) -> int | None:
    """After how many seconds a request may work of which nothing was done now; None where anything was."""
    waits = [each.get("extensions", {}).get("retryAfter") for each in said.get("errors", ())]
    found: int | None = waits[0] if waits and said.get("data") is None else None
    return found


def is_bug(error: GraphQLError) -> bool:
    """Whether nobody meant to raise this."""
    return error.original_error is not None and not isinstance(error.original_error, TwinError | GraphQLError)


def explained(error: GraphQLError, request_id: str) -> GraphQLError:
    """The error as it may be told, with ``extensions.code``. Explaining what is explained changes nothing."""
    original = error.original_error
    if (error.extensions or {}).get("code"):
        return error
    if isinstance(original, TwinError):
        log_trouble(original, request_id)
        said, retry = told(original), outcome_of(original).retry
        wait = {} if retry is None else {"retryAfter": retry}
        return _told(error, said.message, {**said.as_dict(), **wait})
    if is_bug(error):
        text = "the twin made a mistake; its log has this request's id"
        return _told(error, text, {"code": "internal", "instance": request_id})
    code = "graphql.syntax" if isinstance(error, GraphQLSyntaxError) else "graphql.invalid"
    return _told(error, error.message, {"code": code})


def _told(error: GraphQLError, message: str, said: dict[str, Any]) -> GraphQLError:
    extensions = {name: value for name, value in said.items() if name != "message" and value != ""}
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=extensions)
