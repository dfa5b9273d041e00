"""Slowing down who guesses: each account and each address has a few tries, which come back one by one.

The tries of an account run out whether or not it exists, and a right password does not help while they are out: so
neither tells a guesser anything. Pure; the clock is passed in.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from twin.errors import TooMany

__all__ = ["Throttle"]

_KEPT = 100_000
_SECOND = 1_000_000


class Throttle:
    """Tries by name: ``tries`` at once, then one every ``seconds``."""

    def __init__(self, tries: int, seconds: float) -> None:
        self._tries = tries
        self._each = round(seconds * _SECOND)
        self._full_at: OrderedDict[str, int] = OrderedDict()
        """When each will have all its tries again; who has them all is not kept."""
        self._lock = Lock()

    def take(self, name: str, now: int) -> None:
        """Use one try up. `TooMany`, saying when there is another, once there is none."""
        with self._lock:
            full_at = max(self._full_at.get(name, now), now) + self._each
            wait = full_at - now - self._tries * self._each
            if wait > 0:
                seconds = -(-wait // _SECOND)
                raise TooMany(
                    "too many tries",
                    code="login.throttled",
                    help=f"try again in {seconds} seconds",
                    seconds=seconds,
                )
            self._full_at[name] = full_at
            self._full_at.move_to_end(name)
            while len(self._full_at) > _KEPT:
                self._full_at.popitem(last=False)

    def give_back(self, name: str) -> None:
        """All of its tries again: it has shown that it is no guesser."""
        with self._lock:
            self._full_at.pop(name, None)
