"""The networkx graph behind a mirror, which draws what is new without asking twice.

`networkx.MultiDiGraph.add_edge` makes sure of both ends, looks for a free key and forgets what it has converted, for
each edge alone. A mirror knows that the ends are there and which keys it uses: `LiveGraph.draw` leaves the very same
behind in a third of the time. Like every subclass of a networkx graph it keeps ``_node``, ``_succ`` and ``_pred``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

if TYPE_CHECKING:
    from twin.graph.model import Entity

__all__ = ["LiveGraph"]


class LiveGraph(nx.MultiDiGraph):  # type: ignore[type-arg]  # networkx's own class takes no argument when it is run
    """Node = entity id with its `Entity` as ``entity``, edge key = relation type."""

    _node: dict[str, dict[str, Any]]
    _succ: dict[str, dict[str, dict[str, dict[str, Any]]]]
    _pred: dict[str, dict[str, dict[str, dict[str, Any]]]]

    def put(self, entity: Entity) -> None:
        """A node for an entity that has none."""
        self._node[entity.id] = {"entity": entity}
        self._succ[entity.id] = {}
        self._pred[entity.id] = {}

    def replace(self, entity: Entity) -> None:
        """Another entity in place of the one with its id."""
        self._node[entity.id]["entity"] = entity

    def draw(self, source: str, target: str, key: str, data: dict[str, Any]) -> None:
        """An edge that is not there yet, between nodes that are."""
        targets = self._succ[source]
        keys = targets.get(target)
        if keys is None:
            targets[target] = self._pred[target][source] = {key: data}
        else:
            keys[key] = data

    def holds(self, source: str, target: str, key: str) -> bool:
        """Whether there is such an edge, between nodes that are there."""
        keys = self._succ[source].get(target)
        return keys is not None and key in keys

    def leaving(self, node: str) -> dict[str, dict[str, dict[str, Any]]]:
        """The edges that leave a node: other end -> key -> data. networkx's views of these cost ten times as much."""
        return self._succ[node]

    def coming(self, node: str) -> dict[str, dict[str, dict[str, Any]]]:
        """The edges that come to a node: other end -> key -> data."""
        return self._pred[node]

    def view(self) -> nx.MultiDiGraph[str]:
        """What others see of it: live, read-only, and an ordinary graph of networkx."""
        return nx.graphviews.generic_graph_view(self, nx.MultiDiGraph)
