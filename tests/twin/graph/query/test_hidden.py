"""Hidden means absent: what is asked of some sites is what the same graph answers that holds nothing else."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, mirror_of, walked
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.query import Step

STEPS = [Step("feeds"), Step("CONNECTS", "IN"), Step("INCLUDES", "IN"), Step("INCLUDES"), Step("CONTAINS")]


def only(mirror: Mirror, sites: set[str]) -> Mirror:
    inside = {id_: each for id_, each in mirror.entities.items() if each.site in sites}
    relations = [each for each in mirror.relations() if each.source in inside and each.target in inside]
    return mirror_of(inside.values(), relations, ONTOLOGY)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_nothing_is_told_of_what_is_hidden_nor_by_way_of_it(seed: int, keep: int) -> None:
    whole = walked(seed, 60, ONTOLOGY, across=True).mirror
    sites = set(sorted(whole.sites)[:keep])
    part = only(whole, sites)
    start = next(iter(part.entities.values()))
    for each in part.entities.values():
        for asked in (query.upstream, query.downstream):
            assert asked(whole, each, sites=sites) == asked(part, each)
        assert query.reach(whole, each, STEPS, depth=None, sites=sites) == query.reach(part, each, STEPS, depth=None)
        assert query.related(whole, each, None, "IN", sites) == query.related(part, each, None, "IN")
        assert query.connected(whole, each, sites) == query.connected(part, each)
        if each.kind == "view":
            assert query.members(whole, each, sites) == query.members(part, each)
        mine, theirs = query.way(whole, start, each, STEPS, sites=sites), query.way(part, start, each, STEPS)
        assert (None if mine is None else len(mine)) == (None if theirs is None else len(theirs))
        near = query.around(whole, each, STEPS, sites=sites)
        assert set(near) == set(query.around(part, each, STEPS))
    assert query.search(whole, "device 1", sites=sites) == query.search(part, "device 1")
    made, other = query.subgraph(whole, sites=sites), query.subgraph(part)
    assert (set(made), sorted(made.edges(keys=True))) == (set(other), sorted(other.edges(keys=True)))


def test_a_site_that_is_still_being_built_is_hidden_from_everybody() -> None:
    whole = walked(3, 60, ONTOLOGY, across=True).mirror
    sites = sorted(whole.sites)
    part = only(whole, set(sites[:1]))
    entities = [
        msgspec.structs.replace(each, hidden=each.parent is None and each.id != sites[0])
        for each in whole.entities.values()
    ]
    built = mirror_of(entities, whole.relations(), ONTOLOGY)
    for each in part.entities.values():
        assert {one.entity.id for one in query.upstream(built, built.entities[each.id])} == {
            one.entity.id for one in query.upstream(part, each)
        }
    assert len(query.select(built).items) == len(part)
