"""How large an operation may become."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query, parse

from api.graphql.limits import DEEPEST, check

NESTED = "{ sites(first: %s) { nodes { spaces(first: %s) { nodes { id } } } } }"


def refused(query: str, **variables: Any) -> bool:
    return bool(check(parse(query), variables))


@pytest.mark.parametrize(
    ("first", "second", "too_large"), [(10, 10, False), (1000, 100, False), (1000, 1000, True), (10**9, 10**9, True)]
)
def test_lists_in_lists_multiply(first: int, second: int, *, too_large: bool) -> None:
    assert refused(NESTED % (first, second)) is too_large


def test_variables_count_as_what_they_are_or_as_the_most() -> None:
    query = "query ($n: Int) " + NESTED % ("$n", "$n")
    assert not refused(query, n=10)
    assert refused(query, n=1000)
    assert refused(query)


def test_what_is_said_is_not_multiplied() -> None:
    assert not refused("{ devices(first: 1000) { totalCount nodes { id key path title type } } }")


@pytest.mark.parametrize(("depth", "too_deep"), [(DEEPEST, False), (DEEPEST + 1, True)])
def test_depth(depth: int, *, too_deep: bool) -> None:
    assert refused("{ parent " * (depth - 1) + "{ id }" + " }" * (depth - 1)) is too_deep


def test_fragments_count_where_they_are_spread() -> None:
    fragment = "fragment f on Site { spaces(first: 1000) { nodes { id } } }"
    assert refused("{ sites(first: 1000) { nodes { ...f } } } " + fragment)
    assert not refused("{ sites(first: 10) { nodes { ...f ... on Site { id } } } } " + fragment)


def test_introspection_is_not_measured_here() -> None:
    assert not refused(get_introspection_query())
