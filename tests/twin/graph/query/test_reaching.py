from __future__ import annotations

from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, entity, mirror_of, walked
from twin.errors import InvalidValue, Place
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.model import CONTAINS, Entity, Relation
from twin.graph.query import Step
from twin.ontology.model import RelationType

FEEDS = RelationType("feeds", ("device",), ("device",), "fed_by", {}, Place("t.yaml", 1, 1, 2))
STEPS = st.lists(
    st.builds(Step, st.sampled_from(["feeds", "CONNECTS", "INCLUDES", "CONTAINS"]), st.sampled_from(["OUT", "IN"])),
    min_size=1,
    max_size=4,
    unique=True,
)


def plain(mirror: Mirror, steps: list[Step], sites: set[str] | None = None) -> nx.DiGraph[str]:
    """Every step between any two entities, found by looking at every edge of the graph."""
    made: nx.DiGraph[str] = nx.DiGraph()
    shown = {each.id for each in mirror.entities.values() if query.shown(mirror, each.site, sites)}
    made.add_nodes_from(shown)
    for source, target, key in mirror.graph.edges(keys=True):
        if source in shown and target in shown:
            made.add_edges_from([(source, target)] if Step(key, "OUT") in steps else [])
            made.add_edges_from([(target, source)] if Step(key, "IN") in steps else [])
    return made


@settings(deadline=None)
@given(st.integers(0, 2**32), STEPS, st.none() | st.integers(0, 3))
def test_what_is_reached_is_what_networkx_reaches_and_as_near(seed: int, steps: list[Step], depth: int | None) -> None:
    mirror = walked(seed, 30, ONTOLOGY).mirror
    graph = plain(mirror, steps)
    for start in mirror.entities.values():
        far = nx.single_source_shortest_path_length(graph, start.id, depth)
        found = query.reach(mirror, start, steps, depth=depth)
        assert {each.entity.id: each.depth for each in found} == {id_: at for id_, at in far.items() if at}
        for each in found:
            before, after = each.source.id, each.entity.id
            ends = (before, after) if each.direction == "OUT" else (after, before)
            assert mirror.graph.has_edge(*ends, each.relation)
            assert far[before] == each.depth - 1


@settings(deadline=None)
@given(st.integers(0, 2**32), STEPS)
def test_a_way_is_as_short_as_any_and_holds_together(seed: int, steps: list[Step]) -> None:
    mirror = walked(seed, 30, ONTOLOGY).mirror
    sites = {site for at, site in enumerate(mirror.sites) if at % 2 == 0 or seed % 2}
    graph = plain(mirror, steps, sites)
    ids = sorted(graph)
    for start, end in zip(ids, reversed(ids), strict=True):
        found = query.way(mirror, mirror.entities[start], mirror.entities[end], steps, sites=sites)
        if not nx.has_path(graph, start, end):
            assert found is None
            continue
        assert found is not None
        assert len(found) == nx.shortest_path_length(graph, start, end)
        line = [start, *(hop.target.id for hop in found)]
        assert line[-1] == end
        assert [hop.source.id for hop in found] == line[:-1]
        assert all(Step(hop.relation, hop.direction) in steps for hop in found)
        assert all(graph.has_edge(hop.source.id, hop.target.id) for hop in found)
        least = len(found)
        assert query.way(mirror, mirror.entities[start], mirror.entities[end], steps, sites=sites, most=least) == found
        if least:
            assert not query.way(
                mirror, mirror.entities[start], mirror.entities[end], steps, sites=sites, most=least - 1
            )


def plant() -> tuple[Mirror, dict[str, Entity]]:
    site = entity("home", "site")
    made = [site, *(entity(f"home/{key}", "device", site) for key in ("boiler", "pump-2", "pump-10", "radiator"))]
    at = {each.key: each for each in made}
    pairs = [("boiler", "pump-10"), ("boiler", "pump-2"), ("pump-10", "radiator"), ("pump-2", "radiator")]
    relations = [Relation(type="feeds", source=at[one].id, target=at[other].id) for one, other in pairs]
    return mirror_of(made, relations), at


def test_levels_come_in_natural_order_each_by_the_first_that_leads_there() -> None:
    mirror, at = plant()
    found = query.reach(mirror, at["boiler"], [Step("feeds")], depth=2)
    assert [(each.entity.key, each.depth, each.source.key) for each in found] == [
        ("pump-2", 1, "boiler"),
        ("pump-10", 1, "boiler"),
        ("radiator", 2, "pump-2"),
    ]
    assert query.reach(mirror, at["radiator"], [Step("feeds", "IN")], depth=0) == []


def test_a_hidden_site_ends_every_way() -> None:
    mirror, at = plant()
    assert query.reach(mirror, at["boiler"], [Step("feeds")], sites=set()) == []
    assert query.way(mirror, at["boiler"], at["radiator"], [Step("feeds")], sites=set()) is None
    assert query.way(mirror, at["boiler"], at["boiler"], [Step("feeds")]) == []
    assert query.way(mirror, at["radiator"], at["boiler"], [Step("feeds")]) is None


def test_relations_go_by_either_of_their_names() -> None:
    ontology = replace(ONTOLOGY, relations={"feeds": FEEDS})
    assert query.steps_of(["feeds", "fed_by"], ontology) == (Step("feeds", "OUT"), Step("feeds", "IN"))
    assert query.steps_of(["feeds", "fed_by"], ontology, "IN") == (Step("feeds", "IN"), Step("feeds", "OUT"))
    assert query.steps_of([CONTAINS, "INCLUDED_BY"], ontology) == (Step(CONTAINS), Step("INCLUDES", "IN"))
    with pytest.raises(InvalidValue, match="there is no relation 'heats'") as refused:
        query.steps_of(["heats"], ontology)
    assert refused.value.code_ == "relation.undeclared"


def test_it_goes_no_farther_than_where_there_are_more_than_asked_for() -> None:
    mirror, at = plant()
    keys = [each.entity.key for each in query.reach(mirror, at["boiler"], [Step("feeds")], depth=None, most=1)]
    assert keys == ["pump-2", "pump-10"]
    assert len(query.reach(mirror, at["boiler"], [Step("feeds")], depth=None, most=2)) == 3
