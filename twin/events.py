"""Events, in the past tense, and the bus that carries them: synchronous, on the loop, bounded per subscriber.

A subscriber that does not keep up is never waited for and never silently short: readings coalesce by point (the newest
stays), and ``coalesced`` counts what was folded; other events that do not fit end the subscription with ``overrun``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Bus", "Subscriber"]

E = TypeVar("E")

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Subscriber(Generic[E]):
    """A bounded mailbox. ``ready`` is called (on the loop) when it goes from empty to not empty, or ends."""

    wants: Callable[[E], bool]
    """Asked for every event, at delivery time: the place of filters and of rights."""
    key: Callable[[E], Hashable | None]
    """Events of an equal key may replace each other; None: never."""
    ready: Callable[[], None]
    bound: int = 1000
    coalesced: int = 0
    overrun: bool = False
    closed: bool = False
    interrupted: str = ""
    """Why nothing more can be told, where that is nobody's fault who listens."""
    _box: dict[Hashable, E] | None = None
    _count: int = 0

    def offer(self, event: E) -> None:
        """Take an event, fold it into an earlier one of its key, or end in overrun."""
        if self.closed or not self.wants(event):
            return
        box = self._box if self._box is not None else {}
        was_empty = not box
        key = self.key(event)
        self._count += 1
        if key is None:
            key = self._count
        elif box.pop(key, None) is not None:
            self.coalesced += 1
        if len(box) >= self.bound:
            self.overrun = True
            self.close()
            return
        box[key] = event
        self._box = box
        if was_empty:
            self.ready()

    def take(self) -> list[E]:
        """Everything waiting, oldest first; the mailbox is empty afterwards."""
        box, self._box = self._box, None
        return list(box.values()) if box else []

    @property
    def waiting(self) -> bool:
        """Whether anything waits."""
        return bool(self._box)

    def close(self) -> None:
        """End it from the bus's side: nothing more is taken, and ``ready`` is called once."""
        if not self.closed:
            self.closed = True
            self.ready()


class Bus(Generic[E]):
    """Hands each event to every subscriber, in the order they came."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscriber[E], None] = {}

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self, subscriber: Subscriber[E]) -> Subscriber[E]:
        """From now on, until `unsubscribe`."""
        self._subscribers[subscriber] = None
        return subscriber

    def unsubscribe(self, subscriber: Subscriber[E]) -> None:
        """Forget it; unknown ones are ignored."""
        self._subscribers.pop(subscriber, None)

    def interrupt(self, why: str) -> None:
        """End all: there is nothing to be told for a while, and who listens is to know it."""
        for subscriber in tuple(self._subscribers):
            if not subscriber.closed:
                subscriber.interrupted = why
                subscriber.close()

    def publish(self, event: E) -> None:
        """Offer an event to all. One that fails on it is ended, and harms no other; one that ended is forgotten."""
        if not self._subscribers:
            return
        for subscriber in tuple(self._subscribers):
            if subscriber.closed:
                self.unsubscribe(subscriber)
                continue
            try:
                subscriber.offer(event)
            except Exception:  # noqa: BLE001 - a subscriber is anyone's code
                _log.exception("subscriber.failed")
                subscriber.close()
