"""Relay connections: a type for every kind of thing that comes in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from api.graphql.fixed import PageInfo
from api.slices import DEFAULT_FIRST, MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphql import GraphQLInterfaceType

    from api.graphql.context import Info
    from api.slices import Slice

__all__ = ["connection", "paging"]


class _Edge(msgspec.Struct, frozen=True):
    cursor: str
    item: Any


def paging() -> dict[str, GraphQLArgument]:
    """The arguments of every list in pages."""
    return {
        "first": GraphQLArgument(GraphQLInt, description=f"How many, {MOST} at most; {DEFAULT_FIRST} unless said."),
        "after": GraphQLArgument(GraphQLString, description="The endCursor of the page before."),
    }


def connection(
    node: GraphQLObjectType | GraphQLInterfaceType,
    page_info: GraphQLObjectType,
    *,
    name: str = "",
    on_edge: Mapping[str, GraphQLField] | None = None,
    unwrap: Callable[[Any], Any] = lambda item: item,
    counted: bool = True,
) -> GraphQLObjectType:
    """The connection of a node type. ``on_edge``: what an edge says beside the node, which ``unwrap`` finds in it.
    ``counted``: whether it says how many there are.
    """
    name = name or node.name
    plain = GraphQLNonNull(node)
    edge = GraphQLObjectType(
        f"{name}Edge",
        {
            "cursor": GraphQLField(GraphQLNonNull(GraphQLString)),
            "node": GraphQLField(plain, resolve=lambda edge, _info: unwrap(edge.item)),
            **(on_edge or {}),
        },
    )
    total = GraphQLField(GraphQLNonNull(GraphQLInt), resolve=_total, description="How many there are in all pages.")
    return GraphQLObjectType(
        f"{name}Connection",
        {
            "edges": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLNonNull(edge))), resolve=_edges),
            "nodes": GraphQLField(
                GraphQLNonNull(GraphQLList(plain)),
                resolve=lambda page, _info: [unwrap(item) for _, item in page.items],
            ),
            "pageInfo": GraphQLField(GraphQLNonNull(page_info), resolve=_page_info),
            **({"totalCount": total} if counted else {}),
        },
    )


def _edges(page: Slice, _info: Info) -> list[_Edge]:
    return [_Edge(cursor, item) for cursor, item in page.items]


def _page_info(page: Slice, _info: Info) -> PageInfo:
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=page.items[0][0] if page.items else None,
        end_cursor=page.end,
    )


def _total(page: Slice, _info: Info) -> int:
    return page.total()
