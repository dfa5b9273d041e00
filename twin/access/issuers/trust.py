"""The keys of one external issuer as they were last fetched: how long they count, and when to ask for them again.

Keys are asked for every ten minutes, and at once where a token names one that is not known: a few times in a row, then
now and then, so that a flood of made-up names costs next to nothing. While the issuer cannot be reached its last keys
count on, as long as the operator allows. Pure; the clock is passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.access.throttle import Throttle
from twin.errors import TooMany

if TYPE_CHECKING:
    from twin.access.issuers.configured import Issuer
    from twin.access.issuers.signatures import Keys, PublicKey

__all__ = ["REFRESH_SECONDS", "Trust"]

REFRESH_SECONDS = 600
"""How often keys are asked for whatever happens: so long a key counts that its issuer has taken back."""
_ASKS, _EACH_SECONDS = 3, 30
_SECOND = 1_000_000


class Trust:
    """Begins without keys; whoever fetches them tells it what came of it."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.keys: Keys = {}
        """The same object for as long as the keys are the same."""
        self.ids: frozenset[str] = frozenset()
        """Of the keys."""
        self.fetched = 0
        """When they were last fetched; 0: never."""
        self.until = 0
        """Until when they count, if nothing more is heard of the issuer."""
        self.failing = ""
        """Why they could not be fetched the last time; empty: they could."""
        self.asking = False
        """Whether they are being fetched."""
        self._tried = 0
        self._asks = Throttle(_ASKS, _EACH_SECONDS)

    def key(self, key_id: str, algorithm: str, now: int) -> PublicKey | None:
        """A key, while it counts."""
        return self.keys.get((key_id, algorithm)) if now < self.until else None

    def may_ask(self, now: int) -> bool:
        """Whether to ask for the keys, out of turn, since one is not known; that uses a try up."""
        if now - self._tried < _SECOND:
            return False
        try:
            self._asks.take("", now)
        except TooMany:
            return False
        return True

    def took(self, keys: Keys, now: int) -> bool:
        """The keys have been fetched. Whether they are others than before."""
        self._tried = self.fetched = now
        self.until = now + round((2 * REFRESH_SECONDS + self.issuer.stale_hours * 3600) * _SECOND)
        self.failing = ""
        changed = keys != self.keys
        if changed:
            self.keys = keys
            self.ids = frozenset(key_id for key_id, _ in keys)
        return changed

    def failed(self, why: str, now: int) -> bool:
        """They could not be fetched. Whether that is news."""
        self._tried = now
        news, self.failing = not self.failing, why
        return news
