"""What apps hear of a building over MQTT, and who hears it: what is so now for a new subscription, and each message
judged anew for each client right before it is written.

A message names what it is about by ids, never by paths, so an entity that has moved is still judged as what it is.
Whether a filter is granted depends on nothing that is hidden: a site of which nothing may be seen, and none at all, are
the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
import orjson

from twin.access.rights import Graph, Rights
from twin.graph import query
from twin.graph.visibility import shown, shows
from twin.ids import sort_key
from twin.mqtt.door import Message
from twin.state.telling import document, tell
from twin.telemetry.told import ANY, asked, fits, topic_of
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twin.access.principals import Principal
    from twin.graph.model import Entity
    from twin.graph.readings import Reading
    from twin.graph.visibility import Sites
    from twin.state.current import Current
    from twin.telemetry.told import Asked

__all__ = ["SCOPE", "About", "Hearing", "Twin"]

SCOPE = "twin:read"
"""Who has it may hear."""
_REMEMBERED = 10_000


class Twin(Graph, Protocol):
    """What there is to be heard of, and who may see it."""

    @property
    def current(self) -> Current:
        """What it says now."""


class About(msgspec.Struct, frozen=True, gc=False):
    """What a message tells of: points of one entity, all of which whoever hears it has to see."""

    entity: str
    path: str
    """Where it was then. Once it is somewhere else the message is nobody's: who sees it now may not see where it was.
    """
    points: tuple[str, ...]


class Hearing:
    """Asked on the loop, by the endpoint's door. ``holds`` says whether what a token said is still good; ``granted`` is
    told whenever somebody may subscribe to something.
    """

    def __init__(
        self, twin: Twin, holds: Callable[[Principal, int], bool], granted: Callable[[], object] = lambda: None
    ) -> None:
        self._granted = granted
        self._twin = twin
        self._holds = holds
        self._known: dict[Principal, Rights] = {}

    def may_hear(self, principal: Principal, topic_filter: str) -> bool:
        """Whether a filter is about a site of which something may be seen, or about whichever site there is."""
        wanted = asked(topic_filter)
        if wanted is None or not _listens(principal) or not self._has(principal, wanted.site):
            return False
        self._granted()
        return True

    def _has(self, principal: Principal, key: str) -> bool:
        """Whether something may be seen of a site; of any, as much as that is."""
        if key == ANY:
            return True
        mirror = self._twin.mirror
        site = mirror.by_path(key)  # people and fleets have paths, too
        return site is not None and site.kind == "site" and shown(mirror, site.id, self._rights(principal).sites)

    def hears(self, principal: Principal, about: About) -> bool:
        """Whether a client may be told this, now."""
        return self._holds(principal, now()) and self.concerns(principal, about)

    def concerns(self, principal: Principal, about: About) -> bool:
        """Whether a client may know of this now, whatever has become of its token."""
        return _listens(principal) and self._sees(self._rights(principal), about)

    def retained(self, principal: Principal, topic_filter: str) -> Iterator[Message]:
        """What each entity that a filter is about says now, as far as the client may see it when that is asked for."""
        wanted = asked(topic_filter)
        if wanted is None or wanted.path is None or not _listens(principal):
            return
        for entity in self._matching(wanted, wanted.path, self._rights(principal).sites):
            message = self._now(principal, entity.id)
            if message is not None:
                yield message

    def message(self, entity: Entity, readings: Mapping[str, Reading], *, retain: bool = False) -> Message:
        """What an entity's points say, as a message."""
        twin, at = self._twin, now()
        kinds = twin.ontology.types[entity.type].points
        points = {
            name: document(tell(twin.mirror, twin.ontology, entity, kinds[name], reading, at))
            for name, reading in readings.items()
        }
        payload = orjson.dumps({"id": entity.id, "points": points})
        return Message(topic_of(entity.path), payload, About(entity.id, entity.path, tuple(points)), at, retain=retain)

    def _sees(self, rights: Rights, about: About) -> bool:
        twin = self._twin
        entity = twin.mirror.get(about.entity)
        if entity is None or entity.path != about.path or not shows(twin.mirror, entity, rights.sites):
            return False
        kinds = twin.ontology.types[entity.type].points
        return all(name in kinds and rights.shows(entity, kinds[name]) for name in about.points)

    def _now(self, principal: Principal, entity_id: str) -> Message | None:
        """What an entity says to somebody; None: nothing, or it is not there to be seen any more."""
        twin, rights = self._twin, self._rights(principal)
        entity = twin.mirror.get(entity_id)
        if entity is None or not shows(twin.mirror, entity, rights.sites):
            return None
        kinds = twin.ontology.types[entity.type].points
        seen = [name for name in entity.points if name in kinds and rights.shows(entity, kinds[name])]
        said = {name: reading for name in seen if (reading := twin.current.read(entity_id, name)) is not None}
        return self.message(entity, said, retain=True) if said else None

    def _matching(self, wanted: Asked, path: tuple[str, ...], sites: Sites) -> Iterator[Entity]:
        """The entities that a filter is about, as far as they may be seen."""
        mirror = self._twin.mirror
        for key in self._sites(wanted, sites):
            place = mirror.by_path("/".join((key, *wanted.place)))
            if place is None:
                continue
            if fits(place.path, path) and shows(mirror, place, sites):
                yield place
            if len(wanted.place) < len(path):
                below = query.select(mirror, sites=sites, under=place).items
                yield from (each for each in below if each.points and fits(each.path, path))

    def _sites(self, wanted: Asked, sites: Sites) -> list[str]:
        """The keys of the sites that a filter is about, in their natural order."""
        mirror = self._twin.mirror
        if wanted.site != ANY:
            return [wanted.site]
        found = [each for each in (mirror.sites if sites is None else sites) if each in mirror.sites]
        return sorted((mirror.entities[each].key for each in found), key=sort_key)

    def _rights(self, principal: Principal) -> Rights:
        """What somebody may see now."""
        known = self._known.get(principal)
        if known is not None and known.hold():
            return known
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[principal] = Rights(self._twin, principal)
        return found


def _listens(principal: Principal) -> bool:
    """Whether it may hear anything: a gateway's or device's rights are its own topics, and nothing else."""
    return principal.may(SCOPE) and not principal.device
