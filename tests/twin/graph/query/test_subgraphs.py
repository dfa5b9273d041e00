from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, walked
from twin.graph import query
from twin.graph.query import Step

if TYPE_CHECKING:
    import networkx as nx

    from twin.graph.mirror import Mirror


def same(made: nx.MultiDiGraph[str], mirror: Mirror, nodes: set[str]) -> bool:
    induced = mirror.graph.subgraph(nodes)
    return (
        set(made) == nodes
        and sorted(made.edges(keys=True)) == sorted(induced.edges(keys=True))
        and all(made.nodes[node]["entity"] is mirror.entities[node] for node in made)
        and all(made.edges[edge] == induced.edges[edge] for edge in made.edges)
    )


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_a_subgraph_is_what_networkx_induces_and_nobody_elses(seed: int) -> None:
    mirror = walked(seed, 40, ONTOLOGY).mirror
    assert same(query.subgraph(mirror), mirror, set(mirror.entities))
    assert len(query.subgraph(mirror, sites=set())) == 0
    before = mirror.graph.size()
    for each in mirror.entities.values():
        below = query.subgraph(mirror, under=each)
        assert same(below, mirror, set(mirror.subtree(each.id)))
        below.clear()
        if each.kind == "view":
            found = {one.id for one in query.select(mirror, within=each).items} | set(mirror.views.nested(each.id))
            assert same(query.subgraph(mirror, within=each), mirror, found)
        near = query.around(mirror, each, [Step("feeds"), Step("CONTAINS", "IN")], depth=2)
        reached = query.reach(mirror, each, [Step("feeds"), Step("CONTAINS", "IN")], depth=2)
        assert same(near, mirror, {each.id, *(one.entity.id for one in reached)})
    assert mirror.graph.size() == before
