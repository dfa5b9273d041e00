"""What one session is still to be told: messages that wait, and those in flight until they are acknowledged.

Pure. Order is kept: what was in flight when a connection was lost is sent again, under its own identifier, before
anything new. Every message that enters leaves in exactly one way, which `Told` counts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.mqtt.parcels import Delivery

__all__ = ["Outbox", "Told"]

_IDS = 0xFFFF


@dataclass(slots=True)
class Told:
    """Messages to subscribers since the start, each counted once for every session it is for.

    told = delivered + withheld + overflowed + expired + oversized + abandoned + waiting
    """

    told: int = 0
    delivered: int = 0
    """Acknowledged with QoS 1, written with QoS 0."""
    withheld: int = 0
    """Not written, for the client may not hear it (any more)."""
    overflowed: int = 0
    """Dropped, the oldest first, when more waited than may."""
    expired: int = 0
    oversized: int = 0
    """Not written, for the client does not take packets of that size."""
    abandoned: int = 0
    """Gone with their session."""
    waiting: int = 0
    resent: int = 0
    """Packets sent once more after a connection was lost."""
    size: int = 0
    """Bytes of what waits."""


class Outbox:
    """Messages that wait, oldest first. ``told`` is shared by everyone's."""

    __slots__ = ("_flight", "_id", "_stranded", "_told", "_waiting", "size")

    def __init__(self, told: Told) -> None:
        self.size = 0
        self._told = told
        self._waiting: deque[Delivery] = deque()
        self._flight: dict[int, Delivery] = {}
        self._stranded: deque[int] = deque()
        self._id = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._flight)

    @property
    def waiting(self) -> int:
        """How many were not sent yet."""
        return len(self._waiting)

    def put(self, delivery: Delivery) -> None:
        """One more, after all others."""
        self._waiting.append(delivery)
        size, told = delivery[0].size, self._told
        self.size += size
        told.size += size
        told.told += 1
        told.waiting += 1

    def idle(self, window: int) -> bool:
        """Whether all that waited was sent, and with less than ``window`` in flight."""
        return not self._waiting and not self._stranded and len(self._flight) < window

    def peek(self, window: int) -> tuple[Delivery, int] | None:
        """What is to be sent next, with its identifier if it was sent before, else 0; None while nothing may be.

        At most ``window`` messages are in flight.
        """
        if self._stranded:
            if len(self._flight) - len(self._stranded) >= window:
                return None
            number = self._stranded[0]
            return self._flight[number], number
        if not self._waiting:
            return None
        delivery = self._waiting[0]
        return None if delivery[1].qos and len(self._flight) >= min(window, _IDS) else (delivery, 0)

    def launch(self) -> int:
        """What `peek` showed is sent: its identifier, 0 for QoS 0."""
        if self._stranded:
            self._told.resent += 1
            return self._stranded.popleft()
        delivery = self._waiting.popleft()
        if not delivery[1].qos:
            self._told.delivered += 1
            self._release(delivery)
            return 0
        number = self._next_id()
        self._flight[number] = delivery
        return number

    def skip(self) -> None:
        """What `peek` showed is not sent; whoever says so counts why."""
        self._release(self._flight.pop(self._stranded.popleft()) if self._stranded else self._waiting.popleft())

    def land(self, number: int) -> bool:
        """A message is acknowledged. False: none of that identifier is in flight."""
        if number not in self._flight or number in self._stranded:
            return False
        self._told.delivered += 1
        self._release(self._flight.pop(number))
        return True

    def strand(self) -> None:
        """The connection is lost: what is in flight has to be sent again."""
        self._stranded = deque(self._flight)

    def drop(self) -> bool:
        """Lose the oldest that is not on its way; False: everything is."""
        if not (self._stranded or self._waiting):
            return False
        self.skip()
        self._told.overflowed += 1
        return True

    def clear(self) -> None:
        """Lose everything, for the session is over."""
        self._told.abandoned += len(self)
        for delivery in (*self._flight.values(), *self._waiting):
            self._release(delivery)
        self._waiting.clear()
        self._flight.clear()
        self._stranded.clear()

    def _release(self, delivery: Delivery) -> None:
        size, told = delivery[0].size, self._told
        self.size -= size
        told.size -= size
        told.waiting -= 1

    def _next_id(self) -> int:
        number = self._id
        while True:
            number = number % _IDS + 1
            if number not in self._flight:
                self._id = number
                return number
