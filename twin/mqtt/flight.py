"""Messages of a publisher from their first sending to their acknowledgement, across connections.

Pure. What was not acknowledged when a connection was lost is sent again on the next one, in order and marked as such.
"""

from __future__ import annotations

from collections import deque

from twin.errors import InvalidValue
from twin.mqtt.packets.topics import check_name
from twin.mqtt.packets.wire import text, varint

__all__ = ["Flight"]

_IDS = 0xFFFF
_FIRST, _AGAIN = b"\x32", b"\x3a"
_NO_PROPERTIES = b"\0"
_TOPICS = 10_000
"""Encoded topics remembered."""


class Flight:
    """Unacknowledged QoS 1 messages of MQTT 5, in the order of their first sending."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._limit = 0
        self._largest: int | None = None
        self._id = 0
        self._pending: dict[int, bytes] = {}
        self._stranded: deque[int] = deque()
        self._topics: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def room(self) -> bool:
        """Whether another message may be sent now."""
        return not self._stranded and len(self._pending) < self._limit

    def launch(self, topic: str, payload: bytes) -> bytes:
        """The packet of a new message, which from now on waits for its acknowledgement.

        Raises Malformed for a topic that cannot be published to, InvalidValue for more than the server takes at once.
        """
        head = self._topics.get(topic) or self._encode(topic)
        number = self._next_id()
        body = b"".join((head, number.to_bytes(2, "big"), _NO_PROPERTIES, payload))
        packet = varint(len(body)) + body
        if self._largest is not None and len(packet) >= self._largest:
            raise InvalidValue(
                f"a message of {len(payload)} bytes is more than the server takes",
                code="message.too_large",
                help=f"send at most {self._largest} bytes at once, topic included",
            )
        self._pending[number] = packet
        return _FIRST + packet

    def land(self, number: int) -> bool:
        """A message is acknowledged. False: there is none of that identifier."""
        return self._pending.pop(number, None) is not None

    def strand(self) -> None:
        """The connection is lost, and with it whatever was on its way."""
        self._limit = 0
        self._stranded = deque(self._pending)

    def resume(self, receive_maximum: int, largest: int | None) -> None:
        """There is a new connection, whose server takes so many messages at once, and packets of so many bytes."""
        self._limit = min(self._window, receive_maximum)
        self._largest = largest

    def relaunch(self) -> list[bytes]:
        """What is to be sent again and may be now."""
        stranded, packets = self._stranded, list[bytes]()
        while stranded and len(self._pending) - len(stranded) < self._limit:
            packets.append(_AGAIN + self._pending[stranded.popleft()])
        return packets

    def _encode(self, topic: str) -> bytes:
        if len(self._topics) >= _TOPICS:
            self._topics.clear()
        head = self._topics[topic] = text(check_name(topic))
        return head

    def _next_id(self) -> int:
        number = self._id
        while True:
            number = number % _IDS + 1
            if number not in self._pending:
                self._id = number
                return number
