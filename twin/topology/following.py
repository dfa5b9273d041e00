"""Points of spaces that follow points of devices: is the device there, has it the point, do the two go together?"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from twin.ontology.compile.retiring import warn_of
from twin.source import closest
from twin.topology.grown import Link
from twin.units import compatible, dimension, of_dimension

if TYPE_CHECKING:
    from twin.ontology.model import EntityType, PointType
    from twin.source import Diagnostics
    from twin.topology.finding import Finder
    from twin.topology.grown import Sprout
    from twin.topology.seeds import Naming

__all__ = ["Follower"]

_NUMERIC = frozenset({"number", "integer"})


class Follower:
    """Follows ``from``."""

    def __init__(self, finder: Finder, report: Diagnostics) -> None:
        self.sources: dict[str, dict[str, tuple[str, str]]] = {}
        """Path of a space -> its point -> (path of the device, its point)."""
        self._finder = finder
        self._report = report

    def follow(self, origin: Sprout, naming: Naming, named: str) -> None:
        """Find the source of a point of a space."""
        path, point = _parted(named)
        if not path:
            help_ = "name a device and its point: thermostat.temperature"
            place = naming.text.scalar.place
            self._report.error("path.invalid", f"'{named}' names no point", place, help=help_)
            return
        device = self._finder.at(origin, naming, path)
        if device is None:
            return
        known = (device.seed, point)
        suits = naming.judged.get(known)
        if suits is None:
            suits = naming.judged[known] = self._suits(Link(origin, naming, named), device, point)
        if suits and naming.point is not None:
            self.sources.setdefault(origin.path, {})[naming.point] = (device.path, point)

    def _suits(self, one: Link, device: Sprout, point: str) -> bool:
        """Whether a point of a device is one that the point of a space can follow; if not, why is reported."""
        found, ours = device.seed.prepared.type, one.origin.seed.prepared.type
        if found is None or ours is None or one.naming.point is None:
            return False
        theirs = self._point(one, device, point, found)
        return theirs is not None and self._follows(one, ours.points[one.naming.point], theirs)

    def _point(self, one: Link, device: Sprout, name: str, found: EntityType) -> PointType | None:
        if device.part.kind not in {"device", "gateway"}:
            message = f"'{device.key}' is a {device.part.kind}: a point follows a device's"
            self._report.error("source.kind", message, one.place, help="name the device that measures it")
            return None
        if name in device.seed.prepared.points:
            theirs = found.points[name]
            if theirs.deprecated is not None:
                warn_of(one.place, theirs.deprecated, self._report)
            return theirs
        known = list(device.seed.prepared.points)
        near = closest(name, known)
        related = [(found.place, f"{found.short}'s points: {', '.join(known) or 'none'}"), *one.used]
        help_ = f"did you mean '{near[0]}'?" if near else ""
        message = f"'{name}' is not a point of {found.short}"
        if name in found.points:
            message = f"'{device.key}' does not have the point '{name}' of {found.short}"
            help_ = f"take '{name}' out of its 'lacks', or name another point"
            if found.points[name].optional:
                help_ = f"it is optional: give '{device.key}' 'has: [{name}]'"
        self._report.error("point.unknown", message, one.place, related=related, help=help_, suggestions=near)
        return None

    def _follows(self, one: Link, mine: PointType, theirs: PointType) -> bool:
        related = [(mine.place, mine.name), (theirs.place, theirs.name), *one.used]
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


@lru_cache(maxsize=65_536)
def _parted(path: str) -> tuple[str, str]:
    """The path of a device and a point of it; two empty texts where it is none."""
    device, dot, point = path.rpartition(".")
    return (device, point) if dot and not device.endswith(".") else ("", "")


def _article(kind: str) -> str:
    return f"an {kind}" if kind in {"integer", "enum"} else f"a {kind}"
