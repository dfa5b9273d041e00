"""SUBSCRIBE and UNSUBSCRIBE with their answers."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from twin.mqtt.packets.connecting import V5, reason_of
from twin.mqtt.packets.faults import Malformed, ProtocolError, Reason
from twin.mqtt.packets.properties import Kind, Properties, read_properties, write_properties
from twin.mqtt.packets.publishing import read_packet_id
from twin.mqtt.packets.topics import check_filter, is_shared
from twin.mqtt.packets.wire import Reader, text, two

__all__ = ["Suback", "Subscribe", "Unsuback", "Unsubscribe"]

_T = TypeVar("_T")

_QOS, _NO_LOCAL, _HANDLING, _RESERVED = 0x03, 0x04, 0x30, 0xC0
_EXACTLY_ONCE = 2
_V3_CODES = frozenset({0x00, 0x01, 0x02, 0x80})
_V3_FAILURE = 0x80


class Subscribe(msgspec.Struct, frozen=True, gc=False):
    """What a client wants to hear: (filter, options) pairs; the options are the byte of section 3.8.3.1."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Subscribe:
        """From its body."""
        packet_id = read_packet_id(reader)
        properties = read_properties(reader, Kind.SUBSCRIBE) if version == V5 else {}
        filters = []
        while reader.more():
            filters.append(_read_filter(reader, version))
        return cls(packet_id, tuple(_some(filters)), properties)

    def write(self, version: int) -> bytes:
        """Its body."""
        head = two(self.packet_id) + (write_properties(self.properties) if version == V5 else b"")
        return head + b"".join(text(pattern) + bytes((options,)) for pattern, options in self.filters)


def _read_filter(reader: Reader, version: int) -> tuple[str, int]:
    pattern, options = check_filter(reader.text()), reader.byte()
    if options & _QOS > _EXACTLY_ONCE or options & _RESERVED or options & _HANDLING == _HANDLING:
        raise Malformed("subscription options that do not exist")
    if version != V5 and options > _EXACTLY_ONCE:
        raise Malformed("MQTT 3.1.1 has no subscription options beside the QoS")
    if is_shared(pattern) and options & _NO_LOCAL:
        raise ProtocolError("a shared subscription cannot ask for no-local")
    return pattern, options


class Suback(msgspec.Struct, frozen=True, gc=False):
    """The answer to each filter, in order."""

    packet_id: int
    reasons: tuple[Reason, ...]
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Suback:
        """From its body."""
        packet_id = read_packet_id(reader)
        properties = read_properties(reader, Kind.SUBACK) if version == V5 else {}
        codes = reader.rest()
        if version != V5 and not _V3_CODES.issuperset(codes):
            raise Malformed("return codes that MQTT 3.1.1 does not have")
        return cls(packet_id, tuple(_some([reason_of(code) for code in codes])), properties)

    def write(self, version: int) -> bytes:
        """Its body; MQTT 3.1.1 knows one failure only."""
        if version != V5:
            return two(self.packet_id) + bytes(min(reason, _V3_FAILURE) for reason in self.reasons)
        return two(self.packet_id) + write_properties(self.properties) + bytes(self.reasons)


class Unsubscribe(msgspec.Struct, frozen=True, gc=False):
    """What a client no longer wants to hear."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Unsubscribe:
        """From its body."""
        packet_id = read_packet_id(reader)
        properties = read_properties(reader, Kind.UNSUBSCRIBE) if version == V5 else {}
        filters = []
        while reader.more():
            filters.append(check_filter(reader.text()))
        return cls(packet_id, tuple(_some(filters)), properties)

    def write(self, version: int) -> bytes:
        """Its body."""
        head = two(self.packet_id) + (write_properties(self.properties) if version == V5 else b"")
        return head + b"".join(map(text, self.filters))


class Unsuback(msgspec.Struct, frozen=True, gc=False):
    """The answer to each filter, in order; MQTT 3.1.1 says only that it was heard."""

    packet_id: int
    reasons: tuple[Reason, ...] = ()
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Unsuback:
        """From its body."""
        packet_id = read_packet_id(reader)
        if version != V5:
            reader.end()
            return cls(packet_id)
        properties = read_properties(reader, Kind.UNSUBACK)
        return cls(packet_id, tuple(_some([reason_of(code) for code in reader.rest()])), properties)

    def write(self, version: int) -> bytes:
        """Its body."""
        if version != V5:
            return two(self.packet_id)
        return two(self.packet_id) + write_properties(self.properties) + bytes(self.reasons)


def _some(items: list[_T]) -> list[_T]:
    if not items:
        raise Malformed("nothing is asked for")
    return items
