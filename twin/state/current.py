"""The current state: the last reading of every point, in memory, and who is told when one changes.

Invariants: of all readings ever offered for a point, the one with the greatest order is held, whatever came in between
and however often (design, invariant 3); an entity that is gone has no state; a point that follows another entity's
holds nothing of its own and always says what the other says, in its own unit; a deadband thins what is announced, and
never what is held; a computed point says what those of its devices make. What changed since `Current.take_dirty` was
last called is remembered for the store.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

import msgspec

from twin.errors import InvalidValue
from twin.events import Bus
from twin.graph.model import Create, Delete, Update
from twin.graph.readings import Reading, recast, recasts_of
from twin.state.computed import ComputedPoints
from twin.state.deadbands import Deadbands
from twin.units import convert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, Entity
    from twin.graph.readings import Fate
    from twin.ontology.model import Ontology, PointType
    from twin.state.computed import Said
    from twin.state.tallies import Point

__all__ = ["Current", "ReadingChanged"]


class ReadingChanged(msgspec.Struct, frozen=True, gc=False):
    """A point has a newer reading than before."""

    entity_id: str
    point: str
    reading: Reading


class Current:
    """The last readings of everything in a mirror; called on the loop only.

    `readings` announces every reading that was applied, for its own point, then for each point that follows it, then
    for each computed point that says another value after it: but for those that differ by less than their point's
    deadband from the last that was announced.
    """

    def __init__(self, mirror: Mirror, ontology: Ontology) -> None:
        self.readings: Bus[ReadingChanged] = Bus()
        self.heard: dict[Point, None] | None = None
        """What was applied since somebody took this, for those who tell it on; None: nobody does."""
        self._mirror = mirror
        self.renew(ontology)

    def renew(self, ontology: Ontology) -> None:
        """Go by the mirror as it is, all of it, in place of whatever it was: nothing is held then."""
        mirror = self._mirror
        self.ontology = ontology
        self._held: dict[str, dict[str, Reading]] = {}
        self._dirty: dict[Point, Reading] = {}
        self._sources: dict[str, dict[str, Point]] = {}
        self._followers: dict[Point, dict[Point, None]] = {}
        self._units: dict[Point, tuple[str, str] | None] = {}
        self._deadbands = Deadbands(ontology)
        self._computed = ComputedPoints(mirror, self.held, ontology)
        self._owners, self._feeding = self._computed.owners, self._computed.feeds
        for entity in mirror.entities.values():
            self._index(entity)

    def repaired(self, ids: Collection[str], ontology: Ontology) -> None:
        """The mirror shows these anew, or no more; what is held of those that are there stays."""
        self.ontology = ontology
        self._computed.repaired(ids, ontology)
        for each in ids:
            self._reconsider(each)

    def read(self, entity_id: str, point: str) -> Reading | None:
        """The last reading of a point, followed to where it comes from; None: never heard."""
        sources = self._sources.get(entity_id)
        if sources is not None and point in sources:
            return self._read_through(entity_id, point, sources[point])
        if entity_id in self._owners:
            return self._own(entity_id, point)
        held = self._held.get(entity_id)
        return None if held is None else held.get(point)

    def held(self, entity_id: str, point: str) -> Reading | None:
        """What a point was told itself, whatever it follows."""
        held = self._held.get(entity_id)
        return None if held is None else held.get(point)

    def entities(self) -> Iterable[str]:
        """The ids of those of which anything is held; live: not to be gone through while others are heard."""
        return self._held

    def all_of(self, entity_id: str) -> Iterable[tuple[str, Reading]]:
        """What is held of an entity, by point."""
        return self._held.get(entity_id, {}).items()

    def ready(self, site: str) -> None:
        """Work out the computed points of a site, if they were not yet."""
        self._computed.ready(site)

    def _own(self, entity_id: str, point: str) -> Reading | None:
        """What a point says that follows no other."""
        owner = self._owners.get(entity_id)
        if owner is not None and point in owner.computed:
            return self._computed.read(entity_id, point)
        return self.held(entity_id, point)

    def offer(self, entity_id: str, point: str, reading: Reading) -> Fate:
        """Take a reading, if none with its order or a greater one is held, and announce it."""
        held = self._held.get(entity_id)
        if held is None:
            held, last = self._held.setdefault(entity_id, {}), None
        else:
            last = held.get(point)
            if last is not None and reading.order <= last.order:
                return "duplicate" if reading.order == last.order else "late"
        telling = bool(self.readings)
        if telling and self._computed.waiting:
            self._computed.ready(self._mirror.entities[entity_id].site)
        held[point] = reading
        key = entity_id, point
        self._dirty[key] = reading
        if self.heard is not None:
            self.heard[key] = None
        said = self._computed.take(entity_id, point, reading, telling) if entity_id in self._feeding else ()
        if telling:
            self._announce(entity_id, point, reading, last)
            self._announce_all(said)
        elif self._deadbands.told:  # nobody has heard the last ones: the next of each is told
            self._deadbands.told.clear()
        return "applied"

    def load(self, states: Mapping[Point, Reading]) -> None:
        """Take what a store has kept, in place of all that is held."""
        self._held.clear()
        self._dirty.clear()
        self._computed.reset()
        self._deadbands.told.clear()
        for (entity_id, point), reading in states.items():
            entity = self._mirror.entities.get(entity_id)
            if entity is not None:  # the mirror's own texts as keys: a million readings share them
                self._held.setdefault(entity.id, {})[intern(point)] = reading

    def take_dirty(self) -> dict[Point, Reading]:
        """The last reading of each point that changed since the last call."""
        dirty, self._dirty = self._dirty, {}
        return dirty

    def put_back(self, dirty: Mapping[Point, Reading]) -> None:
        """What was taken and could not be stored counts as changed again, where it still exists by that name."""
        for entity_id, point in dirty:
            reading = self._held.get(entity_id, {}).get(point)
            if reading is not None:
                self._dirty[entity_id, point] = reading

    def follow(self, change: Change, ontology: Ontology) -> None:
        """Take in what a change, already applied to the mirror, has done, and the ontology after it."""
        if ontology is not self.ontology:
            self.ontology = ontology
            self._units.clear()
            self._deadbands.renew(ontology)
        self._computed.begin(change, ontology)
        for entry in change.changeset.entries:
            if isinstance(entry, Create):
                if entry.entity.sources:  # nothing else is known of what is new
                    self._reconsider(entry.entity.id)
            elif isinstance(entry, Update | Delete):
                self._reconsider(entry.id)
        self._recast(change)
        telling = bool(self.readings)
        said = self._computed.follow(change, telling=telling)
        if telling:
            self._announce_all(said)

    def _recast(self, change: Change) -> None:
        """Hold readings under the new names of their points. They count as changed whether or not they were: a batch
        that is on its way into the store under the old names is refused there.
        """
        taken = []
        for entry in recasts_of(change.changeset.entries):
            reading = self._held.get(entry.id, {}).pop(entry.point, None)
            self._dirty.pop((entry.id, entry.point), None)
            self._deadbands.forget((entry.id, entry.point))
            if reading is not None:
                taken.append((entry, reading))
        for entry, reading in taken:
            self.offer(entry.id, entry.to, recast(reading, entry))

    def _reconsider(self, entity_id: str) -> None:
        """An entity may follow others now, or none; or it is gone."""
        for point, source in self._sources.pop(entity_id, {}).items():
            self._followers[source].pop((entity_id, point))
            self._deadbands.forget((entity_id, point))
            if not self._followers[source]:
                del self._followers[source]
        self._units.clear()  # its type, or that of what it follows, may be another
        entity = self._mirror.entities.get(entity_id)
        if entity is not None:
            self._index(entity)
            return
        for point in self._held.pop(entity_id, ()):
            self._dirty.pop((entity_id, point), None)
            self._deadbands.forget((entity_id, point))
        owner = self._owners.get(entity_id)
        for point in () if owner is None else owner.computed:
            self._deadbands.forget((entity_id, point))

    def _index(self, entity: Entity) -> None:
        if entity.sources:
            self._sources[entity.id] = entity.sources
            for point, source in entity.sources.items():
                self._followers.setdefault(source, {})[entity.id, point] = None

    def _read_through(self, entity_id: str, point: str, source: Point) -> Reading | None:
        reading = self._own(*source)
        if reading is None:
            return None
        try:
            units = self._units[entity_id, point]
        except KeyError:
            units = self._units[entity_id, point] = self._conversion(source, (entity_id, point))
        if units is None or not isinstance(reading.value, int | float):
            return reading
        try:
            value = convert(reading.value, *units)
        except InvalidValue:  # the ontology has changed beneath the two: better nothing than a wrong figure
            return None
        return Reading(value, reading.time, reading.received, reading.order)

    def _conversion(self, source: Point, point: Point) -> tuple[str, str] | None:
        """The units to convert from and to; None: as it is."""
        from_, to = self._unit(source), self._unit(point)
        return None if from_ is None or to is None or from_ == to else (from_, to)

    def _unit(self, point: Point) -> str | None:
        found = self._kind(point)
        return None if found is None else found.unit

    def _kind(self, point: Point) -> PointType | None:
        entity = self._mirror.entities.get(point[0])
        type_ = None if entity is None else self.ontology.of(entity.site).types.get(entity.type)
        return None if type_ is None else type_.points.get(point[1])

    def _announce(self, entity_id: str, point: str, reading: Reading, last: Reading | None) -> None:
        """Tell of a reading, for its own point and for those that follow it; ``last`` was held before it."""
        thinned = self._deadbands.points
        if point not in thinned or not self._withholds((entity_id, point), reading, last):
            self.readings.publish(ReadingChanged(entity_id, point, reading))
        for follower in tuple(self._followers.get((entity_id, point), ())):
            seen = self.read(*follower)
            if seen is not None and (follower[1] not in thinned or not self._withholds(follower, seen, last)):
                self.readings.publish(ReadingChanged(*follower, seen))

    def _announce_all(self, said: Iterable[Said]) -> None:
        for owner, point, reading, before in said:
            self._announce(owner, point, reading, before)

    def _withholds(self, point: Point, reading: Reading, last: Reading | None) -> bool:
        return self._deadbands.withholds(point, self._kind(point), reading, last)
