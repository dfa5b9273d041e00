"""Non-interference: what changes out of somebody's sight changes nothing that is answered to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.rights import EVERYONE, Granting, principal
from twin.access.visibility import Visibilities
from twin.graph import query
from twin.graph.query import Step
from twin.graph.visibility import Covering, seeing

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.visibility import Sites
    from twin.ontology.model import Ontology

STEPS = [Step("feeds"), Step("CONNECTS", "IN"), Step("INCLUDES", "IN"), Step("INCLUDES"), Step("CONTAINS")]
CONDITIONS = ["type is Room or in view:{}", 'not (in view:{}) and within "/"']


def sight(mirror: Mirror, visible: Sites) -> tuple[dict[str, object], list[tuple[str, str, str]]]:
    """All that somebody sees: the entities, and the relations between any two of them."""
    sees = seeing(mirror, visible)
    entities = {id_: each for id_, each in mirror.entities.items() if sees(id_)}
    relations = [edge for edge in mirror.graph.edges(keys=True) if edge[0] in entities and edge[1] in entities]
    return entities, sorted(relations)


def answers(mirror: Mirror, visible: Sites, ontology: Ontology, views: list[str]) -> list[str]:
    """Much of what can be asked, of all that is seen; ``views`` are keys of views that may be hidden."""
    seen = sorted(filter(seeing(mirror, visible), mirror.entities))
    found: list[Any] = [query.find(mirror, each, visible) for each in seen]
    found += [query.search(mirror, text, sites=visible) for text in ("device", "moved room", "inner")]
    found += [sorted(query.subgraph(mirror, sites=visible).edges(keys=True))]
    for text in CONDITIONS:
        for key in views[:3]:
            rule = query.where(text.format(key), ontology, lambda each, name: each.properties.get(name))
            found.append(query.select(mirror, sites=visible, where=rule, first=3))
    start = mirror.entities[seen[0]] if seen else None
    for each in map(mirror.entities.__getitem__, seen):
        found += [
            query.select(mirror, sites=visible, under=each, first=2),
            query.select(mirror, sites=visible, types=frozenset({"t/Sensor", "t/Room"}), after=each.path, first=2),
            query.children(mirror, each, sites=visible),
            list(query.ancestors(mirror, each, visible)),
            query.related(mirror, each, None, "OUT", visible),
            query.related(mirror, each, None, "IN", visible),
            query.views_of(mirror, each, visible),
            query.connected(mirror, each, visible),
            query.reach(mirror, each, STEPS, depth=None, sites=visible),
            query.upstream(mirror, each, sites=visible),
            query.downstream(mirror, each, sites=visible),
            query.way(mirror, start, each, STEPS, sites=visible) if start is not None else None,
            [Covering(mirror, visible).covers(f"{each.path.partition('/')[0]}/{key}", each) for key in views],
        ]
        if each.kind == "view":
            found += [
                query.members(mirror, each, visible),
                query.select(mirror, sites=visible, within=each),
                query.select(mirror, sites=visible, within=each, under=start),
            ]
    return list(map(repr, found))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_what_nobody_may_see_changes_no_answer(seed: int) -> None:
    made = Granting(seed, 50)
    mirror, ontology = made.mirror, made.ontology
    visibilities = Visibilities(mirror, lambda: ontology)
    asker = max(map(principal, EVERYONE), key=lambda each: len(sight(mirror, visibilities.of(each, 4))[0]))
    views = sorted({each.key for each in mirror.entities.values() if each.kind == "view"})
    before = sight(mirror, visibilities.of(asker, 4))
    told = answers(mirror, visibilities.of(asker, 4), ontology, views)
    for _ in range(12):
        made.step()
        visible = visibilities.of(asker, 4)
        now, answered = sight(mirror, visible), answers(mirror, visible, ontology, views)
        if now == before:
            event("out of sight" if now[0] else "nothing seen")
            assert answered == told
        before, told = now, answered
