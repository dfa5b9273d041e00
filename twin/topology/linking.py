"""Paths become links: each is looked up among the entities that grew, and judged by what the ontology allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import parse_template
from twin.graph.model import CONNECTS, INCLUDES
from twin.topology.desired import DesiredEntity, DesiredRelation
from twin.topology.finding import Finder
from twin.topology.following import Follower
from twin.topology.growing import Link
from twin.topology.parts import Text
from twin.topology.searching import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.model import EntityType, Ontology, RelationType
    from twin.source import Diagnostics
    from twin.topology.growing import Grown, Search, Sprout

__all__ = ["link"]

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
    if grown.searches:
        searcher = Searcher(grown, finder, ontology, report)
        for search in grown.searches:
            linker.search(search, searcher)
        searcher.warn_of_nothing()
    _report_circles(linker.includes, report)
    entities = [
        _entity(sprout, follower.sources.get(sprout.path, {}), finder.left_out.get(sprout.path, set()))
        for sprout in grown.sprouts.values()
        if sprout.prepared.type is not None
    ]
    return entities, list(linker.relations.values())


class _Linker:
    """Follows links that become relations."""

    def __init__(self, finder: Finder, ontology: Ontology, report: Diagnostics) -> None:
        self.relations: dict[tuple[str, str, str], DesiredRelation] = {}
        self.includes: dict[str, dict[str, Link]] = {}
        """Views within views: path -> path of the member -> where it says so."""
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
        if gateway is None:
            return
        connectable = gateway.connects if gateway.connects is not None else (_DEVICE,)
        names = relation.targets if relation is not None else connectable
        allowed = frozenset[str]().union(*(self._ontology.concrete(name) for name in names))
        text = Text(search.rule.scalar, parse_template(""), search.rule.level)
        one = Link(search.origin, text, search.rule.scalar.text, relation=relation)
        for target in searcher.find(search, allowed):
            if relation is not None or target.part.kind == "device":
                self._enter(CONNECTS if relation is None else relation.name, one, target)

    def _relate(self, one: Link, relation: RelationType, target: Sprout, found: EntityType) -> None:
        if any(self._ontology.is_a(found.name, name) for name in relation.targets):
            self._enter(relation.name, one, target)
            return
        allowed = ", ".join(name.rpartition("/")[2] for name in relation.targets)
        message = f"'{relation.name}' cannot end at '{one.path}', a {found.short}"
        related = [(relation.place, f"{relation.name}: to {allowed}"), *one.used]
        self._report.error("relation.end", message, one.place, related=related, help=f"it ends at: {allowed}")

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
            if found.kind == "view":
                self.includes.setdefault(one.origin.path, {})[target.path] = one
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
        made = DesiredRelation(type_, one.origin.path, target.path, one.place)
        earlier = self.relations.setdefault((made.source, made.target, type_), made)
        if earlier.place != made.place:
            related = [(earlier.place, "the first")]
            self._report.warn("relation.repeated", f"'{one.path}' is named twice", one.place, related=related)


def _report_circles(includes: dict[str, dict[str, Link]], report: Diagnostics) -> None:
    """Views may include views, and not each other in a circle."""
    done: set[str] = set()
    for start in includes:
        _walk(start, includes, done, report)


def _walk(start: str, includes: dict[str, dict[str, Link]], done: set[str], report: Diagnostics) -> None:
    trail: list[str] = []
    pending: list[tuple[str, bool]] = [(start, False)]
    while pending:
        path, leaving = pending.pop()
        if leaving:
            trail.pop()
            done.add(path)
        elif path not in done:
            trail.append(path)
            pending.append((path, True))
            for inner, one in includes.get(path, {}).items():
                if inner in trail:
                    circle = " → ".join([*trail[trail.index(inner) :], inner])
                    message = f"views include each other in a circle: {circle}"
                    report.error("view.cycle", message, one.place, help="take one member away")
                elif inner not in done:
                    pending.append((inner, False))


def _entity(sprout: Sprout, sources: dict[str, tuple[str, str]], left_out: set[str]) -> DesiredEntity:
    """The entity that a sprout has become."""
    found = sprout.prepared.type
    points = tuple(
        name
        for name in sprout.prepared.points
        if name not in left_out or (found is not None and not found.points[name].optional)
    )
    given = {f"properties.{name}" for name in sprout.properties}
    given |= {name for name, value in (("title", sprout.title), ("serial", sprout.serial)) if value}
    return DesiredEntity(
        path=sprout.path,
        kind=sprout.part.kind,
        type=found.name if found is not None else "",
        key=sprout.key,
        parent=sprout.parent.path if sprout.parent is not None else None,
        title=sprout.title,
        properties=sprout.properties,
        points=points,
        sources=sources,
        serial=sprout.serial,
        place=sprout.part.place,
        given=tuple(sorted(given)),
    )
