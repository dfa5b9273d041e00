from __future__ import annotations

import msgspec
import networkx as nx
import pytest
from networkx.utils import graphs_equal

from tests.graphs import entity
from twin.graph.living import LiveGraph

SITE = entity("home", "site")
ROOM = entity("home/room", "space", SITE)
EDGES = [
    (SITE.id, ROOM.id, "CONTAINS", {}),
    (ROOM.id, SITE.id, "feeds", {"instance": "flat"}),
    (SITE.id, ROOM.id, "feeds", {}),
    (ROOM.id, ROOM.id, "adjacentTo", {}),
]


def drawn() -> LiveGraph:
    graph = LiveGraph()
    for each in (SITE, ROOM):
        graph.put(each)
    for source, target, key, data in EDGES:
        graph.draw(source, target, key, **data)
    return graph


def test_what_is_drawn_is_what_networkx_would_have_added() -> None:
    theirs: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for each in (SITE, ROOM):
        theirs.add_node(each.id, entity=each)
    for source, target, key, data in EDGES:
        theirs.add_edge(source, target, key=key, **data)
    ours = drawn()
    assert graphs_equal(ours, theirs)
    assert list(ours.edges(keys=True)) == list(theirs.edges(keys=True))
    assert list(ours.in_edges(keys=True)) == list(theirs.in_edges(keys=True))
    ours.erase(SITE.id, ROOM.id, "feeds")
    theirs.remove_edge(SITE.id, ROOM.id, "feeds")
    assert graphs_equal(ours, theirs)
    assert list(ours.in_edges(keys=True, data=True)) == list(theirs.in_edges(keys=True, data=True))
    ours.erase(SITE.id, ROOM.id, "CONTAINS")
    theirs.remove_edge(SITE.id, ROOM.id, "CONTAINS")
    assert graphs_equal(ours, theirs)
    ours.remove_node(ROOM.id)
    theirs.remove_node(ROOM.id)
    assert graphs_equal(ours, theirs)


def test_it_says_what_an_edge_carries() -> None:
    assert drawn().data(ROOM.id, SITE.id, "feeds") == {"instance": "flat"}
    assert drawn().data(SITE.id, ROOM.id, "feeds") == {}
    assert drawn().data(SITE.id, ROOM.id, "adjacentTo") is None
    assert drawn().data(SITE.id, SITE.id, "feeds") is None
    assert drawn().data("nobody", SITE.id, "feeds") is None


def test_edges_that_are_alike_do_not_change_together() -> None:
    graph = drawn()
    nook = entity("home/nook", "space", SITE)
    graph.put(nook)
    graph.draw(SITE.id, nook.id, "CONTAINS")
    graph.draw(SITE.id, nook.id, "feeds")
    graph.erase(SITE.id, nook.id, "CONTAINS")
    assert list(graph.edges(SITE.id, keys=True)) == [
        (SITE.id, ROOM.id, "CONTAINS"),
        (SITE.id, ROOM.id, "feeds"),
        (SITE.id, nook.id, "feeds"),
    ]


def test_edges_come_and_go_by_no_other_way() -> None:
    with pytest.raises(nx.NetworkXError):
        drawn().add_edge(SITE.id, ROOM.id, "meters")
    with pytest.raises(nx.NetworkXError):
        drawn().remove_edge(SITE.id, ROOM.id, "feeds")


def test_a_view_is_an_ordinary_graph_that_follows_and_cannot_be_changed() -> None:
    graph = drawn()
    view = graph.view()
    graph.replace(msgspec.structs.replace(ROOM, title={"": "Kitchen"}))
    assert type(view) is nx.MultiDiGraph
    assert view.nodes[ROOM.id]["entity"].title == {"": "Kitchen"}
    assert nx.descendants(view, SITE.id) == {ROOM.id}
    with pytest.raises(nx.NetworkXError):
        view.add_node("more")
