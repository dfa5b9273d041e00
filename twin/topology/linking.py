"""Paths become links: each is looked up among the entities that grew, and judged by what the ontology allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import parse_template
from twin.graph.model import CONNECTS, INCLUDES
from twin.topology.circles import report_circles
from twin.topology.counting import check_counts
from twin.topology.desired import DesiredRelation
from twin.topology.finding import Finder
from twin.topology.finishing import entity
from twin.topology.following import Follower
from twin.topology.growing import Link
from twin.topology.parts import Text
from twin.topology.reckoning import Reckoner
from twin.topology.relating import allowed_at
from twin.topology.searching import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.model import EntityType, Ontology, RelationType
    from twin.source import Diagnostics
    from twin.topology.circles import Steps
    from twin.topology.desired import DesiredEntity
    from twin.topology.growing import Grown, Search, Sprout

__all__ = ["MAX_RELATIONS", "link"]

MAX_RELATIONS = 1_000_000
"""How many relations the rules of one site may make."""

_DEVICE = "core/Device"
_INCLUDABLE = frozenset({"space", "device", "view"})


def link(grown: Grown, ontology: Ontology, report: Diagnostics) -> tuple[list[DesiredEntity], list[DesiredRelation]]:
    """The entities with their sources, and the relations between them."""
    finder = Finder(grown, report)
    follower = Follower(finder, report)
    linker = _Linker(finder, ontology, report)
    for one in grown.links:
        if one.point is not None:
            follower.follow(one, one.point)
        else:
            linker.follow(one)
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
    if not report.has_errors:
        check_counts(linker.relations.values(), grown.sprouts, ontology, report)
    entities = [
        entity(sprout, follower.sources.get(sprout.path, {}), reckoner.computed.get(sprout.path, {}), rules)
        for sprout in grown.sprouts.values()
        if sprout.prepared.type is not None
    ]
    return entities, list(linker.relations.values())


def _forget(sprout: Sprout, left_out: set[str]) -> None:
    """Take the optional points away whose source was left out."""
    found = sprout.prepared.type
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
        self.relations: dict[tuple[str, str, str], DesiredRelation] = {}
        self.members: dict[str, list[str]] = {}
        """Path of a view -> paths of what it lists."""
        self.steps: Steps = {}
        """Views within views."""
        self._finder = finder
        self._ontology = ontology
        self._report = report

    def follow(self, one: Link) -> None:
        """Find what a link names, and enter it where it belongs."""
        target = self._finder.find(one, one.path)
        if target is None or target.prepared.type is None or one.origin.prepared.type is None:
            return
        if one.relation is not None:
            self._relate(one, one.relation, target, target.prepared.type)
        elif one.origin.part.kind == "gateway":
            self._connect(one, target, target.prepared.type)
        else:
            self._include(one, target, target.prepared.type)

    def search(self, search: Search, searcher: Searcher) -> None:
        """Find what a rule finds, among what may stand there, and enter it."""
        gateway, relation = search.origin.prepared.type, search.relation
        if gateway is None or len(self.relations) > MAX_RELATIONS:
            return
        names: Iterable[str] = gateway.connects if gateway.connects is not None else (_DEVICE,)
        if relation is not None:
            names = relation.sources if search.inverse else relation.targets
        allowed = frozenset[str]().union(*(self._ontology.concrete(name) for name in names))
        text = Text(search.rule.scalar, parse_template(""), search.rule.level)
        one = Link(search.origin, text, search.rule.scalar.text, relation=relation, inverse=search.inverse)
        for target in searcher.find(search, allowed):
            if relation is not None or target.part.kind == "device":
                self._enter(CONNECTS if relation is None else relation.name, one, target)
        if len(self.relations) > MAX_RELATIONS:
            message = f"rules make more than {MAX_RELATIONS:,} relations"
            help_ = 'narrow them, or relate a view that groups these: type is T and within "PATH"'
            self._report.error("topology.large", message, one.place, help=help_)

    def _relate(self, one: Link, relation: RelationType, target: Sprout, found: EntityType) -> None:
        names = relation.sources if one.inverse else relation.targets
        if any(self._ontology.is_a(found.name, name) for name in names):
            self._enter(relation.name, one, target)
            return
        allowed, verb, side = allowed_at(names), *(("begin", "from") if one.inverse else ("end", "to"))
        message = f"'{relation.name}' cannot {verb} at '{one.path}', a {found.short}"
        related = [(relation.place, f"{relation.name}: {side} {allowed}"), *one.used]
        self._report.error("relation.end", message, one.place, related=related, help=f"it {verb}s at: {allowed}")

    def _connect(self, one: Link, target: Sprout, found: EntityType) -> None:
        gateway = one.origin.prepared.type
        allowed = gateway.connects if gateway is not None else None
        if found.kind == "device" and self._allowed(found, allowed):
            self._enter(CONNECTS, one, target)
            return
        names = ", ".join(name.rpartition("/")[2] for name in allowed or ()) or "devices"
        message = f"a gateway cannot connect '{one.path}', a {found.short}"
        self._report.error("gateway.end", message, one.place, help=f"it connects: {names}")

    def _include(self, one: Link, target: Sprout, found: EntityType) -> None:
        view = one.origin.prepared.type
        allowed = view.of if view is not None else None
        if found.kind in _INCLUDABLE and self._allowed(found, allowed):
            self._enter(INCLUDES, one, target)
            if target is one.origin:
                return
            self.members.setdefault(one.origin.path, []).append(target.path)
            if found.kind == "view":
                self.steps.setdefault(one.origin.path, {})[target.path] = one.place
            return
        names = ", ".join(name.rpartition("/")[2] for name in allowed or ()) or "spaces, devices and views"
        short = view.short if view is not None else "view"
        message = f"a {short} cannot include '{one.path}', a {found.short}"
        related = [(view.place, view.name)] if view is not None else []
        self._report.error("view.member", message, one.place, related=related, help=f"it includes: {names}")

    def _allowed(self, found: EntityType, names: Iterable[str] | None) -> bool:
        return names is None or any(self._ontology.is_a(found.name, name) for name in names)

    def _enter(self, type_: str, one: Link, target: Sprout) -> None:
        if target is one.origin:
            message = f"'{one.path}' is the entity itself"
            self._report.error("relation.self", message, one.place, help="name another entity")
            return
        ends = (target.path, one.origin.path) if one.inverse else (one.origin.path, target.path)
        made = DesiredRelation(type_, *ends, one.place)
        earlier = self.relations.setdefault((made.source, made.target, type_), made)
        if earlier.place != made.place:
            related = [(earlier.place, "the first")]
            self._report.warn("relation.repeated", f"'{one.path}' is named twice", one.place, related=related)
