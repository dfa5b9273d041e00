"""The networkx graph behind a mirror, which draws what is new without asking twice.

`networkx.MultiDiGraph.add_edge` makes sure of both ends, looks for a free key and forgets what it has converted, for
each edge alone. A mirror knows that the ends are there and which keys it uses: `LiveGraph.draw` leaves the very same
behind in a third of the time. Like every subclass of a networkx graph it keeps ``_node``, ``_succ`` and ``_pred``.

Invariant: edges that are alike (key and data) are one map, held many times and never changed: that saves a third of the
memory. So they come and go by `draw` and `erase` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
from networkx.classes.function import frozen  # type: ignore[attr-defined]  # the stubs do not know it

if TYPE_CHECKING:
    from twin.graph.model import Entity

__all__ = ["LiveGraph"]


class LiveGraph(nx.MultiDiGraph):  # type: ignore[type-arg]  # networkx's own class takes no argument when it is run
    """Node = entity id with its `Entity` as ``entity``, edge key = relation type."""

    _node: dict[str, dict[str, Any]]
    _succ: dict[str, dict[str, dict[str, dict[str, Any]]]]
    _pred: dict[str, dict[str, dict[str, dict[str, Any]]]]

    def __init__(self) -> None:
        super().__init__()
        self._alike: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}

    add_edge = remove_edge = frozen

    def put(self, entity: Entity) -> None:
        """A node for an entity that has none."""
        self._node[entity.id] = {"entity": entity}
        self._succ[entity.id] = {}
        self._pred[entity.id] = {}

    def replace(self, entity: Entity) -> None:
        """Another entity in place of the one with its id."""
        self._node[entity.id]["entity"] = entity

    def draw(self, source: str, target: str, key: str, **data: Any) -> None:
        """An edge that is not there yet, between nodes that are."""
        alike = (key, *data.items())
        keys = self._alike.get(alike)
        if keys is None:
            keys = self._alike[alike] = {key: data}
        targets = self._succ[source]
        if target in targets:
            keys = {**targets[target], **keys}
        targets[target] = self._pred[target][source] = keys

    def erase(self, source: str, target: str, key: str) -> None:
        """The end of an edge that is there."""
        left = {name: data for name, data in self._succ[source][target].items() if name != key}
        if left:
            self._succ[source][target] = self._pred[target][source] = left
        else:
            del self._succ[source][target], self._pred[target][source]

    def data(self, source: str, target: str, key: str) -> dict[str, Any] | None:
        """What an edge carries; None where there is none."""
        targets = self._succ.get(source)
        keys = None if targets is None else targets.get(target)
        return None if keys is None else keys.get(key)

    def leaving(self, node: str) -> dict[str, dict[str, dict[str, Any]]]:
        """The edges that leave a node: other end -> key -> data. networkx's views of these cost ten times as much."""
        return self._succ[node]

    def coming(self, node: str) -> dict[str, dict[str, dict[str, Any]]]:
        """The edges that come to a node: other end -> key -> data."""
        return self._pred[node]

    def view(self) -> nx.MultiDiGraph[str]:
        """What others see of it: live, read-only, and an ordinary graph of networkx."""
        return nx.graphviews.generic_graph_view(self, nx.MultiDiGraph)
