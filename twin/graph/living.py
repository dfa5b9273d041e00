"""The networkx graph behind a mirror, which draws what is new without asking twice.

`networkx.MultiDiGraph.add_edge` makes sure of both ends, looks for a free key and forgets what it has converted, for
each edge alone. A mirror knows that the ends are there and which keys it uses: `LiveGraph.draw` leaves the very same
behind in a third of the time. Like every subclass of a networkx graph it keeps ``_node``, ``_succ`` and ``_pred``.

Invariants, which halve the memory: what nodes carry is made when it is looked at, of the mirror's own entities; edges
that are alike (key and data) are one map, held many times and never changed; all nodes without edges hold the same
empty map. So nodes and edges come and go by the methods of this class only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
from networkx.classes.function import frozen  # type: ignore[attr-defined]  # the stubs do not know it

from twin.graph.model import CONTAINS, INCLUDES, Relation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from twin.graph.model import Entity

__all__ = ["LiveGraph", "data_of", "relation_of"]

_Ends = dict[str, dict[str, dict[str, Any]]]
_NONE: _Ends = {}
"""The edges of what has none."""


class LiveGraph(nx.MultiDiGraph):  # type: ignore[type-arg]  # networkx's own class takes no argument when it is run
    """Node = entity id with its `Entity` as ``entity``, edge key = relation type."""

    _succ: dict[str, _Ends]
    _pred: dict[str, _Ends]

    def __init__(self, entities: dict[str, Entity] | None = None) -> None:
        """``entities`` by id, which are the nodes: kept by this graph from now on."""
        super().__init__()
        self.entities: dict[str, Entity] = {} if entities is None else entities
        self._node = _Nodes(self.entities)
        self._alike: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}

    add_edge = remove_edge = add_node = frozen

    def clear(self) -> None:
        """Forget everything."""
        for each in (self.entities, self._succ, self._pred, self._alike):
            each.clear()

    def put(self, entity: Entity) -> None:
        """A node for an entity that has none."""
        self.entities[entity.id] = entity
        self._succ[entity.id] = self._pred[entity.id] = _NONE

    def put_all(self, entities: Iterable[Entity]) -> None:
        """Nodes for entities, none of which has one."""
        known, succ, pred = self.entities, self._succ, self._pred
        for entity in entities:
            node = entity.id
            known[node] = entity
            succ[node] = pred[node] = _NONE

    def replace(self, entity: Entity) -> None:
        """Another entity in place of the one with its id."""
        self.entities[entity.id] = entity

    def remove_node(self, node: str) -> None:
        """The end of a node, and of all its edges."""
        del self.entities[node]
        for target in self._succ.pop(node):
            if target != node:
                self._pred[target] = self._without(self._pred[target], node)
        for source in self._pred.pop(node):
            if source != node:
                self._succ[source] = self._without(self._succ[source], node)

    def forget(self, nodes: Collection[str]) -> None:
        """The end of nodes and of all their edges, whatever is left of them."""
        for node in nodes:
            self.entities.pop(node, None)
            for target in self._succ.pop(node, _NONE):
                self._lose(self._pred, target, node)
            for source in self._pred.pop(node, _NONE):
                self._lose(self._succ, source, node)

    def _lose(self, ends: dict[str, _Ends], node: str, end: str) -> None:
        if end in ends.get(node, _NONE):
            ends[node] = self._without(ends[node], end)

    def draw(self, source: str, target: str, key: str, **data: Any) -> None:
        """An edge that is not there yet, between nodes that are."""
        self._join(source, target, self._kept(key, data))

    def draw_all(self, relations: Iterable[Relation]) -> list[tuple[str, str]]:
        """The edges of many relations, none of which is there yet; the ends of those that say what views include."""
        included: list[tuple[str, str]] = []
        alike: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
        for each in relations:
            said = (each.type, each.instance, each.roles)
            keys = alike.get(said)
            if keys is None:
                keys = alike[said] = self._kept(each.type, data_of(each))
            self._join(each.source, each.target, keys)
            if each.type == INCLUDES:
                included.append((each.source, each.target))
        return included

    def contain_all(self) -> None:
        """The edges from what contains an entity to it, of all that have no edges yet."""
        succ, pred, keys = self._succ, self._pred, self._kept(CONTAINS, {})
        for node, entity in self.entities.items():
            parent = entity.parent
            if parent is not None:
                pred[node] = {parent: keys}
                below = succ[parent]
                if below:
                    below[node] = keys
                else:
                    succ[parent] = {node: keys}

    def _kept(self, key: str, data: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The one map of all edges that are alike."""
        alike = (key, *data.items())
        keys = self._alike.get(alike)
        if keys is None:
            keys = self._alike[alike] = {key: data}
        return keys

    def _join(self, source: str, target: str, keys: dict[str, dict[str, Any]]) -> None:
        targets = self._succ[source]
        if not targets:
            self._succ[source] = {target: keys}
        else:
            if target in targets:
                keys = {**targets[target], **keys}
            targets[target] = keys
        sources = self._pred[target]
        if sources:
            sources[source] = keys
        else:
            self._pred[target] = {source: keys}

    def erase(self, source: str, target: str, key: str) -> None:
        """The end of an edge that is there."""
        left = {name: data for name, data in self._succ[source][target].items() if name != key}
        if left:
            self._succ[source][target] = self._pred[target][source] = left
        else:
            self._succ[source] = self._without(self._succ[source], target)
            self._pred[target] = self._without(self._pred[target], source)

    def _without(self, ends: _Ends, end: str) -> _Ends:
        del ends[end]
        return ends or _NONE

    def data(self, source: str, target: str, key: str) -> dict[str, Any] | None:
        """What an edge carries; None where there is none."""
        targets = self._succ.get(source)
        keys = None if targets is None else targets.get(target)
        return None if keys is None else keys.get(key)

    def relations_to(self, node: str) -> Iterator[Relation]:
        """The relations that end at a node; what is there by rule is none."""
        for source, keys in self._pred.get(node, _NONE).items():
            for key, data in keys.items():
                if key != CONTAINS and "rule" not in data:
                    yield relation_of(source, node, key, data)

    def strays(self) -> set[str]:
        """Whatever has edges, or may have: the nodes, and what was left behind of others."""
        return self._succ.keys() | self._pred.keys()

    def contained(self, node: str) -> list[str]:
        """What a node contains, in no particular order; nothing where there is no such node."""
        return [other for other, keys in self._succ.get(node, _NONE).items() if CONTAINS in keys]

    def leaving(self, node: str) -> _Ends:
        """The edges that leave a node: other end -> key -> data. networkx's views of these cost ten times as much."""
        return self._succ[node]

    def coming(self, node: str) -> _Ends:
        """The edges that come to a node: other end -> key -> data."""
        return self._pred[node]

    def view(self) -> nx.MultiDiGraph[str]:
        """What others see of it: live, read-only, and an ordinary graph of networkx."""
        return nx.graphviews.generic_graph_view(self, nx.MultiDiGraph)


def data_of(relation: Relation) -> dict[str, Any]:
    """What the edge of a relation carries."""
    data: dict[str, Any] = {}
    if relation.instance is not None or relation.roles:
        data["instance"] = relation.instance
    if relation.roles:
        data["roles"] = relation.roles
    return data


def relation_of(source: str, target: str, type_: str, data: Mapping[str, Any]) -> Relation:
    """The relation of an edge."""
    return Relation(type=type_, source=source, target=target, **data)


class _Nodes(Mapping[str, dict[str, Any]]):
    """What each node carries: its entity."""

    __slots__ = ("_entities",)

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self._entities = entities

    def __getitem__(self, node: str) -> dict[str, Any]:
        return {"entity": self._entities[node]}

    def __contains__(self, node: object) -> bool:
        return node in self._entities

    def __iter__(self) -> Iterator[str]:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)
