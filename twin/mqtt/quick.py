"""The hot path: plain messages to known topics, read straight from the buffer.

One loop without a call per message, for a call costs as much as all the rest. Whatever is unusual (another packet, a
topic not seen yet, properties, a fault, a packet that is not all there) it leaves where it is, for the careful way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PUBACK", "read_messages"]

PUBACK = b"\x40\x02"
"""The first two bytes of an acknowledgement; the packet identifier follows."""

_ID_LENGTHS = {0x30: 0, 0x32: 2, 0x3A: 2}
"""QoS 0, QoS 1, QoS 1 again; none of them retained: by first byte, the length of the packet identifier."""
_NO_ID = b"\0\0"
_LAST = 0x80
"""A byte of the remaining length below this is its last one."""


def read_messages(  # noqa: PLR0913 - the hot path takes what it needs as locals
    buffer: bytes,
    at: int,
    until: int,
    *,
    v5: bool,
    routes: Mapping[bytes, object | None],
    room: int,
    messages: list[tuple[object, bytes, bytes]],
    acks: list[bytes],
) -> int:
    """Append the messages from ``at`` on, and acknowledgements up to ``room``, to ``until`` or what is unusual.

    Returns where it stopped: at a packet's first byte, or at the end.
    """
    id_length_of, route_of, end = _ID_LENGTHS.get, routes.get, len(buffer)
    while at < until and end - at > 4:  # noqa: PLR2004 - the shortest message
        id_length = id_length_of(buffer[at])
        length, start = buffer[at + 1], at + 2
        if length >= _LAST:
            high = buffer[start]
            if not 0 < high < _LAST:
                return at
            length += (high - 1) << 7
            start += 1
        stop = start + length
        if id_length is None or stop > end or length < 2:  # noqa: PLR2004 - the length of the topic
            return at
        topic_at = start + 2
        topic_end = topic_at + (buffer[start] << 8 | buffer[start + 1])
        body = topic_end + id_length + v5
        if body > stop or (v5 and buffer[body - 1]):
            return at
        topic = buffer[topic_at:topic_end]
        route = route_of(topic)
        if route is None:
            return at
        if id_length:
            packet_id = buffer[topic_end : topic_end + 2]
            if packet_id == _NO_ID or len(acks) >= room:
                return at
            acks.append(PUBACK + packet_id)
        messages.append((route, topic, buffer[body:stop]))
        at = stop
    return at
