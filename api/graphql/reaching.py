"""Fields of every entity that lead along relations, and into its past."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from api.annals import log
from api.graphql.context import question_of
from api.graphql.fixed import REF
from api.graphql.pages import connection, paging
from api.reaching import DEEPEST, flow, related, way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from graphql import GraphQLInterfaceType

    from api.graphql.context import Info
    from api.slices import Slice
    from twin.graph.model import Entity
    from twin.graph.query import Hop

__all__ = ["NAMES", "Reaching"]

NAMES = frozenset({"Hop", "LogVerb", "LogField", "LogLine", "LogRecord", "LogRecordConnection", "LogRecordEdge"})
"""What the types made here are called."""
_VERBS = ("CREATE", "UPDATE", "MOVE", "LINK", "UNLINK", "RECAST")


class Reaching:
    """The types that these fields need; made once for a schema."""

    def __init__(
        self,
        entity: GraphQLInterfaceType,
        fixed: Mapping[str, Any],
        direction: GraphQLEnumType,
        pages: Mapping[str, Any],
    ) -> None:
        """``pages``: a connection named ``related``, of what is reached."""
        self._entity = entity
        self._fixed = fixed
        self._direction = direction
        self._pages = pages
        self._hop = self._hops()
        self._log = connection(self._records(), fixed["PageInfo"], counted=False)

    def fields(self) -> dict[str, GraphQLField]:
        """The fields of every entity."""
        relation = {
            "relation": GraphQLArgument(GraphQLString, description="CONNECTS, INCLUDES or one the ontology declares."),
            "direction": GraphQLArgument(GraphQLNonNull(self._direction), default_value="OUT"),
            "depth": GraphQLArgument(
                GraphQLNonNull(GraphQLInt), default_value=1, description=f"How far, {DEEPEST} at most."
            ),
        }
        depth = {"depth": GraphQLArgument(GraphQLInt, description=f"Over how many relations, {DEEPEST} at most; all.")}
        relations = GraphQLArgument(
            GraphQLList(GraphQLNonNull(GraphQLString)),
            description="Only along these, either way: by the name of either end, CONTAINS, INCLUDES, CONNECTS; all.",
        )
        page = GraphQLNonNull(self._pages["related"])
        return {
            "related": GraphQLField(page, {**relation, **paging()}, resolve=_related),
            "upstream": GraphQLField(
                page,
                {**depth, **paging()},
                resolve=partial(_flow, "IN"),
                description="Whatever feeds or serves it, however indirectly, nearest first: through what contains it, "
                "through its views, and through the parts of machines.",
            ),
            "downstream": GraphQLField(
                page,
                {**depth, **paging()},
                resolve=partial(_flow, "OUT"),
                description="Whatever it feeds or serves, however indirectly: the other way round, exactly.",
            ),
            "way": GraphQLField(
                GraphQLList(GraphQLNonNull(self._hop)),
                {"to": GraphQLArgument(GraphQLNonNull(REF)), "relations": relations},
                resolve=_way,
                description="A shortest way to another entity along relations; null: there is none.",
            ),
            "log": GraphQLField(
                GraphQLNonNull(self._log),
                paging(),
                resolve=_log,
                description="What was changed of it, the newest first: who, when, and through what.",
            ),
        }

    def _hops(self) -> GraphQLObjectType:
        entity = GraphQLNonNull(self._entity)
        return GraphQLObjectType(
            "Hop",
            lambda: {
                "from": GraphQLField(entity, resolve=lambda hop, _info: hop.source),
                "relation": GraphQLField(GraphQLNonNull(GraphQLString)),
                "direction": GraphQLField(
                    GraphQLNonNull(self._direction), description="OUT: with the relation; IN: against it."
                ),
                "to": GraphQLField(entity, resolve=lambda hop, _info: hop.target),
            },
            description="One relation of a way, as it is passed.",
        )

    def _records(self) -> GraphQLObjectType:
        text, fixed = GraphQLNonNull(GraphQLString), self._fixed
        verbs = GraphQLEnumType("LogVerb", {name: GraphQLEnumValue(name.lower()) for name in _VERBS})
        field = GraphQLObjectType(
            "LogField",
            {
                "name": GraphQLField(text, description="title, properties.area, desired.setpoint, key, parent …"),
                "before": GraphQLField(fixed["Value"], description="Null: nothing, or it is not known any more."),
                "after": GraphQLField(fixed["Value"], description="In the unit of that time."),
            },
            description="A field that was set.",
        )
        line = GraphQLObjectType(
            "LogLine",
            lambda: {
                "what": GraphQLField(GraphQLNonNull(verbs)),
                "fields": GraphQLField(_all(field)),
                "relation": GraphQLField(GraphQLString, description="That came or went."),
                "direction": GraphQLField(self._direction),
                "other": GraphQLField(self._entity, description="At the relation's other end."),
            },
            description="One thing that was done to the entity.",
        )
        return GraphQLObjectType(
            "LogRecord",
            {
                "at": GraphQLField(GraphQLNonNull(fixed["DateTime"])),
                "by": GraphQLField(text, description="Who made the change."),
                "via": GraphQLField(text, description="Through which client: cli, script, rest, graphql …"),
                "summary": GraphQLField(text),
                "lines": GraphQLField(_all(line)),
            },
            description="What one change did to the entity, as far as it may be seen.",
        )


def _all(of: GraphQLObjectType) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(of)))


def _related(
    entity: Entity,
    info: Info,
    direction: Any,
    depth: int,
    relation: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Slice:
    return related(question_of(info), entity, relation, direction, depth=depth, first=first, after=after)


def _flow(direction: Any, entity: Entity, info: Info, **arguments: Any) -> Slice:
    return flow(question_of(info), entity, direction, **arguments)


def _way(entity: Entity, info: Info, to: str, relations: list[str] | None = None) -> list[Hop] | None:
    return way(question_of(info), entity, to, relations)


def _log(entity: Entity, info: Info, first: int | None = None, after: str | None = None) -> Awaitable[Slice]:
    return log(question_of(info), entity, first, after)
