"""Parts of the graph as networkx graphs of their own, for algorithms that run long or write into what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from twin.graph.query.reaching import reach
from twin.graph.query.selection import select
from twin.graph.visibility import seeing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.query.reaching import Step
    from twin.graph.visibility import Sites

__all__ = ["around", "subgraph"]


def subgraph(
    mirror: Mirror,
    *,
    under: Entity | None = None,
    within: Entity | None = None,
    sites: Sites = None,
) -> nx.MultiDiGraph[str]:
    """What is below an entity (itself included) or in a view (itself and the views in it included), with every
    relation between any two of these. Neither: all that may be seen.
    """
    found = select(mirror, sites=sites, under=under, within=within).items
    sees = seeing(mirror, sites)
    if under is not None and within is None and sees(under.id):
        found.append(under)
    if within is not None and under is None and sees(within.id):
        found += [mirror.entities[each] for each in mirror.views.nested(within.id, sees)]
    return _copied(mirror, found)


def around(
    mirror: Mirror,
    entity: Entity,
    steps: Sequence[Step],
    *,
    depth: int = 1,
    sites: Sites = None,
) -> nx.MultiDiGraph[str]:
    """An entity and what is reached from it along these relations, with every relation between any two of these."""
    reached = [each.entity for each in reach(mirror, entity, steps, depth=depth, sites=sites)]
    return _copied(mirror, [entity, *reached])


def _copied(mirror: Mirror, entities: Iterable[Entity]) -> nx.MultiDiGraph[str]:
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    made.add_nodes_from((entity.id, {"entity": entity}) for entity in entities)
    for node in made:
        for other, keys in mirror.edges(mirror.entities[node], "OUT").items():
            if other in made:
                for key, data in keys.items():
                    made.add_edge(node, other, key=key, **data)
    return made
