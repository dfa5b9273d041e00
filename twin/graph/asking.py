"""Which rules to ask of which entity: the views of a site that have rules, by what they can include and in what order.

A rule is found by dictionary: by the path it must be below, or the view it must be in, and by the type of the entity.
So what changes is asked of the few rules it can alter, however many there are. Rules that ask for what other views
include (``in view:north``) come on a later level than those; rules that depend on themselves find nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from twin.graph.model import Entity
    from twin.graph.rules import Graph, Rule
    from twin.ontology.model import Ontology

__all__ = ["Asking", "Level", "RuleView", "includable"]

_BROAD = 32
"""Rules true of more types than this are found by place alone."""
_REMEMBERED = 4_096
"""Places, each with a type, for which it is remembered who is to be asked: plans bring many of a type in one place."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleView:
    """A view that has a rule, bound to an ontology."""

    id: str
    said: tuple[str, str, str | None]
    """Its path, its type and its rule: what it was made of."""
    rule: Rule
    types: frozenset[str]
    """The concrete types that the rule can be true of and the view may include."""
    ontology: Ontology

    def fits(self, entity: Entity, graph: Graph) -> bool:
        """Whether the view includes an entity by its rule."""
        return entity.type in self.types and self.rule.fits(entity, graph)


def includable(view: str, rule: Rule, ontology: Ontology) -> frozenset[str]:
    """The concrete types of spaces and devices that a type of view may include and its rule be true of."""
    type_ = ontology.types.get(view)
    if type_ is None:
        return frozenset()
    names = rule.types if rule.types is not None else frozenset(ontology.types)
    if type_.of is not None:
        names &= frozenset().union(*(ontology.concrete(name) for name in type_.of))
    return frozenset(
        name
        for name in names
        if (found := ontology.types[name]).kind in {"space", "device"} and not (found.abstract or found.mixin)
    )


class Asking:
    """The rule views of one site, level by level."""

    def __init__(self, views: Iterable[RuleView], nested: Callable[[str], Iterable[str]]) -> None:
        """``nested`` says the ids of a view (by its key) and of all views in it; none where there is no such view."""
        self.views = {view.id: view for view in views}
        named = {key for view in self.views.values() for key in view.rule.views}
        self.plain = not named
        """Whether no rule asks for what views include: then there is one level at most."""
        closures = {key: tuple(nested(key)) for key in named}
        needs = {
            view.id: tuple(other for key in view.rule.views for other in closures[key]) for view in self.views.values()
        }
        self.needed = frozenset(other for others in closures.values() for other in others)
        """Views whose members decide what other rules are true of."""
        placed, self.circular = _levels(needs)
        """``circular``: views whose rules depend on what they include themselves."""
        self.levels = [Level([self.views[view] for view in views]) for views in placed]

    def renew(self, id_: str, view: RuleView | None) -> None:
        """Have another view in place of the one with this id, or none; of `plain` ones, whose rules ask for no view."""
        before = self.views.pop(id_, None)
        if before is not None:
            self.levels[0].drop(before)
        if view is not None:
            self.views[id_] = view
            if not self.levels:
                self.levels.append(Level(()))
            self.levels[0].put(view)


class Level:
    """Views whose rules need nothing but views of earlier levels."""

    def __init__(self, views: Iterable[RuleView]) -> None:
        self.views: dict[str, RuleView] = {}
        self._places: dict[str, dict[str | None, dict[RuleView, None]]] = {}
        self._by_view = False
        self._known: dict[tuple[str, str], tuple[RuleView, ...]] = {}
        """Who was asked of entities in one place and of one type."""
        for view in views:
            self.put(view)

    def put(self, view: RuleView) -> None:
        """One more view."""
        self.views[view.id] = view
        self._known.clear()
        for place in self._anchors(view.rule):
            by_type = self._places.setdefault(place, {})
            for name in _names(view):
                by_type.setdefault(name, {})[view] = None

    def drop(self, view: RuleView) -> None:
        """One view less."""
        del self.views[view.id]
        self._known.clear()
        for place in self._anchors(view.rule):
            by_type = self._places[place]
            for name in _names(view):
                del by_type[name][view]

    def _anchors(self, rule: Rule) -> Iterable[str]:
        """Places, one of which is around whatever the rule is true of."""
        if rule.within is not None:
            return rule.within
        if rule.inside is not None:
            self._by_view = True
            return [f"view:{key}" for key in rule.inside]
        return ("",)

    def asked(self, entity: Entity, views: Callable[[Entity], Iterable[str]]) -> Iterator[RuleView]:
        """The views whose rules can be true of an entity; ``views`` says the keys of those it is in."""
        where = (entity.path[: entity.path.rfind("/")], entity.type)
        known = self._known.get(where)
        if known is None:
            known = tuple(view for place in _places(entity.path) for view in self._at(place, entity.type))
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[where] = known
        yield from known
        if self._by_view:
            for key in views(entity):
                yield from self._at(f"view:{key}", entity.type)

    def _at(self, place: str, type_: str) -> Iterator[RuleView]:
        by_type = self._places.get(place)
        if by_type is not None:
            yield from by_type.get(type_, ())
            yield from by_type.get(None, ())


def _names(view: RuleView) -> Iterable[str | None]:
    return view.types if len(view.types) <= _BROAD else (None,)


def _places(path: str) -> Iterator[str]:
    """The paths, from the site on, of all that contains an entity: ``""``, ``/floor-1``, ``/floor-1/flat-102``."""
    start = path.find("/")
    at = start
    while at > 0:
        yield path[start:at]
        at = path.find("/", at + 1)


def _levels(needs: Mapping[str, tuple[str, ...]]) -> tuple[list[list[str]], frozenset[str]]:
    """Views level by level, each after all that it needs; and those that need themselves, which are on no level."""
    if not any(needs.values()):
        return [list(needs)] if needs else [], frozenset()
    graph: nx.DiGraph[str] = nx.DiGraph(
        (other, view) for view, others in needs.items() for other in others if other in needs
    )
    graph.add_nodes_from(needs)
    circles = [circle for circle in nx.strongly_connected_components(graph) if len(circle) > 1]
    circular = frozenset(nx.nodes_with_selfloops(graph)).union(*circles)
    graph.remove_nodes_from(circular)
    return list(nx.topological_generations(graph)), circular
