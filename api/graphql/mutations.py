"""The fields of Mutation: what an app may change of an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from api.editing import update
from api.graphql.assets import NAMES as NAMES_OF_ASSETS
from api.graphql.authoring import NAMES as NAMES_OF_AUTHORING
from api.graphql.context import question_of
from api.graphql.fixed import REF
from api.graphql.sharing import NAMES as NAMES_OF_SHARING
from api.graphql.sharing import mutation_fields as sharing_fields
from twin.errors import Conflict, InvalidValue, NotFound
from twin.graph.model import Entity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.graphql.context import Info
    from api.graphql.kinds import Kinds

__all__ = ["NAMES", "mutation"]

_OWN = {"Mutation", "PropertyInput", "UpdateResult", "EntityUpdated", "UpdateRefused"}
NAMES = NAMES_OF_AUTHORING | NAMES_OF_ASSETS | NAMES_OF_SHARING | _OWN
"""What the types made here are called."""


class _Updated(msgspec.Struct, frozen=True):
    entity: Entity


class _Refused(msgspec.Struct, frozen=True):
    code: str
    message: str
    help: str


def mutation(frame: Kinds) -> GraphQLObjectType:
    """Mutation, for one ontology."""
    text = GraphQLNonNull(GraphQLString)
    given = GraphQLInputObjectType(
        "PropertyInput",
        {"name": GraphQLInputField(text), "value": GraphQLInputField(frame.fixed["Value"])},
        description="A new value of a property; null takes it away.",
    )
    updated = GraphQLObjectType("EntityUpdated", {"entity": GraphQLField(GraphQLNonNull(frame.entity))})
    refused = GraphQLObjectType(
        "UpdateRefused",
        {name: GraphQLField(text) for name in ("code", "message", "help")},
        description="Nothing was changed, and why.",
    )
    result = GraphQLUnionType("UpdateResult", [updated, refused], resolve_type=_name_of)
    arguments = {
        "ref": GraphQLArgument(GraphQLNonNull(REF)),
        "title": GraphQLArgument(GraphQLString, description="For every language, or for the one of lang."),
        "lang": GraphQLArgument(GraphQLString, description="Language of the title: the others stay."),
        "properties": GraphQLArgument(GraphQLList(GraphQLNonNull(given)), description="Those not named stay."),
        "expectedRevision": GraphQLArgument(GraphQLInt, out_name="expected", description="Refused when it is another."),
        "idempotencyKey": GraphQLArgument(
            GraphQLString, out_name="key", description="Sent again with the same key, it is done once."
        ),
    }
    field = GraphQLField(
        GraphQLNonNull(result),
        arguments,
        resolve=_update,
        description="Change the title or properties of an entity. Needs the scope twin:write.",
    )
    return GraphQLObjectType(
        "Mutation",
        {
            "updateEntity": field,
            **frame.authored.mutation_fields(),
            **frame.stock.mutation_fields(),
            **sharing_fields(frame.fixed),
        },
    )


async def _update(
    _root: object,
    info: Info,
    ref: str,
    title: str | None = None,
    lang: str | None = None,
    properties: list[dict[str, Any]] | None = None,
    expected: int | None = None,
    key: str | None = None,
) -> _Updated | _Refused:
    question = question_of(info)
    question.principal.require("twin:write")
    try:
        titles = None if title is None else _titles(question.entity(ref), title, lang)
        changed = await update(
            question,
            ref,
            via="graphql",
            title=titles,
            properties={each["name"]: each.get("value") for each in properties or ()},
            expected=expected,
            idempotency_key=key,
        )
    except (InvalidValue, NotFound, Conflict) as error:
        return _Refused(error.code_, error.message, error.help)
    info.context.wrote = True
    return _Updated(changed)


def _titles(entity: Entity, title: str, lang: str | None) -> Mapping[str, str]:
    return {"": title} if lang is None else {**entity.title, lang: title}


def _name_of(result: _Updated | _Refused, _info: Info, _type: object) -> str:
    return "EntityUpdated" if isinstance(result, _Updated) else "UpdateRefused"
