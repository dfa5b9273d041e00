"""Scalars, and how Strawberry is told of them."""

from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLScalarType, ValueNode, value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from twin.times import rfc3339

__all__ = ["CONFIG", "REF", "Instant", "Json", "Long", "Value"]

Instant = NewType("Instant", int)
Long = NewType("Long", int)
Value = NewType("Value", object)
Json = NewType("Json", object)


def _scalar(value: Any) -> object:
    if not isinstance(value, bool | int | float | str):
        raise GraphQLError("a Value is a number, a boolean or a text")
    return value


def _literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
    return _scalar(value_from_ast_untyped(node, variables))


def _ref(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("a Ref is an id or a path, as text")
    return value


REF = GraphQLScalarType(
    "Ref", parse_value=_ref, description='An id, or a path from the site\'s key on: "hugo/floor-1/flat-102".'
)
"""Only arguments have it, and those belong to the ontology's part of the schema."""


def _unchanged(value: Any) -> Any:
    return value


def _defined(name: str, description: str, **more: Any) -> ScalarDefinition:
    made: ScalarDefinition = strawberry.scalar(name=name, description=description, **more)
    return made


CONFIG = StrawberryConfig(
    scalar_map={
        Instant: _defined(
            "DateTime",
            "A time: RFC 3339 in UTC, with six decimals where there is a fraction.",
            serialize=rfc3339,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        ),
        Long: _defined("Long", "A whole number of up to 64 bits, as a JSON number.", serialize=int),
        Value: _defined(
            "Value",
            "A number, a boolean or a text, as it is in JSON; of a point that is an object or a list, that.",
            serialize=_unchanged,
            parse_value=_scalar,
            parse_literal=_literal,
        ),
        Json: _defined(
            "JSON",
            "Anything that JSON can say.",
            serialize=_unchanged,
            parse_value=_unchanged,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        ),
    }
)
