"""Which points of which devices contribute to which computed points, and what they say."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twin.errors import InvalidValue
from twin.graph.rules import parse_rule
from twin.state.tallies import Tally
from twin.units import affine, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Computed, Entity
    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology
    from twin.state.tallies import Point

__all__ = ["Contributions", "Work"]


class Work:
    """One computed point, and the devices that contribute to it."""

    def __init__(self, owner: Entity, point: str, computed: Computed, ontology: Ontology) -> None:
        self.owner = owner
        self.point = point
        self.devices: dict[str, None] = {}
        type_ = ontology.types.get(owner.type)
        own = None if type_ is None else type_.points.get(point)
        self._tally = Tally(computed.function, whole=own is not None and own.value == "integer")
        self.measuring: Mapping[str, frozenset[str]] = {} if own is None else ontology.measuring(computed.of)
        """Type -> the points by which devices contribute."""
        self._unit = None if own is None else own.unit
        self._rule = None if computed.rule is None else parse_rule(computed.rule, ontology)
        self._ontology = ontology
        self._heard: dict[Point, tuple[str, Reading]] = {}
        """What contributors have said since it was last asked for, each with the type of its device."""
        self._scales: dict[Point, Callable[[float], float] | None] = {}

    @property
    def by_views(self) -> bool:
        """Whether it depends on what views include."""
        return self.owner.kind == "view" or self.asks_views

    @property
    def asks_views(self) -> bool:
        """Whether its rule asks for what views include."""
        return self._rule is not None and bool(self._rule.views)

    def points_of(self, device: Entity, mirror: Mirror) -> list[str]:
        """The points by which something contributes: a device of the owner's site of which the rule is true. What
        follows another device's point does not: it would count twice.
        """
        measuring = self.measuring.get(device.type, ())
        if not measuring or device.kind != "device" or device.site != self.owner.site:
            return []
        points = [point for point in device.points if point in measuring and point not in device.sources]
        return points if not points or self._rule is None or self._rule.fits(device, mirror.views) else []

    def hear(self, device: Entity, point: str, reading: Reading) -> None:
        """A contributor says this now; worked in when somebody asks."""
        self._heard[device.id, point] = (device.type, reading)

    def forget(self, point: Point) -> None:
        """A point of a device contributes no more."""
        self._heard.pop(point, None)
        self._tally.drop(point)

    def reading(self) -> Reading | None:
        """What it says; None where no contributor has said anything."""
        if self._heard:
            heard, self._heard = self._heard, {}
            for point, (type_, reading) in heard.items():
                scale = self._scale(type_, point[1])
                if scale is None:
                    self._tally.drop(point)
                else:
                    self._tally.put(point, reading, scale)
        return self._tally.reading()

    def _scale(self, type_: str, point: str) -> Callable[[float], float] | None:
        """From the unit of a type's point to the own one; None where there is no way."""
        key = (type_, point)
        if key not in self._scales:
            self._scales[key] = _between(self._ontology.types[type_].points[point].unit, self._unit)
        return self._scales[key]


def _between(from_: str | None, to: str | None) -> Callable[[float], float] | None:
    if from_ is None or to is None or from_ == to:
        return _same
    try:
        factor, offset = affine(from_, to)
    except InvalidValue:
        return None
    return partial(scaled, factor=factor, offset=offset)


def _same(value: float) -> float:
    return value


class Contributions:
    """The computed points of all sites that are worked out, and what they said before the last change."""

    def __init__(self, mirror: Mirror, held: Callable[[str, str], Reading | None]) -> None:
        """``held`` says the last reading of a device's own point."""
        self.works: dict[str, dict[str, Work]] = {}
        """Owner -> point -> how it is worked out."""
        self.feeds: dict[str, dict[str, list[Work]]] = {}
        """Device -> point -> what it contributes to."""
        self._asking: set[str] = set()
        """Sites that have had a computed point whose rule asks for what views include."""
        self.before: dict[Point, Reading | None] = {}
        """What computed points said before a change, of those that it has touched."""
        self._mirror = mirror
        self._held = held

    def add(self, owner: Entity, ontology: Ontology) -> None:
        """Work out the computed points of an entity."""
        made = {name: Work(owner, name, computed, ontology) for name, computed in owner.computed.items()}
        self.works[owner.id] = made
        if any(work.asks_views for work in made.values()):
            self._asking.add(owner.site)
        for work in made.values():
            self.gather(work)

    def drop(self, owner: str) -> None:
        """Forget the computed points of an entity."""
        for work in self.works.get(owner, {}).values():
            self._empty(work)
        self.works.pop(owner, None)

    def gather(self, work: Work) -> None:
        """Look for all that contributes."""
        self._empty(work)
        for device in self._candidates(work):
            self._attach(work, self._mirror.entities[device])

    def gather_by_views(self, site: str) -> None:
        """Look again for what contributes, wherever that depends on the views of a site."""
        for works in self.works.values():
            for work in works.values():
                if work.owner.site == site and work.by_views:
                    self.gather(work)

    def place(self, device_id: str) -> None:
        """A device is new, gone, or other or elsewhere than before: see what it contributes to now."""
        for works in tuple(self.feeds.get(device_id, {}).values()):
            for work in tuple(works):
                self._detach(work, device_id)
        device = self._mirror.entities.get(device_id)
        if device is not None and device.parent is not None and self.works:
            around = self._mirror.views.around(device_id)
            for owner in (*self._mirror.line(device.parent), *around):
                for work in self.works.get(owner, {}).values():
                    self._attach(work, device)

    def concern(self, view: Entity) -> bool:
        """Whether what a view includes may decide what contributes to something."""
        if view.site in self._asking or view.id in self.works:
            return True
        return any(each in self.works for each in self._mirror.views.including(view.id))

    def _candidates(self, work: Work) -> Iterable[str]:
        mirror, types = self._mirror, frozenset(work.measuring)
        if work.owner.kind != "view":
            return mirror.below(work.owner.id, types)
        members = dict.fromkeys(mirror.views.members(work.owner.id))
        return dict.fromkeys(each for member in members for each in (member, *mirror.below(member, types)))

    def _attach(self, work: Work, device: Entity) -> None:
        points = work.points_of(device, self._mirror)
        if points:
            self._note(work)
            work.devices[device.id] = None
        for point in points:
            self.feeds.setdefault(device.id, {}).setdefault(point, []).append(work)
            reading = self._held(device.id, point)
            if reading is not None:
                work.hear(device, point, reading)

    def _detach(self, work: Work, device: str) -> None:
        self._note(work)
        work.devices.pop(device, None)
        feeds = self.feeds[device]
        for point, works in tuple(feeds.items()):
            if work in works:
                works.remove(work)
                work.forget((device, point))
            if not works:
                del feeds[point]
        if not feeds:
            del self.feeds[device]

    def _empty(self, work: Work) -> None:
        self._note(work)
        for device in tuple(work.devices):
            self._detach(work, device)

    def _note(self, work: Work) -> None:
        if (work.owner.id, work.point) not in self.before:
            self.before[work.owner.id, work.point] = work.reading()
