"""PUBLISH and the four packets that answer it."""

from __future__ import annotations

import msgspec

from twin.mqtt.packets.connecting import V5, reason_of
from twin.mqtt.packets.faults import Malformed, ProtocolError, Reason
from twin.mqtt.packets.properties import Kind, Properties, Property, read_properties, write_properties
from twin.mqtt.packets.topics import check_name
from twin.mqtt.packets.wire import Reader, text, two

__all__ = ["Ack", "Publish"]

_RETAIN, _QOS, _DUP = 0x01, 0x06, 0x08
_EXACTLY_ONCE = 2


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message. ``packet_id`` is 0 with QoS 0; ``topic`` is empty where an alias stands for it."""

    topic: str
    payload: bytes
    qos: int = 0
    packet_id: int = 0
    retain: bool = False
    dup: bool = False
    properties: Properties = {}

    @classmethod
    def read(cls, flags: int, reader: Reader, version: int) -> Publish:
        """From the low half of its first byte and its body."""
        qos = (flags & _QOS) >> 1
        if qos > _EXACTLY_ONCE:
            raise Malformed("QoS 3")
        if flags & _DUP and not qos:
            raise Malformed("a QoS 0 message that says it is sent again")
        topic = reader.text()
        packet_id = read_packet_id(reader) if qos else 0
        properties = read_properties(reader, Kind.PUBLISH) if version == V5 else {}
        if topic or Property.TOPIC_ALIAS not in properties:
            check_name(topic)
        return cls(topic, reader.rest(), qos, packet_id, bool(flags & _RETAIN), bool(flags & _DUP), properties)

    @property
    def flags(self) -> int:
        """The low half of its first byte."""
        return self.qos << 1 | _RETAIN * self.retain | _DUP * self.dup

    def write(self, version: int) -> bytes:
        """Its body."""
        head = text(self.topic) + (two(self.packet_id) if self.qos else b"")
        return head + (write_properties(self.properties) if version == V5 else b"") + self.payload


class Ack(msgspec.Struct, frozen=True, gc=False):
    """PUBACK, PUBREC, PUBREL or PUBCOMP: all of one shape."""

    kind: Kind
    packet_id: int
    reason: Reason = Reason.SUCCESS
    properties: Properties = {}

    @classmethod
    def read(cls, kind: Kind, reader: Reader, version: int) -> Ack:
        """From its body."""
        packet_id = read_packet_id(reader)
        if version != V5:
            reader.end()
            return cls(kind, packet_id)
        reason = reason_of(reader.byte()) if reader.more() else Reason.SUCCESS
        properties = read_properties(reader, kind) if reader.more() else {}
        reader.end()
        return cls(kind, packet_id, reason, properties)

    def write(self, version: int) -> bytes:
        """Its body, as short as it can be (section 3.4.2.1)."""
        head = two(self.packet_id)
        if version != V5 or not (self.reason or self.properties):
            return head
        head += bytes((self.reason,))
        return head + write_properties(self.properties) if self.properties else head


def read_packet_id(reader: Reader) -> int:
    """A packet identifier, which is never 0 (section 2.2.1)."""
    if not (packet_id := reader.two()):
        raise ProtocolError("a packet identifier of 0")
    return packet_id
