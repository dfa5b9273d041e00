"""The packets of MQTT 3.1.1 and 5, as values: `frame` finds one in a buffer, `parse` reads it, `serialise` writes it.

Pure: bytes in, values out. What cannot be read raises `Malformed`, what may not be sent `ProtocolError`; both carry the
`Reason` that MQTT 5 has for it, and nothing else is ever raised, whatever the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from twin.mqtt.packets.connecting import V3_REFUSALS, V5, V311, Auth, Connack, Connect, Disconnect, Will
from twin.mqtt.packets.faults import Malformed, ProtocolError, Reason
from twin.mqtt.packets.properties import Kind, Properties, Property
from twin.mqtt.packets.publishing import Ack, Publish
from twin.mqtt.packets.subscribing import Suback, Subscribe, Unsuback, Unsubscribe
from twin.mqtt.packets.wire import LONGEST, Reader, frame, varint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LONGEST",
    "V3_REFUSALS",
    "V5",
    "V311",
    "Ack",
    "Auth",
    "Connack",
    "Connect",
    "Disconnect",
    "Kind",
    "Malformed",
    "Packet",
    "Pingreq",
    "Pingresp",
    "Properties",
    "Property",
    "ProtocolError",
    "Publish",
    "Reason",
    "Suback",
    "Subscribe",
    "Unsuback",
    "Unsubscribe",
    "Will",
    "frame",
    "parse",
    "serialise",
]


class Pingreq(msgspec.Struct, frozen=True, gc=False):
    """Is the server there?"""

    def write(self, version: int) -> bytes:
        """Its body, which is empty."""
        del version
        return b""


class Pingresp(msgspec.Struct, frozen=True, gc=False):
    """It is."""

    def write(self, version: int) -> bytes:
        """Its body, which is empty."""
        del version
        return b""


Packet: TypeAlias = (
    Connect
    | Connack
    | Publish
    | Ack
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)

_ACKS = frozenset({Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP})
_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}
"""The reserved low half of the first byte, where it is not 0 (section 2.1.3)."""

_READ: dict[Kind, Callable[[Reader, int], Packet]] = {
    Kind.CONNECT: lambda reader, _: Connect.read(reader),
    Kind.CONNACK: Connack.read,
    Kind.SUBSCRIBE: Subscribe.read,
    Kind.SUBACK: Suback.read,
    Kind.UNSUBSCRIBE: Unsubscribe.read,
    Kind.UNSUBACK: Unsuback.read,
    Kind.PINGREQ: lambda reader, _: _empty(reader, Pingreq()),
    Kind.PINGRESP: lambda reader, _: _empty(reader, Pingresp()),
    Kind.DISCONNECT: Disconnect.read,
    Kind.AUTH: Auth.read,
}

_KINDS: dict[type, Kind] = {
    Connect: Kind.CONNECT,
    Connack: Kind.CONNACK,
    Subscribe: Kind.SUBSCRIBE,
    Suback: Kind.SUBACK,
    Unsubscribe: Kind.UNSUBSCRIBE,
    Unsuback: Kind.UNSUBACK,
    Pingreq: Kind.PINGREQ,
    Pingresp: Kind.PINGRESP,
    Disconnect: Kind.DISCONNECT,
    Auth: Kind.AUTH,
}


def parse(first: int, body: bytes, version: int) -> Packet:
    """The packet of this first byte and body, as the version (4 or 5) has it; CONNECT says its own.

    Raises Malformed and ProtocolError, and nothing else.
    """
    kind, flags = Kind(first >> 4), first & 0x0F
    reader = Reader(body)
    if kind is Kind.PUBLISH:
        return Publish.read(flags, reader, version)
    if kind is Kind.WILL:
        raise Malformed("a packet of type 0")
    if flags != _FLAGS.get(kind, 0):
        raise Malformed(f"reserved flags of {kind.name} are not as they must be")
    if kind in _ACKS:
        return Ack.read(kind, reader, version)
    return _READ[kind](reader, version)


def serialise(packet: Packet, version: int = V5) -> bytes:
    """The whole packet. Raises ValueError for what does not fit its field."""
    body = packet.write(version)
    return bytes((_first(packet),)) + varint(len(body)) + body


def _first(packet: Packet) -> int:
    if isinstance(packet, Publish):
        return Kind.PUBLISH << 4 | packet.flags
    kind = packet.kind if isinstance(packet, Ack) else _KINDS[type(packet)]
    return kind << 4 | _FLAGS.get(kind, 0)


def _empty(reader: Reader, packet: Packet) -> Packet:
    reader.end()
    return packet
