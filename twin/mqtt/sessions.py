"""What a client that was let in may say, and what it is answered.

A session belongs to an owner and a client identifier, and ends with its connection: it holds nothing to outlive it.
"""

from __future__ import annotations

import logging
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
from twin.mqtt.packets.topics import is_shared
from twin.mqtt.quick import PUBACK, read_messages

if TYPE_CHECKING:
    from collections.abc import Hashable

    from twin.mqtt.acknowledgements import Batch
    from twin.mqtt.audience import Audience
    from twin.mqtt.connection import Connection
    from twin.mqtt.door import Admission, Door
    from twin.mqtt.greeting import Limits
    from twin.mqtt.inbox import Inbox
    from twin.mqtt.packets import Connect

__all__ = ["Session"]

log = logging.getLogger(__name__)

_ROUTES = 10_000
"""Topics remembered per session."""
_UNBOUNDED = 1 << 62
_EXACTLY_ONCE = 2
_GRACE = 1.5
"""Of the keep-alive interval (MQTT 5, section 3.1.2.10)."""


class Session:
    """One admitted client, for as long as its connection lasts."""

    __slots__ = (
        "_aliases",
        "_audience",
        "_door",
        "_expiring",
        "_limits",
        "_routes",
        "admission",
        "client_id",
        "connection",
        "filters",
        "key",
        "patience",
        "version",
        "will",
    )

    def __init__(
        self,
        door: Door,
        audience: Audience,
        admission: Admission,
        connect: Connect,
        client_id: str,
        limits: Limits,
    ) -> None:
        owner = admission.principal if admission.owner is None else admission.owner
        self.admission = admission
        self.version = connect.version
        self.client_id = client_id
        self.key: Hashable = (owner, client_id)
        self.will = connect.will
        self.patience = connect.keep_alive * _GRACE
        """Seconds of silence after which the client is taken to be gone; 0: never."""
        self.connection: Connection | None = None
        self.filters: set[str] = set()
        self._audience = audience
        self._door = door
        self._limits = limits
        self._expiring = bool(connect.properties.get(Property.SESSION_EXPIRY_INTERVAL))
        self._routes: dict[bytes, object | None] = {}
        self._aliases: dict[int, str] = {}

    def expired(self, now: int) -> bool:
        """Whether the client's admission is over."""
        expires = self.admission.expires
        return expires is not None and now >= expires

    def forget_routes(self) -> None:
        """Ask the door again where each topic leads."""
        self._routes.clear()

    def skim(self, inbox: Inbox, until: int, batch: Batch, unacknowledged: int) -> None:
        """Take the plain messages from the inbox, as far as they go."""
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

    def answer(self, packet: Packet, batch: Batch, unacknowledged: int) -> bytes:
        """What is to be said at once to a packet. Raises ProtocolError for what a client may not send."""
        match packet:
            case Publish():
                self._take(packet, batch, unacknowledged)
                return b""
            case Pingreq():
                return self._say(Pingresp())
            case Subscribe():
                return self._say(Suback(packet.packet_id, tuple(self._subscribe(name) for name, _ in packet.filters)))
            case Unsubscribe():
                return self._say(Unsuback(packet.packet_id, tuple(map(self._unsubscribe, packet.filters))))
            case Ack():
                return self._answer_ack(packet)
            case Disconnect():
                self._part(packet)
                return b""
        raise ProtocolError(f"a client may not send {type(packet).__name__.upper()} here")

    def publish_will(self, now: int) -> None:
        """Publish what the client left to be said, once; its right to say it is asked for again."""
        will, self.will = self.will, None
        if will is None:
            return
        counts = self._door.counts
        counts.received += 1
        route = self._door.route(self.admission, will.topic)
        if route is None:
            counts.denied += 1
        else:
            self._door.keep(self.admission, now, [(route, will.topic.encode(), will.payload)], self._will_kept)

    def _subscribe(self, topic_filter: str) -> Reason:
        if is_shared(topic_filter):
            return Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        if self.connection is None or not self._door.may_hear(self.admission, topic_filter):
            return Reason.NOT_AUTHORIZED
        self._audience.subscribe(self.connection, topic_filter)
        self.filters.add(topic_filter)
        return Reason.SUCCESS

    def _unsubscribe(self, topic_filter: str) -> Reason:
        if self.connection is None or topic_filter not in self.filters:
            return Reason.NO_SUBSCRIPTION_EXISTED
        self.filters.remove(topic_filter)
        self._audience.unsubscribe(self.connection, topic_filter)
        return Reason.SUCCESS

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
        """Nothing was sent to this client that it could acknowledge; later steps of QoS 2 are answered as unknown."""
        answers = {Kind.PUBREC: Kind.PUBREL, Kind.PUBREL: Kind.PUBCOMP}
        if ack.kind not in answers:
            return b""
        return self._say(Ack(answers[ack.kind], ack.packet_id, Reason.PACKET_IDENTIFIER_NOT_FOUND))

    def _part(self, goodbye: Disconnect) -> None:
        if goodbye.properties.get(Property.SESSION_EXPIRY_INTERVAL) and not self._expiring:
            raise ProtocolError("a session that was to end with its connection cannot be given more time")
        if goodbye.reason == Reason.SUCCESS:
            self.will = None

    def _say(self, packet: Packet) -> bytes:
        return serialise(packet, self.version)
