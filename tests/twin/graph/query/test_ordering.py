from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, entity
from twin.errors import InvalidValue
from twin.graph.query import ordered, position_of, sorting

if TYPE_CHECKING:
    from twin.graph.model import Entity, Value

VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3), st.text(max_size=2), st.just([1]))


def _kind(value: Value | None) -> int:
    return (
        3
        if value is None or isinstance(value, list)
        else 0
        if value is True or value is False
        else 2 - (not isinstance(value, str))
    )


@settings(deadline=None)
@given(st.lists(VALUES, max_size=12), st.booleans(), st.integers(1, 4))
def test_pages_in_turn_are_the_list_in_order(values: list[Value | None], descending: bool, size: int) -> None:  # noqa: FBT001 - Hypothesis's
    site = entity("home", "site")
    everything = [entity(f"home/room-{at}", "space", site) for at in range(len(values))]
    by = dict(zip((each.id for each in everything), values, strict=True))
    seen: list[Entity] = []
    more = True
    while more:
        after = position_of(seen[-1], lambda each: by[each.id]) if seen else None
        page = ordered(everything, lambda each: by[each.id], descending=descending, after=after, first=size)
        assert page.total == len(values)
        seen, more = seen + page.items, page.has_next
    known = [each for each in everything if _kind(by[each.id]) < 3]
    unknown = [each for each in everything if _kind(by[each.id]) == 3]

    def rank(each: Entity) -> tuple[int, object]:
        return _kind(by[each.id]), by[each.id]

    assert seen == [*sorted(known, key=rank, reverse=descending), *unknown]  # type: ignore[arg-type]  # of one kind each


def test_what_comes_between_two_pages_neither_repeats_nor_skips() -> None:
    site = entity("home", "site")
    rooms = [entity(f"home/room-{at}", "space", site, properties={"area": 10 * at}) for at in range(1, 6)]

    def area(each: Entity) -> Value | None:
        return each.properties.get("area")

    first = ordered(rooms, area, first=2)
    after = position_of(first.items[-1], area)
    come = [entity("home/cellar", "space", site, properties={"area": size}) for size in (5, 25)]
    rest = ordered([*come, *rooms[1:]], area, after=after)
    assert [each.properties["area"] for each in rest.items] == [25, 30, 40, 50]


def test_orders_go_by_name() -> None:
    site = entity("home", "site")
    rooms = [
        entity("home/b", "space", site, title={"fr": "Été"}),
        entity("home/a", "space", site, title={"fr": "Z", "en": "etage"}),
        entity("home/c", "space", site),
    ]

    def read(each: Entity, name: str) -> Value | None:
        return {"a": 3, "b": 1}.get(each.key) if name == "warmth" else None

    def keys(text: str) -> str:
        by, descending = sorting(text, ONTOLOGY, read)
        return "".join(each.key for each in ordered(rooms, by, descending=descending).items)

    assert [keys(text) for text in ("key", "-key", "title", "warmth", "-warmth", "power")] == [
        "abc",
        "cba",
        "cab",
        "bac",
        "abc",
        "abc",
    ]
    with pytest.raises(InvalidValue) as refused:
        sorting("-size", ONTOLOGY, read)
    assert refused.value.code_ == "sort.invalid"
