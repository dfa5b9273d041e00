"""A message on its way to subscribers, and the packet it makes: once for all who are told it in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from twin.mqtt.packets import Kind, Property
from twin.mqtt.packets.properties import write_properties
from twin.mqtt.packets.wire import text, varint

if TYPE_CHECKING:
    from twin.mqtt.door import Message

__all__ = ["Delivery", "Parcel", "Terms"]

_OVERHEAD = 400
"""Bytes that a waiting message takes beside its topic and its payload, about."""
_SECOND = 1_000_000


class Terms(NamedTuple):
    """How a session is told a message."""

    qos: int
    retain: bool
    identifiers: tuple[int, ...]
    """Of the subscriptions it comes by."""


class Parcel:
    """One message, shared by everyone it is for."""

    __slots__ = ("_frames", "message", "size")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.size = len(message.topic) + len(message.payload) + _OVERHEAD
        """What it costs a session to hold it, in bytes."""
        self._frames: dict[tuple[bool, Terms], tuple[bytes, bytes]] = {}

    def frame(self, terms: Terms, now: int, *, v5: bool) -> tuple[bytes, bytes]:
        """The packet up to where a packet identifier stands, and from there on."""
        if self.message.expires is not None:
            return self.write(terms, now, v5=v5)
        frame = self._frames.get((v5, terms))
        if frame is None:
            frame = self._frames[v5, terms] = self.write(terms, now, v5=v5)
        return frame

    def write(self, terms: Terms, now: int, *, v5: bool, alias: int = 0, named: bool = True) -> tuple[bytes, bytes]:
        """The same, written anew; with an ``alias`` of its topic, beside it or, not ``named``, in its place."""
        message = self.message
        topic = text(message.topic if named else "")
        rest = (self._properties(terms, now, alias) if v5 else b"") + message.payload
        length = len(topic) + 2 * terms.qos + len(rest)
        first = Kind.PUBLISH << 4 | terms.qos << 1 | terms.retain
        return b"".join((bytes((first,)), varint(length), topic)), rest

    def _properties(self, terms: Terms, now: int, alias: int) -> bytes:
        expires, properties = self.message.expires, dict[Property, Any]()
        if expires is not None:
            properties[Property.MESSAGE_EXPIRY_INTERVAL] = min(max(-(-(expires - now) // _SECOND), 1), 0xFFFF_FFFF)
        if terms.identifiers:
            properties[Property.SUBSCRIPTION_IDENTIFIER] = list(terms.identifiers)
        if alias:
            properties[Property.TOPIC_ALIAS] = alias
        return write_properties(properties)


Delivery: TypeAlias = tuple[Parcel, Terms]
"""A parcel for one session."""
