"""The field ``accessOf``: why somebody may see or do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import GraphQLArgument, GraphQLField, GraphQLID, GraphQLNonNull

from api.graphql.context import question_of
from api.graphql.fixed import REF
from api.graphql.fixed.reasons import AccessReasons, told
from api.reasons import reasons

if TYPE_CHECKING:
    from api.graphql.context import Info
    from api.graphql.kinds import Fields, Kinds

__all__ = ["reasons_fields"]


def reasons_fields(frame: Kinds) -> Fields:
    """What joins Query."""
    return {
        "accessOf": GraphQLField(
            GraphQLNonNull(frame.fixed["AccessReasons"]),
            {
                "user": GraphQLArgument(GraphQLID, description="A user or a client, by id; whoever asks unless said."),
                "ref": GraphQLArgument(GraphQLNonNull(REF)),
            },
            resolve=_resolve,
            description="Why somebody may see or do something, or may not: about oneself, or where one may share it.",
        )
    }


async def _resolve(_root: object, info: Info, ref: str, user: str | None = None) -> AccessReasons:
    return told(await reasons(question_of(info), user, ref))
