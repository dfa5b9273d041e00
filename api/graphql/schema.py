"""The whole schema of one ontology: what Strawberry wrote, joined by what the ontology asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import strawberry
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    assert_valid_schema,
    lexicographic_sort_schema,
    print_schema,
)
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ValidationCache

from api import problems
from api.graphql import mutations, subscriptions
from api.graphql.entities import Entities
from api.graphql.explaining import Bounded, Explained, Parsed, Placed, Streamed, is_bug
from api.graphql.fixed import CONFIG, TYPES, Query
from api.graphql.reasons import reasons_fields
from api.graphql.roots import query_fields
from api.vocabulary import vocabulary_of
from twin.engine.quiet import uncollected

if TYPE_CHECKING:
    from graphql import GraphQLError
    from strawberry.types import ExecutionContext

    from twin.ontology.model import Ontology

__all__ = ["TwinSchema", "build", "schema_of", "sdl"]

_MOST_TOKENS = 10_000
_CACHED = 256
_STANDARD = frozenset({"Int", "Float", "String", "Boolean", "ID"})

_EXTENSIONS: list[Any] = [
    Explained,
    Placed,
    lambda: MaxTokensLimiter(max_token_count=_MOST_TOKENS),
    lambda: Parsed(maxsize=_CACHED),
    lambda: AddValidationRules([MaxIntrospectionDepthRule]),
    lambda: ValidationCache(maxsize=_CACHED),
    Streamed,
    Bounded,
]


class TwinSchema(strawberry.Schema):
    """Strawberry's schema, whose types the ontology has completed."""

    def __init__(self, ontology: Ontology) -> None:
        super().__init__(query=Query, types=TYPES, extensions=_EXTENSIONS, config=CONFIG)
        self.ontology = ontology
        self.core = _completed(self._schema, ontology)
        assert_valid_schema(self.core)
        self._schema = self.core
        # Strawberry finds its schema through graphql-core's while it executes.
        self._schema._strawberry_schema = self  # type: ignore[attr-defined]  # noqa: SLF001 - its own way to attach it

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log bugs; what the twin said no with is the caller's to read."""
        for error in filter(is_bug, errors):
            context = execution_context.context if execution_context else None
            problems.log_bug(error.original_error or error, getattr(context, "request_id", ""))


def build(ontology: Ontology) -> TwinSchema:
    """The schema of an ontology, made anew."""
    with uncollected():  # tens of thousands of objects that stay
        return TwinSchema(ontology)


def sdl(ontology: Ontology) -> str:
    """The schema of an ontology as text, sorted so that it differs only where the schema does."""
    return print_schema(lexicographic_sort_schema(build(ontology).core)) + "\n"


_latest: list[TwinSchema] = []


def schema_of(ontology: Ontology) -> TwinSchema:
    """The schema of the ontology in force; made anew when another one is."""
    if not _latest or _latest[0].ontology is not ontology:
        _latest[:] = [build(ontology)]
    return _latest[0]


def _completed(base: GraphQLSchema, ontology: Ontology) -> GraphQLSchema:
    fixed: dict[str, GraphQLNamedType] = {
        name: found for name, found in base.type_map.items() if not name.startswith("__") and name != "Query"
    }
    taken = mutations.NAMES | subscriptions.NAMES | _STANDARD | {"Query", "Ref"}
    entities = Entities(vocabulary_of(ontology), fixed, taken=frozenset(taken))
    frame = entities.frame
    written = base.query_type
    assert written is not None  # noqa: S101 - Strawberry has made it
    return GraphQLSchema(
        query=GraphQLObjectType("Query", {**query_fields(frame), **reasons_fields(frame), **written.fields}),
        mutation=mutations.mutation(frame),
        subscription=subscriptions.subscription(frame),
        types=entities.types(),
        directives=base.directives,
        extensions=base.extensions,
    )
