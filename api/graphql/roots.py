"""The fields of Query: one entity, lists of each kind, and points by what they measure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import GraphQLArgument, GraphQLField, GraphQLID, GraphQLList, GraphQLNonNull, GraphQLString

from api.filtering import filtered_by
from api.graphql.context import question_of
from api.graphql.fixed import REF
from api.graphql.pages import paging
from api.reaching import search
from twin.errors import TooMany
from twin.ontology.model import KINDS

if TYPE_CHECKING:
    from api.graphql.context import Info
    from api.graphql.kinds import Fields, Kinds
    from api.slices import Slice
    from twin.graph.model import Entity
    from twin.ontology.model import Kind

__all__ = ["query_fields", "within"]

_MOST_IDS = 1000
_BY_VALUE = {
    "where": GraphQLArgument(
        GraphQLString,
        description="Only those of which this is true: the words of a view's rule, names being properties and points: "
        '"temperature > 25 and area >= 20".',
    ),
    "sort": GraphQLArgument(
        GraphQLString,
        description="In the order of a property or a point, key, title, created or updated; after -, turned round.",
    ),
}


def query_fields(frame: Kinds) -> Fields:
    """The fields of Query for one ontology."""
    ids = GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLID)))
    ref = GraphQLArgument(GraphQLNonNull(REF))
    return {
        "node": GraphQLField(
            frame.node,
            {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))},
            resolve=lambda _root, info, id: _by_id(info, id),  # noqa: A006 - the argument's name
            description="By id; null when there is none.",
        ),
        "nodes": GraphQLField(
            GraphQLNonNull(GraphQLList(frame.node)),
            {"ids": GraphQLArgument(ids)},
            resolve=_nodes,
            description="By ids, in their order; null where there is none.",
        ),
        "entity": GraphQLField(
            frame.entity,
            {"ref": ref},
            resolve=lambda _root, info, ref: question_of(info).find(ref),
            description="By id or path; null when there is none.",
        ),
        **{f"{kind}s": _collection(frame, kind) for kind in KINDS},
        "search": GraphQLField(
            GraphQLNonNull(frame.pages["entity"]),
            {"text": GraphQLArgument(GraphQLNonNull(GraphQLString)), **paging()},
            resolve=_search,
            description="What words may mean, best first: titles in every language, keys, paths.",
        ),
        **frame.authored.query_fields(),
        **frame.stock.query_fields(),
        "readings": GraphQLField(
            GraphQLNonNull(frame.pages["point"]),
            {**frame.filters("device"), **within(), **frame.measures(), **paging()},
            resolve=_readings,
            description="Points, by what they measure and where: of devices of a type, or of everything.",
        ),
    }


def within() -> dict[str, GraphQLArgument]:
    """The arguments that say where to look. ``in`` is a word of Python, so resolvers know it as ``within``."""
    return {
        "under": GraphQLArgument(REF, description="Below this entity, at any depth."),
        "in": GraphQLArgument(REF, out_name="within", description="In this view: its members and all below them."),
    }


def _collection(frame: Kinds, kind: Kind) -> GraphQLField:
    places = {} if kind == "site" else within()
    return GraphQLField(
        GraphQLNonNull(frame.pages[kind]),
        {**frame.filters(kind), **places, **_BY_VALUE, **paging()},
        resolve=partial(_page, kind),
    )


def _by_id(info: Info, entity_id: str) -> Entity | None:
    """An id only: a path that happens to be given finds nothing."""
    found = question_of(info).find(entity_id)
    return found if found is not None and found.id == entity_id else None


def _nodes(_root: object, info: Info, ids: list[str]) -> list[Entity | None]:
    if len(ids) > _MOST_IDS:
        raise TooMany(f"{len(ids)} ids are too many", help=f"ask for {_MOST_IDS} at most")
    return [_by_id(info, each) for each in ids]


def _page(
    kind: Kind, _root: object, info: Info, where: str | None = None, sort: str | None = None, **arguments: Any
) -> Slice:
    return question_of(info).page(kind, filtered=filtered_by(where, sort), **arguments)


def _search(_root: object, info: Info, text: str, first: int | None = None, after: str | None = None) -> Slice:
    found = search(question_of(info), text, None, first, after)
    return msgspec.structs.replace(found, items=[(cursor, each.entity) for cursor, each in found.items])  # type: ignore[attr-defined]


def _readings(_root: object, info: Info, **arguments: Any) -> Slice:
    return question_of(info).readings(**arguments)
