from __future__ import annotations

import random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graphs import Walk, changeset, contents, entity, mirror_of
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Delete, Move, Update


@given(st.integers(0, 2**32))
def test_following_the_log_equals_loading_the_result(seed: int) -> None:
    walk = Walk(random.Random(seed))
    for number in range(40):
        walk.apply(walk.step())
        if number % 7 == 0:
            contents(walk.mirror)  # labels are made, so later steps must undo them
    loaded = Mirror()
    loaded.load(
        head=walk.mirror.head,
        timeline="",
        documents=(),
        entities=list(walk.mirror.entities.values()),
        relations=list(walk.mirror.relations()),
    )
    assert contents(loaded) == contents(walk.mirror)


@given(st.integers(0, 2**32))
def test_contains_is_a_tree_in_every_site(seed: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(40):
        walk.apply(walk.step())
    mirror = walk.mirror
    tree = nx.DiGraph((a, b) for a, b, key in mirror.graph.edges(keys=True) if key == "CONTAINS")
    tree.add_nodes_from(mirror.entities)
    for site in mirror.sites:
        below = {site, *nx.descendants(tree, site)}
        assert nx.is_arborescence(tree.subgraph(below))
        assert below == set(mirror.intervals(site).order)
        assert {mirror.entities[each].site for each in below} == {site}


def test_graph_is_live_and_read_only() -> None:
    mirror = Mirror()
    site = entity("home", "site")
    mirror.apply(Change(1, changeset(Create(site))))
    assert mirror.graph.nodes[site.id]["entity"] is mirror.get(site.id)
    with pytest.raises(nx.NetworkXError):
        mirror.graph.add_node("intruder")


def test_children_come_in_natural_order() -> None:
    site = entity("home", "site")
    floors = [entity(f"home/floor-{number}", "space", site) for number in (10, 2, 1)]
    mirror = mirror_of([site, *floors])
    assert [mirror.entities[child].key for child in mirror.children(site.id)] == ["floor-1", "floor-2", "floor-10"]


def test_a_move_keeps_the_id_and_takes_the_paths_below_along() -> None:
    site = entity("home", "site")
    room, attic = entity("home/room", "space", site), entity("home/attic", "space", site)
    lamp = entity("home/room/lamp", "device", room)
    mirror = mirror_of([site, room, attic, lamp])
    mirror.intervals(site.id)
    mirror.apply(Change(1, changeset(Move(id=room.id, parent=attic.id, key="den"))))
    den = mirror.by_path("home/attic/den")
    assert den is not None
    assert (den.id, den.parent, den.key, den.revision, den.updated_by) == (room.id, attic.id, "den", 2, "ana")
    moved = mirror.by_path("home/attic/den/lamp")
    assert moved is not None
    assert (moved.id, moved.revision) == (lamp.id, 1)
    assert mirror.by_path("home/room") is None
    assert mirror.children(site.id) == [attic.id]
    assert mirror.intervals(site.id).order == [site.id, attic.id, room.id, lamp.id]


def test_an_update_that_changes_nothing_keeps_the_object() -> None:
    site = entity("home", "site", properties={"level": 1})
    mirror = mirror_of([site])
    mirror.apply(Change(1, changeset(Update(id=site.id, fields={"properties": {"level": 1}}))))
    assert mirror.get(site.id) is site


def test_a_serial_finds_its_device_until_it_is_let_go_of() -> None:
    site = entity("home", "site")
    device = entity("home/lamp", "device", site, serial="SN-1")
    mirror = mirror_of([site, device])
    assert mirror.by_serial(site.id, "SN-1") is device
    mirror.apply(Change(1, changeset(Update(id=device.id, fields={"serial": None}))))
    assert mirror.by_serial(site.id, "SN-1") is None


def test_a_gap_in_the_log_is_a_bug_and_not_applied() -> None:
    mirror = Mirror()
    with pytest.raises(AssertionError):
        mirror.apply(Change(2, changeset(Create(entity("home", "site")))))


def test_deleting_a_site_forgets_it() -> None:
    site = entity("home", "site")
    mirror = mirror_of([site])
    mirror.apply(Change(1, changeset(Delete(id=site.id))))
    assert contents(mirror)["order"] == {}
    assert mirror.by_path("home") is None
