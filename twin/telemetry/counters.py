"""The counters of invariant 4, and how they survive a restart.

    messages:  received = journaled + denied + dropped       journaled = decoded + undecodable + pending
    readings:  readings = applied + late + duplicate + quarantined + dead

``dropped`` is what was not kept by our fault and never acknowledged; ``missing`` is what was acknowledged once, and is
in no journal and no store any more, because an older one of the two was put back. The counters are stored with the
watermark as they stood there; the messages the journal holds beyond it are counted again as they are worked through
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.readings import Fate
    from twin.mqtt.door import Counts

__all__ = ["Counters"]

_FATES: tuple[Fate, ...] = ("applied", "late", "duplicate", "quarantined", "dead")


class Counters:
    """Counts of messages and readings: what was stored, and what came since. ``counts`` are the endpoint's."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._before: Mapping[str, int] = {}
        self.replayed = 0
        """Messages read from the journal again since the start."""
        self.added = 0
        """Messages that the journal has kept since the start."""
        self.decoded = 0
        self.undecodable = 0
        self.missing = 0
        self.fates: dict[str, int] = dict.fromkeys(_FATES, 0)

    def resume(self, stored: Mapping[str, int], missing: int = 0) -> None:
        """Go on from what a watermark says; ``missing`` is what is missing since."""
        self._before = stored
        self.missing = stored.get("missing", 0) + missing
        self.decoded = stored.get("decoded", 0)
        self.undecodable = stored.get("undecodable", 0)
        self.fates.update({fate: stored.get(fate, 0) for fate in _FATES})

    def now(self) -> dict[str, int]:
        """Everything as it stands, for people and their dashboards."""
        journaled = self._total("journaled", self.replayed + self.added)
        return {
            "received": self._total("received", self.replayed + self._counts.received),
            "journaled": journaled,
            "denied": self._total("denied", self._counts.denied),
            "dropped": self._total("dropped", self._counts.dropped),
            "decoded": self.decoded,
            "undecodable": self.undecodable,
            "pending": journaled - self.decoded - self.undecodable,
            "missing": self.missing,
            "readings": sum(self.fates.values()),
            **self.fates,
        }

    def settled(self) -> dict[str, int]:
        """The same, as if nothing had come after the last message that was worked through."""
        now = self.now()
        journaled = now["decoded"] + now["undecodable"]
        received = journaled + now["denied"] + now["dropped"]
        return {**now, "journaled": journaled, "received": received, "pending": 0}

    def _total(self, name: str, since: int) -> int:
        return self._before.get(name, 0) + since
