"""The answers to messages, held back until the messages are durable, and sent in the order of the messages.

A batch is what one pass over a peer's bytes accepted. MQTT wants acknowledgements in the order of the messages
(MQTT-4.6.0-2), so a batch that is durable waits for the batches before it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Acknowledgements", "Batch"]


class Batch:
    """The messages of one pass, and what will be said about them."""

    __slots__ = ("_settled", "acks", "denied", "kept", "messages", "size", "unacknowledged")

    def __init__(self, settled: Callable[[Batch], None]) -> None:
        self.messages: list[tuple[object, bytes, bytes]] = []
        self.acks: list[bytes] = []
        self.unacknowledged = 0
        self.denied = 0
        self.size = 0
        self.kept: bool | None = None
        self._settled = settled

    def settle(self, kept: bool) -> None:  # noqa: FBT001 - the Door's callback is `done(True)`
        """Say what became of it, once."""
        if self.kept is None:
            self.kept = kept
            self._settled(self)


class Acknowledgements:
    """The batches of a connection that wait, oldest first."""

    __slots__ = ("_waiting", "size", "unacknowledged")

    def __init__(self) -> None:
        self._waiting: deque[Batch] = deque()
        self.size = 0
        """Bytes of messages that are not durable yet."""
        self.unacknowledged = 0
        """QoS 1 messages whose acknowledgement was not sent yet."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, batch: Batch) -> None:
        """A batch that will be settled."""
        self._waiting.append(batch)
        self.size += batch.size
        self.unacknowledged += batch.unacknowledged

    def take(self) -> bytes:
        """What may be sent now: the acknowledgements of all that is durable, up to the first batch that is not."""
        waiting, acks = self._waiting, list[bytes]()
        while waiting and waiting[0].kept:
            batch = waiting.popleft()
            acks += batch.acks
            self.size -= batch.size
            self.unacknowledged -= batch.unacknowledged
        return b"".join(acks)
