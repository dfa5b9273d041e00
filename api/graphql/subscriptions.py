"""The fields of Subscription: readings as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLField, GraphQLInt, GraphQLNonNull, GraphQLObjectType

from api.graphql.context import question_of
from api.graphql.roots import within
from api.watching import Watch, watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from api.graphql.context import Info
    from api.graphql.kinds import Kinds
    from api.watching import Heard
    from twin.state.telling import Said

__all__ = ["NAMES", "subscription"]

NAMES = frozenset({"Subscription", "ReadingEvent"})
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
    return GraphQLObjectType("Subscription", {"readings": field})


async def _subscribe(_root: object, info: Info, **arguments: Any) -> AsyncGenerator[Heard, None]:
    return watch(Watch(question_of(info), **arguments))


def _reading(heard: Heard, info: Info) -> Said:
    return question_of(info).told(heard.part, heard.reading)
