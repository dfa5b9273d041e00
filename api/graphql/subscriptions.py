"""The fields of Subscription: readings as they arrive, entities as they come, change and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from api.changing import Sight, changes
from api.graphql.context import question_of
from api.graphql.roots import within
from api.watching import Watch, watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from api.changing import Altered
    from api.graphql.context import Info
    from api.graphql.kinds import Kinds
    from api.watching import Heard
    from twin.graph.model import Entity
    from twin.state.telling import Said

__all__ = ["NAMES", "subscription"]

NAMES = frozenset({"Subscription", "ReadingEvent", "EntityEvent", "EntityChange"})
"""What the types made here are called."""


def subscription(frame: Kinds) -> GraphQLObjectType:
    """Subscription, for one ontology."""
    event = GraphQLObjectType(
        "ReadingEvent",
        {
            "entity": GraphQLField(GraphQLNonNull(frame.entity), resolve=lambda heard, _info: heard.part.entity),
            "point": GraphQLField(GraphQLNonNull(frame.point), resolve=lambda heard, _info: heard.part),
            "reading": GraphQLField(GraphQLNonNull(frame.fixed["Reading"]), resolve=_reading),
            "coalesced": GraphQLField(
                GraphQLNonNull(GraphQLInt),
                description="How many readings since the event before were left out because newer ones had come.",
            ),
        },
        description="A point has a new reading.",
    )
    field = GraphQLField(
        GraphQLNonNull(event),
        {**frame.filters("device"), **within(), **frame.measures()},
        subscribe=_subscribe,
        resolve=lambda heard, _info, **_arguments: heard,
        description="Readings as they arrive. What a point said before is not told: ask for it with Query.readings.",
    )
    return GraphQLObjectType("Subscription", {"readings": field, "changes": _changes(frame)})


def _changes(frame: Kinds) -> GraphQLField:
    event = GraphQLObjectType(
        "EntityEvent",
        {
            "change": GraphQLField(GraphQLNonNull(_CHANGE), resolve=lambda told, _info: told.what),
            "id": GraphQLField(GraphQLNonNull(GraphQLID), resolve=lambda told, _info: told.entity.id),
            "path": GraphQLField(
                GraphQLNonNull(GraphQLString),
                resolve=lambda told, _info: told.entity.path,
                description="As it is; of what is gone, as it was last told.",
            ),
            "entity": GraphQLField(
                frame.entity, resolve=_there, description="As it is now; null once it is gone, or may be seen no more."
            ),
        },
        description="An entity has come, is another, or has gone.",
    )
    return GraphQLField(
        GraphQLNonNull(event),
        {**frame.filters("device"), **within()},
        subscribe=_subscribe_to_changes,
        resolve=lambda told, _info, **_arguments: told,
        description="Entities as they come, change and go. What is hidden now is gone, what is seen now is new. "
        "What is there already is not told.",
    )


_CHANGE = GraphQLEnumType("EntityChange", {each: each for each in ("CREATED", "CHANGED", "DELETED")})


async def _subscribe_to_changes(_root: object, info: Info, **arguments: Any) -> AsyncGenerator[Altered, None]:
    return changes(Sight(question_of(info), **arguments))


def _there(told: Altered, info: Info) -> Entity | None:
    return question_of(info).find(told.entity.id)


async def _subscribe(_root: object, info: Info, **arguments: Any) -> AsyncGenerator[Heard, None]:
    return watch(Watch(question_of(info), **arguments))


def _reading(heard: Heard, info: Info) -> Said:
    return question_of(info).told(heard.part, heard.reading)
