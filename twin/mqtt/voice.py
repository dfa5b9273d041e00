"""What one client is told: the messages of its session as packets, as fast as it takes them.

Whether it may hear a message is asked right before the message is written, however long it has waited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.mqtt.packets import V5, Property
from twin.mqtt.parcels import Parcel, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.mqtt.door import Admission, Door, Message
    from twin.mqtt.packets import Connect
    from twin.mqtt.sessions import Session

__all__ = ["Voice"]

_BATCH = 65_536
"""Bytes that are written together, about."""
_STEPS = 200
"""Messages that are looked at in one go."""
_MAXIMUM = 0xFFFF
"""Of messages in flight to a client that names none (MQTT 5, section 3.1.2.11.3)."""
_DUP = 0x08
_ALIAS_BYTES = 8
"""More than what an alias adds to a packet."""


class Voice:
    """Speaks to one client, for as long as its connection lasts."""

    __slots__ = ("_admission", "_alias_maximum", "_aliases", "_door", "_largest", "_session", "_v5", "_window")

    def __init__(self, door: Door, admission: Admission, session: Session, connect: Connect, window: int) -> None:
        """At most ``window`` messages are in flight, or as few as the client wants."""
        properties = connect.properties
        self._door = door
        self._admission = admission
        self._session = session
        self._v5 = connect.version == V5
        self._window = min(properties.get(Property.RECEIVE_MAXIMUM, _MAXIMUM), window)
        self._largest: int | None = properties.get(Property.MAXIMUM_PACKET_SIZE)
        self._alias_maximum: int = properties.get(Property.TOPIC_ALIAS_MAXIMUM, 0)
        self._aliases: dict[str, int] = {}

    def speak(self, now: int) -> tuple[bytes, bool]:
        """What is to be written now, and whether there is more at once. ``now`` is in microseconds since 1970 UTC."""
        session, outbox, packets, size = self._session, self._session.outbox, list[bytes](), 0
        for _ in range(_STEPS):
            found = outbox.peek(self._window)
            if found is not None:
                packet = self._packet(*found, now)
                packets.append(packet)
                size += len(packet)
                if size >= _BATCH:
                    break
            elif not (session.recalls and outbox.idle(self._window)):
                return b"".join(packets), False
            elif self._recall():
                break
        return b"".join(packets), True

    def _packet(self, delivery: tuple[Parcel, Terms], again: int, now: int) -> bytes:
        """The packet of what is next, which is on its way then; empty if the client is not to have it."""
        outbox, told, (parcel, terms) = self._session.outbox, self._session.told, delivery
        message = parcel.message
        if not self._door.hears(self._admission, message.about):
            told.withheld += 1
        elif message.expires is not None and message.expires <= now:
            told.expired += 1
        else:
            head, rest = self._frame(parcel, terms, now)
            if self._largest is None or len(head) + len(rest) + 2 * terms.qos <= self._largest:
                number = outbox.launch()
                if again:
                    head = bytes((head[0] | _DUP,)) + head[1:]
                return head + number.to_bytes(2, "big") + rest if number else head + rest
            told.oversized += 1
        outbox.skip()
        return b""

    def _frame(self, parcel: Parcel, terms: Terms, now: int) -> tuple[bytes, bytes]:
        """The packet's two ends, with the topic's alias where the client takes one more, or has it already."""
        topic, aliases = parcel.message.topic, self._aliases
        if alias := aliases.get(topic, 0):
            return parcel.write(terms, now, v5=True, alias=alias, named=False)
        if len(aliases) >= self._alias_maximum:
            return parcel.frame(terms, now, v5=self._v5)
        head, rest = parcel.frame(terms, now, v5=self._v5)
        if self._largest is not None and len(head) + len(rest) + _ALIAS_BYTES > self._largest:
            return head, rest
        aliases[topic] = alias = len(aliases) + 1
        return parcel.write(terms, now, v5=True, alias=alias)

    def _recall(self) -> bool:
        """Put the next of what new subscriptions are told at once into the outbox, if there is one more. Whether a
        filter was begun with: that may have taken a while, so it is others' turn.

        Only when nothing else waits: so it is never older than what is told before it.
        """
        session = self._session
        topic_filter, known = next(iter(session.recalls.items()))
        source = self._recalled(topic_filter) if known is None else known
        message = next(source, None)
        if message is None:
            del session.recalls[topic_filter]
        else:
            session.recalls[topic_filter] = source
            session.outbox.put((Parcel(message), session.wishes[topic_filter].retained))
        return known is None

    def _recalled(self, topic_filter: str) -> Iterator[Message]:
        """What a filter's new subscription is told at once; nothing, when its right is gone by now."""
        may = self._door.may_hear(self._admission, topic_filter)
        return iter(self._door.retained(self._admission, topic_filter) if may else ())
