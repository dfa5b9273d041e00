"""Paths become links: each is looked up among the entities that grew, and judged by what the ontology allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONNECTS, INCLUDES
from twin.source import closest
from twin.topology.desired import DesiredEntity, DesiredRelation
from twin.units import compatible, dimension, of_dimension

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.errors import Place
    from twin.ontology.model import EntityType, Ontology, PointType
    from twin.source import Diagnostics
    from twin.topology.growing import Grown, Link, Sprout

__all__ = ["link"]

_INCLUDABLE = frozenset({"space", "device", "view"})
_NUMERIC = frozenset({"number", "integer"})


def link(grown: Grown, ontology: Ontology, report: Diagnostics) -> tuple[list[DesiredEntity], list[DesiredRelation]]:
    """The entities with their sources, and the relations between them."""
    linker = _Linker(grown, ontology, report)
    for one in grown.links:
        linker.follow(one)
    linker.report_circles()
    entities = [linker.entity(sprout) for sprout in grown.sprouts.values() if sprout.prepared.type is not None]
    return entities, list(linker.relations.values())


class _Linker:
    """Follows links one by one."""

    def __init__(self, grown: Grown, ontology: Ontology, report: Diagnostics) -> None:
        self.relations: dict[tuple[str, str, str], DesiredRelation] = {}
        self._grown = grown
        self._ontology = ontology
        self._report = report
        self._sources: dict[str, dict[str, tuple[str, str]]] = {}
        self._left_out: dict[str, set[str]] = {}
        self._includes: dict[str, dict[str, Link]] = {}
        self._lost: set[Place] = set()

    def follow(self, one: Link) -> None:
        """Find what a link names, and enter it where it belongs."""
        if one.point is not None:
            self._follow_source(one, one.point)
            return
        target = self._find(one, one.path)
        if target is None or target.prepared.type is None or one.origin.prepared.type is None:
            return
        if one.relation is not None:
            self._relate(one, target, target.prepared.type)
        elif one.origin.part.kind == "gateway":
            self._connect(one, target, target.prepared.type)
        else:
            self._include(one, target, target.prepared.type)

    def _find(self, one: Link, path: str) -> Sprout | None:
        """What a path names; None when it is wrong (and reported), left out by ``when``, or lost to another mistake."""
        site = one.origin.path.partition("/")[0]
        full = _absolute(path, site, one.origin.space.path)
        if full is None:
            help_ = 'a path is relative to the space around it ("radiator", "."), or begins with / at the site'
            self._report.error("path.invalid", f"'{path}' is not a path", one.place, help=help_)
            return None
        found = self._grown.sprouts.get(full)
        if found is None:
            self._report_lost(one, path, full)
        return found

    def _report_lost(self, one: Link, path: str, full: str) -> None:
        segments = full.split("/")
        prefixes = ["/".join(segments[:length]) for length in range(1, len(segments) + 1)]
        if any(prefix in self._grown.excluded for prefix in prefixes):
            if one.point is not None:
                self._left_out.setdefault(one.origin.path, set()).add(one.point)
            return
        if one.place in self._lost:
            return
        self._lost.add(one.place)
        deepest = [prefix for prefix in prefixes if prefix in self._grown.sprouts][-1]
        around = self._grown.sprouts[deepest]
        if around.uncertain:
            return
        keys = self._keys_below(deepest)
        missing = segments[deepest.count("/") + 1]
        near = closest(missing, keys)
        base = "the site" if "/" not in deepest else f"'{deepest.partition('/')[2]}'"
        help_ = f"did you mean '{near[0]}'?" if near else f"in {base}: {', '.join(keys[:12]) or 'nothing'}"
        message = f"'{path}' is not there: {base} has no '{missing}'"
        self._report.error("path.unknown", message, one.place, help=help_, suggestions=near)

    def _keys_below(self, path: str) -> list[str]:
        parent = self._grown.sprouts[path]
        return sorted(sprout.key for sprout in self._grown.sprouts.values() if sprout.parent is parent)

    def _relate(self, one: Link, target: Sprout, found: EntityType) -> None:
        relation = one.relation
        if relation is None:
            return
        if any(self._ontology.is_a(found.name, name) for name in relation.targets):
            self._enter(relation.name, one, target)
            return
        allowed = ", ".join(name.rpartition("/")[2] for name in relation.targets)
        message = f"'{relation.name}' cannot end at '{one.path}', a {found.short}"
        related = [(relation.place, f"{relation.name}: to {allowed}")]
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
                self._includes.setdefault(one.origin.path, {})[target.path] = one
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

    def report_circles(self) -> None:
        """Views may include views, and not each other in a circle."""
        done: set[str] = set()
        for start in self._includes:
            trail: list[str] = []
            self._walk(start, trail, done)

    def _walk(self, start: str, trail: list[str], done: set[str]) -> None:
        pending: list[tuple[str, bool]] = [(start, False)]
        while pending:
            path, leaving = pending.pop()
            if leaving:
                trail.pop()
                done.add(path)
                continue
            if path in done:
                continue
            trail.append(path)
            pending.append((path, True))
            for inner, one in self._includes.get(path, {}).items():
                if inner in trail:
                    message = (
                        f"views include each other in a circle: {' → '.join([*trail[trail.index(inner) :], inner])}"
                    )
                    self._report.error("view.cycle", message, one.place, help="take one member away")
                elif inner not in done:
                    pending.append((inner, False))

    def _follow_source(self, one: Link, name: str) -> None:
        path, dot, point = one.path.rpartition(".")
        if not dot or not path or path.endswith("."):
            help_ = "name a device and its point: thermostat.temperature"
            self._report.error("path.invalid", f"'{one.path}' names no point", one.place, help=help_)
            return
        device = self._find(one, path)
        if device is None or device.prepared.type is None or one.origin.prepared.type is None:
            return
        theirs = self._point(one, device, point, device.prepared.type)
        mine = one.origin.prepared.type.points[name]
        if theirs is not None and self._follows(one, mine, theirs):
            self._sources.setdefault(one.origin.path, {})[name] = (device.path, point)

    def _point(self, one: Link, device: Sprout, name: str, found: EntityType) -> PointType | None:
        if device.part.kind not in {"device", "gateway"}:
            message = f"'{device.key}' is a {device.part.kind}: a point follows a device's"
            self._report.error("source.kind", message, one.place, help="name the device that measures it")
            return None
        if name in device.prepared.points:
            return found.points[name]
        known = list(device.prepared.points)
        near = closest(name, known)
        related = [(found.place, f"{found.short}'s points: {', '.join(known) or 'none'}")]
        help_ = f"did you mean '{near[0]}'?" if near else ""
        message = f"'{name}' is not a point of {found.short}"
        if name in found.points:
            message = f"'{device.key}' does not have the point '{name}' of {found.short}"
            help_ = f"it is optional: give '{device.key}' 'has: [{name}]'"
        self._report.error("point.unknown", message, one.place, related=related, help=help_, suggestions=near)
        return None

    def _follows(self, one: Link, mine: PointType, theirs: PointType) -> bool:
        related = [(mine.place, mine.name), (theirs.place, theirs.name)]
        same = mine.value == theirs.value or (mine.value == "number" and theirs.value == "integer")
        if not same or not set(theirs.values or ()) <= set(mine.values or theirs.values or ()):
            message = (
                f"'{mine.name}' is {_article(mine.value)}, and cannot follow '{theirs.name}', {_article(theirs.value)}"
            )
            self._report.error("source.type", message, one.place, related=related)
            return False
        if mine.value in _NUMERIC and mine.unit != theirs.unit and not compatible(mine.unit or "1", theirs.unit or "1"):
            message = f"'{mine.name}' is in '{mine.unit}', and cannot follow '{theirs.name}', in '{theirs.unit}'"
            wanted = ", ".join(of_dimension(dimension(mine.unit or "1") or "")[:4])
            help_ = f"name a point in a unit of the same kind: {wanted}"
            self._report.error("unit.incompatible", message, one.place, related=related, help=help_)
            return False
        return True

    def entity(self, sprout: Sprout) -> DesiredEntity:
        """The entity that a sprout has become."""
        found = sprout.prepared.type
        left_out = self._left_out.get(sprout.path, set())
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
            sources=self._sources.get(sprout.path, {}),
            serial=sprout.serial,
            place=sprout.part.place,
            given=tuple(sorted(given)),
        )


def _article(kind: str) -> str:
    return f"an {kind}" if kind in {"integer", "enum"} else f"a {kind}"


def _absolute(path: str, site: str, base: str) -> str | None:
    """The path from the site's key on; None when it is not written like a path."""
    if path == "/":
        return site
    if path == ".":
        return base
    start, rest = (site, path[1:]) if path.startswith("/") else (base, path)
    segments = rest.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        return None
    return "/".join([start, *segments])
