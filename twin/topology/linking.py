"""Paths become links: each is looked up among the entities that grew, and judged by what the ontology allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.graph.model import CONNECTS, INCLUDES
from twin.topology.circles import report_circles
from twin.topology.counting import check_counts
from twin.topology.desired import DesiredRelation
from twin.topology.finding import Finder
from twin.topology.finishing import entity
from twin.topology.following import Follower
from twin.topology.grown import Link
from twin.topology.ordering import in_order, relations_in_order
from twin.topology.reckoning import Reckoner
from twin.topology.relating import allowed_at
from twin.topology.searching import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.errors import Place
    from twin.ontology.model import EntityType, Ontology, RelationType
    from twin.source import Diagnostics
    from twin.topology.circles import Steps
    from twin.topology.desired import DesiredEntity
    from twin.topology.grown import Grown, Search, Sprout
    from twin.topology.ordering import Relations
    from twin.topology.seeds import Naming

__all__ = ["MAX_RELATIONS", "link"]

MAX_RELATIONS = 1_000_000
"""How many relations the rules of one site may make."""

_DEVICE = "core/Device"
_INCLUDABLE = frozenset({"space", "device", "view"})
_NOTHING: dict[str, Any] = {}


def link(grown: Grown, ontology: Ontology, report: Diagnostics) -> tuple[list[DesiredEntity], list[DesiredRelation]]:
    """The entities with their sources, and the relations between them, in natural order; neither where something is
    wrong, and has been reported.
    """
    finder = Finder(grown, report)
    follower = Follower(finder, report)
    linker = _Linker(finder, ontology, report)
    for origin, naming, path in grown.links:
        if naming.point is not None:
            follower.follow(origin, naming, path)
        else:
            linker.follow(origin, naming, path)
    for path, names in finder.left_out.items():
        _forget(grown.sprouts[path], names)
    searcher = Searcher(grown, finder, ontology, report)
    rules = _view_rules(grown, searcher, linker, report)
    for search in grown.searches:
        linker.search(search, searcher)
    reckoner = Reckoner(searcher, ontology, report)
    for reckoning in grown.reckonings:
        reckoner.reckon(reckoning)
    searcher.warn_of_nothing()
    reckoner.warn_of_nothing()
    if report.has_errors:
        return [], []
    relations = [relation for found in linker.relations.values() for relation in found.values()]
    check_counts(relations, grown.sprouts, ontology, report)
    ordered = in_order(searcher.all)
    sources, computed = follower.sources, reckoner.computed
    entities = [
        entity(each, sources.get(each.path, _NOTHING), computed.get(each.path, _NOTHING), rules) for each in ordered
    ]
    return entities, relations_in_order(ordered, linker.relations)


def _forget(sprout: Sprout, left_out: set[str]) -> None:
    """Take the optional points away whose source was left out."""
    found = sprout.seed.prepared.type
    sprout.points = tuple(
        name
        for name in sprout.points
        if name not in left_out or (found is not None and not found.points[name].optional)
    )


def _view_rules(grown: Grown, searcher: Searcher, linker: _Linker, report: Diagnostics) -> dict[str, str]:
    """The rules of views as text, by path of the view; views that depend on themselves are reported."""
    texts = ((path, searcher.text(search)) for path, search in grown.views.items())
    rules = {path: text for path, text in texts if text is not None}
    asked = {path: searcher.asked[path] for path in grown.views if path in searcher.asked}
    report_circles(linker.steps, asked, report)
    searcher.listed(linker.members)
    for path in rules:
        searcher.ask(grown.views[path])
    return rules


class _Linker:
    """Follows links that become relations."""

    def __init__(self, finder: Finder, ontology: Ontology, report: Diagnostics) -> None:
        self.relations: Relations = {}
        self.members: dict[str, list[str]] = {}
        """Path of a view -> paths of what it lists."""
        self.steps: Steps = {}
        """Views within views."""
        self._finder = finder
        self._ontology = ontology
        self._report = report
        self._count = 0
        self._allowed: dict[tuple[str, ...], frozenset[str]] = {}

    def follow(self, origin: Sprout, naming: Naming, path: str) -> None:
        """Find what a path names, and enter it where it belongs."""
        target = self._finder.at(origin, naming, path)
        if target is None:
            return
        suits = naming.judged.get(target.seed)
        if suits is None:
            suits = naming.judged[target.seed] = self._suits(Link(origin, naming, path), target)
        if not suits:
            return
        relation, place = naming.relation, naming.text.scalar.place
        if relation is not None:
            self._enter(relation.name, origin, target, path, place, inverse=naming.inverse)
        elif origin.part.kind == "gateway":
            self._enter(CONNECTS, origin, target, path, place)
        else:
            self._enter(INCLUDES, origin, target, path, place)
            if target is origin:
                return
            self.members.setdefault(origin.path, []).append(target.path)
            if target.part.kind == "view":
                self.steps.setdefault(origin.path, {})[target.path] = place

    def search(self, search: Search, searcher: Searcher) -> None:
        """Find what a rule finds, among what may stand there, and enter it."""
        gateway, relation = search.origin.seed.prepared.type, search.relation
        if gateway is None or self._count > MAX_RELATIONS:
            return
        names = gateway.connects if gateway.connects is not None else (_DEVICE,)
        if relation is not None:
            names = relation.sources if search.inverse else relation.targets
        type_ = CONNECTS if relation is None else relation.name
        path, place = search.rule.scalar.text, search.rule.scalar.place
        for target in searcher.find(search, self._concrete(tuple(names))):
            if relation is not None or target.part.kind == "device":
                self._enter(type_, search.origin, target, path, place, inverse=search.inverse)
        if self._count > MAX_RELATIONS:
            message = f"rules make more than {MAX_RELATIONS:,} relations"
            help_ = 'narrow them, or relate a view that groups these: type is T and within "PATH"'
            self._report.error("topology.large", message, place, help=help_)

    def _concrete(self, names: tuple[str, ...]) -> frozenset[str]:
        """The concrete types of any of these names."""
        if names not in self._allowed:
            self._allowed[names] = frozenset[str]().union(*(self._ontology.concrete(name) for name in names))
        return self._allowed[names]

    def _suits(self, one: Link, target: Sprout) -> bool:
        """Whether what a path names may stand there; if not, why is reported."""
        found = target.seed.prepared.type
        if found is None or one.origin.seed.prepared.type is None:
            return False
        if one.naming.relation is not None:
            return self._relates(one, one.naming.relation, found)
        if one.origin.part.kind == "gateway":
            return self._connects(one, found)
        return self._includes(one, found)

    def _relates(self, one: Link, relation: RelationType, found: EntityType) -> bool:
        inverse = one.naming.inverse
        names = relation.sources if inverse else relation.targets
        if any(self._ontology.is_a(found.name, name) for name in names):
            return True
        allowed, verb, side = allowed_at(names), *(("begin", "from") if inverse else ("end", "to"))
        message = f"'{relation.name}' cannot {verb} at '{one.path}', a {found.short}"
        related = [(relation.place, f"{relation.name}: {side} {allowed}"), *one.used]
        self._report.error("relation.end", message, one.place, related=related, help=f"it {verb}s at: {allowed}")
        return False

    def _connects(self, one: Link, found: EntityType) -> bool:
        gateway = one.origin.seed.prepared.type
        allowed = gateway.connects if gateway is not None else None
        if found.kind == "device" and self._is_one_of(found, allowed):
            return True
        names = ", ".join(name.rpartition("/")[2] for name in allowed or ()) or "devices"
        message = f"a gateway cannot connect '{one.path}', a {found.short}"
        self._report.error("gateway.end", message, one.place, help=f"it connects: {names}")
        return False

    def _includes(self, one: Link, found: EntityType) -> bool:
        view = one.origin.seed.prepared.type
        allowed = view.of if view is not None else None
        if found.kind in _INCLUDABLE and self._is_one_of(found, allowed):
            return True
        names = ", ".join(name.rpartition("/")[2] for name in allowed or ()) or "spaces, devices and views"
        short = view.short if view is not None else "view"
        message = f"a {short} cannot include '{one.path}', a {found.short}"
        related = [(view.place, view.name)] if view is not None else []
        self._report.error("view.member", message, one.place, related=related, help=f"it includes: {names}")
        return False

    def _is_one_of(self, found: EntityType, names: Iterable[str] | None) -> bool:
        return names is None or any(self._ontology.is_a(found.name, name) for name in names)

    def _enter(
        self, type_: str, origin: Sprout, target: Sprout, path: str, place: Place, *, inverse: bool = False
    ) -> None:
        if target is origin:
            self._report.error("relation.self", f"'{path}' is the entity itself", place, help="name another entity")
            return
        source, end = (target.path, origin.path) if inverse else (origin.path, target.path)
        beside = self.relations.get(source)
        if beside is None:
            beside = self.relations[source] = {}
        made = DesiredRelation(type_, source, end, place)
        earlier = beside.setdefault((type_, end), made)
        if earlier is made:
            self._count += 1
        elif earlier.place != place:
            related = [(earlier.place, "the first")]
            self._report.warn("relation.repeated", f"'{path}' is named twice", place, related=related)
