"""New readings told to apps: gathered for a moment, the newest of each point kept, and told entity by entity.

While nobody listens nothing is gathered, and the ingest pays nothing. The moments are those of the clock alone, and
what different people may see is told in messages of their own: so neither when somebody is told, nor in what order or
company, depends on anything that they may not see.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from twin.access.privacy import is_private
from twin.events import Subscriber
from twin.telemetry.told import topic_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.model import Entity
    from twin.graph.readings import Reading
    from twin.mqtt.door import Message
    from twin.state.current import ReadingChanged
    from twin.telemetry.hearing import Hearing, Twin

__all__ = ["EVERY", "Announcing", "Audience"]

log = structlog.get_logger(__name__)

EVERY = 0.1
"""Seconds from one moment to the next."""
_TURN = 0.002
"""Seconds of telling in one turn of the loop."""
_MOST = 200_000
"""Points that may wait for one moment."""


class Audience(Protocol):
    """Those who listen."""

    @property
    def subscriptions(self) -> int:
        """How many filters they have subscribed to."""

    def wants(self, topic: str) -> bool:
        """Whether anybody subscribes to a topic."""

    def tell(self, message: Message) -> None:
        """Tell it to those who subscribe to its topic and may hear it."""


class _Group(NamedTuple):
    """Points that are told together, for whoever sees one of them sees all: by what they come from and whether they
    are private.
    """

    entity: str
    source: str
    computed: bool
    private: bool


class Announcing:
    """Tells an audience of new readings, from `listen` until `rest` finds that nobody subscribes, or `close`."""

    def __init__(self, twin: Twin, hearing: Hearing, audience: Audience) -> None:
        self.dropped = 0
        """Readings that nobody was told of, because more changed in one moment than can wait."""
        self._twin = twin
        self._hearing = hearing
        self._audience = audience
        self._mailbox: Subscriber[ReadingChanged] | None = None
        self._wanted: dict[str, bool] = {}
        self._waking: asyncio.Handle | None = None

    def listen(self) -> None:
        """Somebody may subscribe to something now."""
        self._wanted.clear()
        if self._mailbox is None:
            self._mailbox = self._twin.current.readings.subscribe(
                Subscriber(
                    wants=self._wants, key=lambda event: (event.entity_id, event.point), ready=self._soon, bound=_MOST
                )
            )

    def moved(self) -> None:
        """The graph has changed: entities may be told of on other topics."""
        self._wanted.clear()

    def rest(self) -> None:
        """Now and then: gather nothing more where nobody subscribes any more."""
        if self._mailbox is not None and not self._audience.subscriptions:
            self.close()

    def close(self) -> None:
        """Tell nothing more."""
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            self._twin.current.readings.unsubscribe(mailbox)
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None

    def _wants(self, event: ReadingChanged) -> bool:
        found = self._wanted.get(event.entity_id)
        return self._ask(event.entity_id) if found is None else found

    def _ask(self, entity_id: str) -> bool:
        entity = self._twin.mirror.get(entity_id)
        found = entity is not None and self._audience.wants(topic_of(entity.path))
        self._wanted[entity_id] = found
        return found

    def _soon(self) -> None:
        """Something waits, or the mailbox was closed: the next moment sees to it."""
        if self._waking is None:
            loop = asyncio.get_running_loop()
            self._waking = loop.call_at((loop.time() // EVERY + 1) * EVERY, self._tell)

    def _tell(self) -> None:
        """Tell what waits."""
        self._waking = None
        mailbox = self._mailbox
        if mailbox is None:
            return
        events = mailbox.take()
        if mailbox.closed:
            self._open_again(mailbox)
        self._turn(self._messages(events))

    def _turn(self, messages: Iterator[Message | None]) -> None:
        """Tell for a while, and go on in a later turn; what comes meanwhile waits for its moment, after that."""
        until = time.perf_counter() + _TURN
        self._waking = None
        for message in messages:
            if message is not None:
                self._say(message)
            if time.perf_counter() >= until:
                self._waking = asyncio.get_running_loop().call_soon(self._turn, messages)
                return
        if self._mailbox is not None and self._mailbox.waiting:
            self._soon()

    def _say(self, message: Message) -> None:
        """Tell a message. A bug that is met by it is logged, and takes nothing from others."""
        try:
            self._audience.tell(message)
        except Exception:
            log.exception("mqtt.untold", topic=message.topic)

    def _messages(self, events: list[ReadingChanged]) -> Iterator[Message | None]:
        """What events come to; None now and then, where others may have a turn."""
        groups: dict[_Group, dict[str, Reading]] = {}
        for event in events:
            entity = self._twin.mirror.get(event.entity_id)
            group = None if entity is None else self._group(entity, event.point)
            if group is not None:
                groups.setdefault(group, {})[event.point] = event.reading
            yield None
        for group, readings in groups.items():
            yield self._message(group, readings)

    def _message(self, group: _Group, readings: dict[str, Reading]) -> Message | None:
        """What the points of a group say, if they are still there."""
        entity = self._twin.mirror.get(group.entity)
        if entity is None:
            return None
        kinds = self._twin.ontology.types[entity.type].points
        said = {name: reading for name, reading in readings.items() if name in kinds}
        return self._hearing.message(entity, said) if said else None

    def _group(self, entity: Entity, point: str) -> _Group | None:
        twin = self._twin
        kind = twin.ontology.types[entity.type].points.get(point)
        if kind is None:
            return None
        source = entity.sources.get(point, ("", ""))[0]
        private = is_private(twin.mirror, twin.ontology, entity, kind)
        return _Group(entity.id, source, point in entity.computed, private)

    def _open_again(self, mailbox: Subscriber[ReadingChanged]) -> None:
        """Go on after more had come than could wait."""
        self.dropped += 1
        log.warning("mqtt.crowded", bound=mailbox.bound, help="subscribers were not told of some readings")
        self._twin.current.readings.unsubscribe(mailbox)
        self._mailbox = None
        self.listen()
