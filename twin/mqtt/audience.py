"""Who hears what: the subscriptions of everyone, and messages handed to the sessions whose filters match.

Telling a message costs those who hear it. What waits is bounded, for each session and for all of them: the oldest is
dropped and counted, in all of them that of whoever has taken nothing for the longest time.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from functools import partial
from typing import TYPE_CHECKING, cast

from twin.mqtt.outbox import Told
from twin.mqtt.packets import Reason
from twin.mqtt.packets.topics import is_shared
from twin.mqtt.parcels import Parcel, Terms
from twin.mqtt.rounds import safely
from twin.mqtt.sessions import Session, Wish
from twin.mqtt.trie import Trie

if TYPE_CHECKING:
    from collections.abc import Hashable

    from twin.mqtt.door import Admission, Door, Message
    from twin.mqtt.greeting import Limits
    from twin.mqtt.rounds import Rounds

__all__ = ["Audience"]

log = logging.getLogger(__name__)

_HEARERS = 100_000
"""Hearers of topics that are remembered, with the topics."""
_HANDLING = 0x30
_ALWAYS, _WHEN_NEW = 0x00, 0x10


class Audience:
    """Those who subscribe at one endpoint."""

    def __init__(self, door: Door, limits: Limits, rounds: Rounds) -> None:
        self.told = Told()
        self._door = door
        self._limits = limits
        self._rounds = rounds
        self._filters: Trie[Wish] = Trie()
        self._remembered = 0
        self._count = 0
        self._count_of: Counter[Hashable] = Counter()
        self._time = 0
        self._hearers: tuple[dict[str, list[tuple[Session, Terms]]], ...] = ({}, {})
        self._holding: OrderedDict[Session, None] = OrderedDict()

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return self._count

    def wants(self, topic: str) -> bool:
        """Whether anybody subscribes to a topic."""
        return bool(self._filters) and bool(self._hearers_of(topic, retain=False))

    def tell(self, message: Message) -> None:
        """Hand a message to all that subscribe to its topic; it is written in its turn, to those who may hear it."""
        hearers = self._filters and self._hearers_of(message.topic, message.retain)
        if not hearers:
            return
        parcel, speaks = Parcel(message), self._rounds.speaks
        for session, terms in hearers:
            if not self._concerns(session, message.about):
                self.told.told += 1
                self.told.withheld += 1
                continue
            connection = session.connection
            if connection is not None:
                speaks(connection)
            elif not terms.qos:
                continue
            self._holding[session] = None
            session.outbox.put((parcel, terms))
            self._bound(session)

    def _concerns(self, session: Session, about: object) -> bool:
        """Whether a message is for a session at all. A bug in saying so takes it from one session only."""
        try:
            return session.admission is not None and self._door.concerns(session.admission, about)
        except Exception:
            log.exception("nobody could say whether a message is for a client, so it is not")
            return False

    def moved(self, session: Session) -> None:
        """Some of what waited for it was sent or acknowledged."""
        if len(session.outbox):
            self._holding[session] = None
            self._holding.move_to_end(session)
        else:
            self._holding.pop(session, None)

    # Subscriptions

    def subscribe(
        self, session: Session, admission: Admission, topic_filter: str, options: int, identifier: int | None
    ) -> Reason:
        """Subscribe a session to a filter, or anew; what SUBACK says of it."""
        if reason := self._objection(session, topic_filter):
            return reason
        if not self._door.may_hear(admission, topic_filter):
            self._door.denied(admission, topic_filter)
            return Reason.NOT_AUTHORIZED
        new = topic_filter not in session.wishes
        wish = session.wishes[topic_filter] = Wish(topic_filter, options, identifier, self._time)
        self._filters.add(topic_filter, session, wish)
        self._count += new
        self._count_of[session.key[0]] += new
        self._forget()
        session.recalls.pop(topic_filter, None)
        if options & _HANDLING == _ALWAYS or (new and options & _HANDLING == _WHEN_NEW):
            session.recalls[topic_filter] = None
        return Reason(wish.live.qos)

    def unsubscribe(self, session: Session, topic_filter: str) -> Reason:
        """Undo it; what is waiting already is still told."""
        if topic_filter not in session.wishes:
            return Reason.NO_SUBSCRIPTION_EXISTED
        del session.wishes[topic_filter]
        session.recalls.pop(topic_filter, None)
        self._filters.remove(topic_filter, session)
        self._count -= 1
        owner = session.key[0]
        self._count_of[owner] -= 1
        if not self._count_of[owner]:
            del self._count_of[owner]
        self._forget()
        return Reason.SUCCESS

    def resume(self, session: Session) -> None:
        """Its client is back, perhaps with other rights: they are asked for again."""
        for wish in session.wishes.values():
            wish.asked = -1
        if session.wishes:
            self._forget()

    def remove(self, session: Session) -> None:
        """A session is over."""
        for topic_filter in tuple(session.wishes):
            self.unsubscribe(session, topic_filter)
        self._holding.pop(session, None)

    def forget_rights(self) -> None:
        """Rights have changed: before anything more is told, ask the door again who may subscribe to what."""
        self._time += 1
        self._forget()

    def _objection(self, session: Session, topic_filter: str) -> Reason | None:
        limits = self._limits
        if is_shared(topic_filter):
            return Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        if len(topic_filter) > limits.filter_length or topic_filter.count("/") >= limits.filter_levels:
            return Reason.TOPIC_FILTER_INVALID
        if topic_filter in session.wishes:
            return None
        full = len(session.wishes) >= limits.subscriptions or self._count >= limits.subscriptions_of_all
        if full or self._count_of[session.key[0]] >= limits.subscriptions_of_one:
            return Reason.QUOTA_EXCEEDED
        return None

    # Who hears

    def _forget(self) -> None:
        self._remembered = 0
        for hearers in self._hearers:
            hearers.clear()

    def _hearers_of(self, topic: str, retain: bool) -> list[tuple[Session, Terms]]:  # noqa: FBT001 - as the message's
        known = self._hearers[retain]
        found = known.get(topic)
        if found is None:
            found = self._look_up(topic, retain=retain)
            self._remembered += len(found) + 1
            if self._remembered > _HEARERS:
                self._forget()
            known[topic] = found
        return found

    def _look_up(self, topic: str, *, retain: bool) -> list[tuple[Session, Terms]]:
        """Each session once: with the best QoS of its filters that match, and the identifiers of them all."""
        found: dict[Session, Terms] = {}
        for each, wish in self._filters.match(topic):
            session = cast("Session", each)
            if not self._allowed(session, wish):
                continue
            more = Terms(wish.live.qos, retain and wish.as_published, wish.live.identifiers)
            known = found.get(session)
            found[session] = more if known is None else _both(known, more)
        return list(found.items())

    def _allowed(self, session: Session, wish: Wish) -> bool:
        """Whether the right to a subscription still stands; of a client that is away that is asked when it is back."""
        connection = session.connection
        if wish.asked != self._time and connection is not None and connection.visit is not None:
            wish.asked = self._time
            try:
                wish.allowed = self._door.may_hear(connection.visit.admission, wish.topic_filter)
            except Exception:
                wish.allowed = False
                log.exception("nobody could say whether a subscription still stands, so it does not")
        return wish.allowed

    # Bounds

    def _bound(self, session: Session) -> None:
        limits, outbox = self._limits, session.outbox
        while outbox.waiting > limits.queue or outbox.size > limits.queue_bytes:
            if not outbox.drop():
                break
        while self.told.size > limits.queues_bytes and self._holding:
            self._relieve(next(iter(self._holding)))

    def _relieve(self, session: Session) -> None:
        """Drop one message of a session; where all it has is in flight, its client is cut off first."""
        connection = session.connection
        dropped = session.outbox.drop()
        if not dropped and connection is not None:
            safely(connection, partial(connection.end, Reason.QUOTA_EXCEEDED, now=True))
            dropped = session.connection is None
        if not (dropped and len(session.outbox)):
            self._holding.pop(session, None)


def _both(one: Terms, other: Terms) -> Terms:
    return Terms(max(one.qos, other.qos), one.retain or other.retain, one.identifiers + other.identifiers)
