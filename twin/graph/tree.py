"""What contains what: children in natural order, the labels of sites, and how many of each type a site has.

The tree is the CONTAINS edges of the live graph; the rest is made when it is asked for. The order of a site is kept
from then on as its tree changes, and so are the children of all that it contains; labels count its positions anew.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from twin.graph.document_order import DocumentOrder
from twin.graph.intervals import Intervals
from twin.graph.model import CONTAINS
from twin.ids import segment_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.living import LiveGraph
    from twin.graph.model import Entity
    from twin.ids import SegmentKey

__all__ = ["Tree"]

_NOTHING: list[str] = []


class Tree:
    """The trees of all sites of a live graph."""

    def __init__(self, graph: LiveGraph) -> None:
        self._graph = graph
        self._entities = graph.entities
        self._children: dict[str, list[str]] = {}
        self._orders: dict[str, DocumentOrder] = {}
        self._labels: dict[str, Intervals] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self.parties: dict[str, None] = {}
        """The ids of what is in no site."""

    def children(self, entity_id: str) -> list[str]:
        """The ids of what an entity contains, in natural order. The list is the tree's own: do not change it."""
        found = self._children.get(entity_id)
        if found is None:
            below = self._graph.contained(entity_id)
            if not below:
                return _NOTHING
            below.sort(key=self._key)
            found = self._children[entity_id] = below
        return found

    def subtree(self, entity_id: str) -> list[str]:
        """The ids of an entity and of all below it, level by level, each in natural order."""
        found = [entity_id]
        for each in found:
            found += self.children(each)
        return found

    def ordered(self, site: str) -> bool:
        """Whether the order of a site is kept already, so that its labels cost next to nothing."""
        return site in self._orders

    def intervals(self, site: str) -> Intervals:
        """The labels of a site; its order is kept from now on."""
        found = self._labels.get(site)
        if found is None:
            order = self._orders.get(site)
            if order is None:
                order = self._orders[site] = DocumentOrder(self._entities, self.children, site)
            found = self._labels[site] = Intervals(order)
        return found

    def sites(self) -> Iterable[str]:
        """The ids of all sites."""
        return filter(None, self._counts)

    def count(self, site: str, types: Iterable[str] | None) -> int:
        """How many entities of these types there are in a site; None: of all."""
        counts = self._counts.get(site, {})
        return sum(counts.values()) if types is None else sum(counts.get(name, 0) for name in types)

    # For the mirror

    def load(self) -> None:
        """Every node of the graph is there, and no edge: draw those of the tree."""
        for each in (self._children, self._orders, self._labels, self._counts, self.parties):
            each.clear()
        self._graph.contain_all()
        counts = self._counts
        for entity in self._entities.values():
            of_site = counts.get(entity.site)
            if of_site is None:
                of_site = counts[entity.site] = {}
            of_site[entity.type] = of_site.get(entity.type, 0) + 1
            if not entity.site:
                self.parties[entity.id] = None

    def enter(self, entity: Entity) -> None:
        """An entity comes, where it says that it is; its node is there already."""
        self._tally(entity, 1)
        if not entity.site:
            self.parties[entity.id] = None
        if entity.parent is not None:
            self._stand(entity, entity.parent)

    def leave(self, entity: Entity) -> None:
        """An entity goes, which contains nothing; its node is still there."""
        self._tally(entity, -1)
        self.parties.pop(entity.id, None)
        if entity.parent is None:
            for each in (self._orders, self._labels, self._counts):
                each.pop(entity.id, None)
        else:
            order = self._part(entity, entity.parent)
            if order is not None:
                order.drop(entity.id)

    def forget(self, site: str, ids: Iterable[str]) -> None:
        """A site goes, with all that it contained, whatever is left of it."""
        for each in ids:
            self._children.pop(each, None)
        for index in (self._orders, self._labels, self._counts):
            index.pop(site, None)

    def retype(self, before: Entity, entity: Entity) -> None:
        """An entity is of another type than before."""
        self._tally(before, -1)
        self._tally(entity, 1)
        order = self._orders.get(entity.site)
        if order is not None:
            order.retype(entity.id)
            self._labels.pop(entity.site, None)

    def uproot(self, entity: Entity) -> list[str]:
        """An entity is about to be moved, with all below it: the ids of these, in order."""
        found = [entity.id]
        if entity.parent is not None:
            if self.ordered(entity.site):
                labels = self.intervals(entity.site)
                found = list(labels.run(None, *labels.span(entity.id)))
            else:
                found = self.subtree(entity.id)
            order = self._part(entity, entity.parent)
            if order is not None:
                for each in found:
                    order.drop(each)
        return found[1:]

    def replant(self, entity: Entity, below: Iterable[str]) -> None:
        """It is under its new parent now; ``below`` is what `uproot` said."""
        if entity.parent is not None:
            order, before = self._stand(entity, entity.parent), entity.id
            if order is not None:
                for each in below:
                    order.put(each, before)
                    before = each

    def _tally(self, entity: Entity, more: int) -> None:
        types = self._counts.setdefault(entity.site, {})
        left = types.get(entity.type, 0) + more
        if left:
            types[entity.type] = left
        else:
            del types[entity.type]

    def _stand(self, child: Entity, parent: str) -> DocumentOrder | None:
        self._graph.draw(parent, child.id, CONTAINS)
        order = self._orders.get(child.site)
        if order is None:
            self._children.pop(parent, None)
            return None
        siblings = self._children.setdefault(parent, [])
        key, at = self._key(child.id), len(siblings)
        if siblings and key < self._key(siblings[-1]):  # most come in order
            at = bisect_left(siblings, key, key=self._key)
        before = order.last(siblings[at - 1]) if at else parent
        siblings.insert(at, child.id)
        order.put(child.id, before)
        self._labels.pop(child.site, None)
        return order

    def _part(self, child: Entity, parent: str) -> DocumentOrder | None:
        self._graph.erase(parent, child.id, CONTAINS)
        order = self._orders.get(child.site)
        if order is None:
            self._children.pop(parent, None)
            return None
        siblings = self._children[parent]
        del siblings[bisect_left(siblings, self._key(child.id), key=self._key)]
        if not siblings:
            del self._children[parent]
        self._labels.pop(child.site, None)
        return order

    def _key(self, entity_id: str) -> SegmentKey:
        return segment_key(self._entities[entity_id].key)
