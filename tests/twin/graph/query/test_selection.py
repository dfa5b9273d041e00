from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import Walk, entity, mirror_of
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.model import Entity, Relation
from twin.ids import sort_key


def building() -> tuple[Mirror, dict[str, Entity]]:
    site = entity("home", "site")
    kitchen = entity("home/kitchen", "space", site)
    lamp = entity("home/kitchen/lamp", "device", kitchen, type="t/Lamp")
    bulb = entity("home/kitchen/lamp/bulb", "device", lamp, type="t/Bulb")
    hall = entity("home/hall", "space", site)
    probe = entity("home/hall/probe", "device", hall)
    view = entity("home/lights", "view", site)
    other = entity("cabin", "site")
    stove = entity("cabin/stove", "device", other)
    everything = [site, kitchen, lamp, bulb, hall, probe, view, other, stove]
    relations = [
        Relation(type="INCLUDES", source=view.id, target=kitchen.id),
        Relation(type="feeds", source=lamp.id, target=probe.id),
    ]
    return mirror_of(everything, relations), {each.path: each for each in everything}


def paths(page: query.Page) -> list[str]:
    return [each.path for each in page.items]


def test_find_takes_an_id_or_a_path_and_hides_what_the_sites_do_not_show() -> None:
    mirror, at = building()
    lamp, cabin = at["home/kitchen/lamp"], at["cabin"]
    assert query.find(mirror, lamp.id) is query.find(mirror, lamp.path) is lamp
    assert query.find(mirror, cabin.path, {lamp.site}) is None
    assert query.find(mirror, "nowhere") is None


def test_select_by_kind_type_subtree_and_view() -> None:
    mirror, at = building()
    assert paths(query.select(mirror, kinds={"device"})) == [
        "cabin/stove",
        "home/hall/probe",
        "home/kitchen/lamp",
        "home/kitchen/lamp/bulb",
    ]
    assert paths(query.select(mirror, kinds={"device"}, types=frozenset({"t/Lamp"}))) == ["home/kitchen/lamp"]
    assert paths(query.select(mirror, kinds={"space"}, types=frozenset({"t/Lamp"}))) == []
    assert paths(query.select(mirror, under=at["home/kitchen"])) == ["home/kitchen/lamp", "home/kitchen/lamp/bulb"]
    assert paths(query.select(mirror, kinds={"device"}, within=at["home/lights"])) == [
        "home/kitchen/lamp",
        "home/kitchen/lamp/bulb",
    ]
    assert paths(query.select(mirror, within=at["home/lights"], under=at["home/hall"])) == []
    assert paths(query.select(mirror, within=at["home/lights"], under=at["cabin"])) == []


def test_counts_know_nothing_of_hidden_sites() -> None:
    mirror, at = building()
    page = query.select(mirror, sites={at["cabin"].id}, kinds={"device"}, first=1)
    assert (paths(page), page.total, page.has_next) == (["cabin/stove"], 1, False)
    assert query.select(mirror, sites=set()).total == 0


def test_neighbours_ancestors_and_views() -> None:
    mirror, at = building()
    lamp, probe = at["home/kitchen/lamp"], at["home/hall/probe"]
    assert [(each.relation, each.entity) for each in query.related(mirror, lamp)] == [("feeds", probe)]
    assert [each.entity for each in query.related(mirror, probe, "feeds", "IN")] == [lamp]
    assert query.related(mirror, probe, "serves", "IN") == []
    bulb = at["home/kitchen/lamp/bulb"]
    assert [each.path for each in query.ancestors(mirror, bulb)] == ["home/kitchen/lamp", "home/kitchen", "home"]
    assert query.views_of(mirror, bulb) == [at["home/lights"]]
    assert query.members(mirror, at["home/lights"]) == [at["home/kitchen"]]
    assert query.site_of(mirror, bulb) is at["home"]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 7))
def test_pages_in_turn_are_the_whole_list(seed: int, size: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(40):
        walk.apply(walk.step())
    whole = query.select(walk.mirror)
    assert paths(whole) == sorted(paths(whole), key=sort_key)
    seen: list[str] = []
    after = None
    while True:
        page = query.select(walk.mirror, after=after, first=size)
        assert page.total == whole.total
        seen += paths(page)
        if not page.has_next:
            break
        after = seen[-1]
    assert seen == paths(whole)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_pages_survive_inserts_and_deletions_between_them(seed: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(30):
        walk.apply(walk.step())
    first = query.select(walk.mirror, first=5)
    after = first.items[-1].path
    for _ in range(10):
        walk.apply(walk.step())
    rest = paths(query.select(walk.mirror, after=after))
    assert rest == [path for path in paths(query.select(walk.mirror)) if sort_key(path) > sort_key(after)]
