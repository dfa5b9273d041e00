"""Orders that are kept as trees change say what orders made anew would say."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graphs import Walk, changeset, entity, mirror_of
from twin.graph.document_order import DocumentOrder
from twin.graph.intervals import Intervals
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Delete, Move
from twin.ids import sort_key


def anew(mirror: Mirror) -> Mirror:
    """The same, loaded."""
    return mirror_of(mirror.entities.values(), mirror.relations())


def assert_labelled(mirror: Mirror) -> None:
    """All that the labels of all sites say is so."""
    for site in mirror.sites:
        labels, order = mirror.intervals(site), mirror.intervals(site).order
        paths = [mirror.entities[each].path for each in order]
        assert paths == sorted(paths, key=sort_key)
        assert {each: labels.starts[each] for each in order} == {each: at for at, each in enumerate(order)}
        assert len(labels) == len(order) == mirror.count(site, None)
        types = {mirror.entities[each].type for each in order}
        for each in order:
            start, end = labels.span(each)
            assert set(order[start:end]) == set(mirror.subtree(each))
            for wanted in (frozenset(types), frozenset(sorted(types)[:2]), frozenset({"t/Gone"})):
                below = [one for one in order[start + 1 : end] if mirror.entities[one].type in wanted]
                assert list(labels.below(each, wanted)) == below
                assert labels.run(wanted, start + 1, end).total == len(below)
        for name in types:
            found = [at for at, each in enumerate(order) if mirror.entities[each].type == name]
            assert list(labels.positions(frozenset({name}))) == found
            assert mirror.count(site, {name}) == len(found)


@given(st.integers(0, 2**32))
def test_an_order_that_is_kept_is_the_one_made_anew(seed: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(40):
        walk.apply(walk.step())
        for site in walk.mirror.sites:
            walk.mirror.intervals(site)  # so that the next step keeps them
    assert_labelled(walk.mirror)
    loaded = anew(walk.mirror)
    for site in walk.mirror.sites:
        assert walk.mirror.intervals(site).order == loaded.intervals(site).order


@pytest.fixture
def large() -> Mirror:
    """A site of three blocks, whose order is kept."""
    site = entity("home", "site")
    floors = [entity(f"home/floor-{number}", "space", site) for number in range(3)]
    rooms = [entity(f"{floor.path}/room-{number}", "space", floor) for floor in floors for number in range(400)]
    mirror = mirror_of([site, *floors, *rooms])
    mirror.intervals(site.id)
    return mirror


def test_blocks_are_cut_and_emptied(large: Mirror) -> None:
    floor = large.by_path("home/floor-1")
    assert floor is not None
    made = [entity(f"home/floor-1/nook-{number}", "device", floor) for number in range(1500)]
    large.apply(Change(1, changeset(*map(Create, made))))
    assert_labelled_at(large, floor.id)
    large.apply(Change(2, changeset(*(Delete(id=each.id) for each in made))))
    assert_labelled_at(large, floor.id)
    assert len(large.intervals(floor.site)) == 1204


def test_what_is_moved_stands_elsewhere_with_all_below(large: Mirror) -> None:
    first, last = large.by_path("home/floor-0"), large.by_path("home/floor-2")
    assert first is not None
    assert last is not None
    large.apply(Change(1, changeset(Move(id=first.id, parent=last.id, key="annex"))))
    assert_labelled_at(large, last.id)
    assert large.intervals(last.site).span(last.id)[1] == 1204


def assert_labelled_at(mirror: Mirror, entity_id: str) -> None:
    """The order is that of the paths, and what is below an entity is one run of it."""
    labels = mirror.intervals(mirror.entities[entity_id].site)
    keys = [sort_key(mirror.entities[each].path) for each in labels.order]
    assert all(one < other for one, other in pairwise(keys))
    start, end = labels.span(entity_id)
    assert labels.order[start:end] == [each for each in labels.order if each in set(mirror.subtree(entity_id))]


def test_a_place_is_found_by_path_whether_or_not_anything_is_there(large: Mirror) -> None:
    labels = large.intervals(next(iter(large.sites)))
    for path in ("a", "home", "home/floor-1/room-7", "home/floor-1/room-7a", "home/floor-1/room-1000", "z"):
        key = sort_key(path)
        expected = sum(sort_key(large.entities[each].path) <= key for each in labels.order)
        assert labels.after(large, path) == expected


def test_labels_are_others_after_a_change(large: Mirror) -> None:
    site = next(iter(large.sites))
    before = large.intervals(site)
    assert large.intervals(site) is before
    large.apply(Change(1, changeset(Create(entity("home/attic", "space", large.entities[site])))))
    assert large.intervals(site) is not before


def test_an_order_needs_nothing_but_children() -> None:
    found = {"a": ["b", "c"], "b": ["d"]}
    order = DocumentOrder({}, lambda each: found.get(each, []), "a")
    assert Intervals(order).order == ["a", "b", "d", "c"]
    assert order.last("a") == "c"
    assert order.last("b") == "d"
