"""A twin kept in memory: for tests, for trying things out, and as the plainest statement of what a store does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from twin.graph.mirror import Mirror
from twin.graph.model import Change, Committed
from twin.graph.readings import recast, recasts_of
from twin.ids import mint
from twin.store import HeadMovedError, Snapshot, Watermark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.graph.model import ChangeSet
    from twin.graph.readings import Reading
    from twin.store import StateBatch

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `GraphStore` that lasts as long as the process. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._graph = Mirror()
        self._graph.timeline = mint()
        self._log: list[Change] = []
        self._known: dict[str, Committed] = {}
        self._states: dict[tuple[str, str], Reading] = {}
        self._watermark = Watermark()
        self._recast_at = 0

    def load(self) -> Snapshot:
        """The graph at its head."""
        with self._lock:
            graph = self._graph
            return Snapshot(
                head=graph.head,
                timeline=graph.timeline,
                documents=tuple(graph.documents.values()),
                entities=list(graph.entities.values()),
                relations=list(graph.relations()),
            )

    def head(self) -> int:
        """The sequence of the newest ChangeSet."""
        return self._graph.head

    def commit(self, group: Sequence[ChangeSet], head: int) -> list[Committed]:
        """Append the ChangeSets not known yet; see `GraphStore.commit`."""
        with self._lock:
            fresh = [changeset for changeset in group if changeset.op_id not in self._known]
            if fresh and head != self._graph.head:
                raise HeadMovedError(self._graph.head)
            for changeset in fresh:
                change = Change(self._graph.head + 1, changeset)
                self._graph.apply(change)
                self._log.append(change)
                self._known[changeset.op_id] = Committed(change.sequence, changeset.op_id)
                self._recast(change)
            for gone in [key for key in self._states if key[0] not in self._graph.entities]:
                del self._states[gone]
            return [self._known[changeset.op_id] for changeset in group]

    def _recast(self, change: Change) -> None:
        entries = recasts_of(change.changeset.entries)
        taken = [(entry, self._states.pop((entry.id, entry.point), None)) for entry in entries]
        for entry, reading in taken:
            if reading is not None:
                self._keep((entry.id, entry.to), recast(reading, entry))
        if entries:
            self._recast_at = change.sequence

    def outcome(self, op_id: str) -> Committed | None:
        """What became of an op_id."""
        return self._known.get(op_id)

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """The log after a sequence."""
        return self._log[since : since + limit]

    def write_states(self, batch: StateBatch) -> None:
        """Keep the greatest order per point of what exists, and the watermark."""
        with self._lock:
            if batch.head is not None and batch.head < self._recast_at:
                raise HeadMovedError(self._graph.head)
            for key, reading in batch.readings.items():
                self._keep(key, reading)
            self._watermark = batch.watermark

    def _keep(self, key: tuple[str, str], reading: Reading) -> None:
        kept = self._states.get(key)
        if key[0] in self._graph.entities and (kept is None or kept.order < reading.order):
            self._states[key] = reading

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """Every point's last reading, and the watermark."""
        with self._lock:
            return dict(self._states), self._watermark

    def close(self) -> None:
        """Nothing to let go of."""
