"""What a client that was let in may say, and what it is answered."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from twin.mqtt.packets import (
    V5,
    Ack,
    Disconnect,
    Kind,
    Packet,
    Pingreq,
    Pingresp,
    Property,
    ProtocolError,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    serialise,
)
from twin.mqtt.quick import PUBACK, read_messages
from twin.mqtt.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Hashable

    from twin.mqtt.acknowledgements import Batch
    from twin.mqtt.audience import Audience
    from twin.mqtt.door import Admission, Door
    from twin.mqtt.greeting import Limits
    from twin.mqtt.inbox import Inbox
    from twin.mqtt.packets import Connect, Will
    from twin.mqtt.sessions import Session

__all__ = ["Visit", "owner_of"]

log = logging.getLogger(__name__)

_ROUTES = 10_000
"""Topics remembered per session."""
_UNBOUNDED = 1 << 62
_EXACTLY_ONCE = 2
_SECOND = 1_000_000
_GRACE = 1.5
"""Of the keep-alive interval (MQTT 5, section 3.1.2.10)."""


class Visit:
    """One admitted client, for as long as its connection lasts. What outlasts it is in its ``session``."""

    __slots__ = (
        "_aliases",
        "_audience",
        "_door",
        "_landed",
        "_limits",
        "_routes",
        "_voice",
        "admission",
        "client_id",
        "connect",
        "key",
        "patience",
        "resumed",
        "session",
        "version",
        "will",
    )

    session: Session
    """Its client's, from `begin` on."""
    _voice: Voice

    def __init__(
        self,
        door: Door,
        audience: Audience,
        admission: Admission,
        connect: Connect,
        client_id: str,
        limits: Limits,
    ) -> None:
        self.admission = admission
        self.connect = connect
        self.version = connect.version
        self.client_id = client_id
        self.key: tuple[Hashable, str] = (owner_of(admission), client_id)
        self.will = connect.will
        self.patience = connect.keep_alive * _GRACE
        """Seconds of silence after which the client is taken to be gone; 0: never."""
        self.resumed = False
        """Whether the client came back to a session that it had."""
        self._door = door
        self._audience = audience
        self._limits = limits
        self._routes: dict[bytes, object | None] = {}
        self._aliases: dict[int, str] = {}
        self._landed = False

    def begin(self, session: Session, *, resumed: bool) -> None:
        """The client is let in to this session."""
        self.session, self.resumed = session, resumed
        session.admission = self.admission
        self._voice = Voice(self._door, self.admission, session, self.connect, self._limits.in_flight)
        self._audience.resume(session)

    def expired(self, now: int) -> bool:
        """Whether the client's admission is over."""
        expires = self.admission.expires
        return expires is not None and now >= expires

    def forget_routes(self) -> None:
        """Ask the door again where each topic leads."""
        self._routes.clear()

    def speak(self, now: int) -> tuple[bytes, bool]:
        """What is to be written of what the client is told, and whether there is more at once."""
        said = self._voice.speak(now)
        self._audience.moved(self.session)
        return said

    def heard_of(self) -> bool:
        """Whether the client has acknowledged something since this was asked last: there may be more to tell."""
        landed, self._landed = self._landed, False
        if landed:
            self._audience.moved(self.session)
        return landed

    def skim(self, inbox: Inbox, until: int, batch: Batch, unacknowledged: int) -> None:
        """Take the plain messages and acknowledgements from the inbox, as far as they go."""
        buffer, at = inbox.buffer, inbox.at
        if buffer[at : at + 2] == PUBACK:
            inbox.at = self._land(buffer, at, until)
        inbox.at = read_messages(
            inbox.buffer,
            inbox.at,
            until,
            v5=self.version == V5,
            routes=self._routes,
            room=self._room(unacknowledged),
            messages=batch.messages,
            acks=batch.acks,
        )

    def _land(self, buffer: bytes, at: int, until: int) -> int:
        """Take plain acknowledgements; where they end."""
        land, last = self.session.outbox.land, min(until, len(buffer)) - 4
        while at <= last and buffer[at : at + 2] == PUBACK and (number := buffer[at + 2] << 8 | buffer[at + 3]):
            self._landed |= land(number)
            at += 4
        return at

    def answer(self, packet: Packet, batch: Batch, unacknowledged: int) -> bytes:
        """What is to be said at once to a packet. Raises ProtocolError for what a client may not send."""
        match packet:
            case Publish():
                self._take(packet, batch, unacknowledged)
                return b""
            case Pingreq():
                return self._say(Pingresp())
            case Subscribe():
                return self._say(Suback(packet.packet_id, self._subscribe(packet)))
            case Unsubscribe():
                return self._say(Unsuback(packet.packet_id, self._unsubscribe(packet)))
            case Ack():
                return self._answer_ack(packet)
            case Disconnect():
                self._part(packet)
                return b""
        raise ProtocolError(f"a client may not send {type(packet).__name__.upper()} here")

    def leave_will(self, now: int) -> None:
        """See to it that what the client left to be said is said, once: at once, or when its session has waited for
        the client as long as it wants (MQTT 5, section 3.1.3.2.2).
        """
        will, self.will = self.will, None
        if will is None:
            return
        delay = min(will.properties.get(Property.WILL_DELAY_INTERVAL, 0), self.session.expiry)
        if delay:
            self.session.will = (partial(self._publish_will, will), now + delay * _SECOND)
        else:
            self._publish_will(will, now)

    def _publish_will(self, will: Will, now: int) -> None:
        """The right to say it is asked for again."""
        counts = self._door.counts
        counts.received += 1
        try:
            route = self._door.route(self.admission, will.topic)
            if route is None:
                counts.denied += 1
            else:
                self._door.keep(self.admission, now, [(route, will.topic.encode(), will.payload)], self._will_kept)
        except Exception:
            counts.dropped += 1
            log.exception("a will could not be published")

    def _subscribe(self, packet: Subscribe) -> tuple[Reason, ...]:
        identifier = packet.properties.get(Property.SUBSCRIPTION_IDENTIFIER)
        subscribe = self._audience.subscribe
        self._landed = True  # there may be something to tell at once
        return tuple(subscribe(self.session, self.admission, *each, identifier) for each in packet.filters)

    def _unsubscribe(self, packet: Unsubscribe) -> tuple[Reason, ...]:
        return tuple(self._audience.unsubscribe(self.session, each) for each in packet.filters)

    def _will_kept(self, kept: bool) -> None:  # noqa: FBT001 - the Door's callback is `done(True)`
        self._door.counts.dropped += not kept

    def _room(self, unacknowledged: int) -> int:
        """How many more acknowledgements may be owed; MQTT 3.1.1 has no way to say it, there reading pauses instead."""
        return self._limits.receive_maximum - unacknowledged if self.version == V5 else _UNBOUNDED

    def _take(self, publish: Publish, batch: Batch, unacknowledged: int) -> None:
        self._check(publish)
        topic = self._named(publish)
        if publish.qos and len(batch.acks) >= self._room(unacknowledged):
            raise ProtocolError("more messages in flight than CONNACK allows", Reason.RECEIVE_MAXIMUM_EXCEEDED)
        raw = topic.encode()
        route = self._route(raw, topic)
        if route is None:
            self._deny(publish, batch)
            return
        batch.messages.append((route, raw, publish.payload))
        if publish.qos:
            batch.acks.append(PUBACK + publish.packet_id.to_bytes(2, "big"))

    def _check(self, publish: Publish) -> None:
        if publish.qos == _EXACTLY_ONCE:
            raise ProtocolError("QoS 2 is not spoken here", Reason.QOS_NOT_SUPPORTED)
        if publish.retain and self.version == V5:
            raise ProtocolError("nothing is retained here", Reason.RETAIN_NOT_SUPPORTED)
        if isinstance(publish.properties.get(Property.SUBSCRIPTION_IDENTIFIER), list):
            raise ProtocolError("SUBSCRIPTION_IDENTIFIER stands twice")

    def _named(self, publish: Publish) -> str:
        """The topic, through its alias where it has one (MQTT 5, section 3.3.2.3.4)."""
        alias = publish.properties.get(Property.TOPIC_ALIAS)
        if alias is None:
            return publish.topic
        if alias > self._limits.topic_aliases:
            raise ProtocolError("a topic alias above the maximum of CONNACK", Reason.TOPIC_ALIAS_INVALID)
        if publish.topic:
            self._aliases[alias] = publish.topic
        elif alias not in self._aliases:
            raise ProtocolError("a topic alias that stands for nothing yet")
        return self._aliases[alias]

    def _route(self, raw: bytes, topic: str) -> object | None:
        routes = self._routes
        if raw not in routes:
            if len(routes) >= _ROUTES:
                routes.clear()
            routes[raw] = self._door.route(self.admission, topic)
        return routes[raw]

    def _deny(self, publish: Publish, batch: Batch) -> None:
        batch.denied += 1
        if publish.qos and self.version != V5:
            # MQTT 3.1.1 offers an acknowledgement or the end (MQTT-3.3.5-2), and an acknowledgement would be a lie.
            raise ProtocolError("a message to a topic that the client may not publish to", Reason.NOT_AUTHORIZED)
        if publish.qos:
            batch.acks.append(self._say(Ack(Kind.PUBACK, publish.packet_id, Reason.NOT_AUTHORIZED)))

    def _answer_ack(self, ack: Ack) -> bytes:
        """An acknowledgement of what is not in flight changes nothing; steps of QoS 2 are answered as unknown."""
        if ack.kind is Kind.PUBACK:
            self._landed |= self.session.outbox.land(ack.packet_id)
        answers = {Kind.PUBREC: Kind.PUBREL, Kind.PUBREL: Kind.PUBCOMP}
        if ack.kind not in answers:
            return b""
        return self._say(Ack(answers[ack.kind], ack.packet_id, Reason.PACKET_IDENTIFIER_NOT_FOUND))

    def _part(self, goodbye: Disconnect) -> None:
        wanted = goodbye.properties.get(Property.SESSION_EXPIRY_INTERVAL)
        if wanted and not self.session.expiry:
            raise ProtocolError("a session that was to end with its connection cannot be given more time")
        if wanted is not None:
            self.session.expiry = min(wanted, self._limits.session_seconds)
        if goodbye.reason == Reason.SUCCESS:
            self.will = None

    def _say(self, packet: Packet) -> bytes:
        return serialise(packet, self.version)


def owner_of(admission: Admission) -> Hashable:
    """Whose sessions a client that was let in has."""
    return admission.principal if admission.owner is None else admission.owner
