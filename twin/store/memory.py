"""A twin kept in memory: for tests, for trying things out, and as the plainest statement of what a store does."""

from __future__ import annotations

import threading
from bisect import bisect_left
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from twin.graph.mirror import Mirror
from twin.graph.model import Change, Committed
from twin.graph.readings import recast, recasts_of
from twin.ids import mint
from twin.store import Dump, HeadMovedError, LogTrimmed, SiteSum, Snapshot, Sums, Trimmed, Watermark
from twin.store.about import about, change_about
from twin.store.moving import occupied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from twin.graph.model import ChangeSet
    from twin.graph.readings import Reading
    from twin.store import StateBatch

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `GraphStore` that lasts as long as the process. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._graph = Mirror()
        self._graph.timeline = mint()
        self._log: list[Change] = []
        self._known: dict[str, Committed] = {}
        self._states: dict[tuple[str, str], Reading] = {}
        self._watermark = Watermark()
        self._recast_at = 0
        self._about: dict[str, list[int]] = {}
        self._base = Mirror()
        self._trimmed = Trimmed()

    def load(self, progress: Callable[[int, int], None] | None = None) -> Snapshot:
        """The graph at its head."""
        with self._lock:
            graph = self._graph
            if progress is not None:
                progress(len(graph), len(graph))
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
                self._index(change)
                self._known[changeset.op_id] = Committed(change.sequence, changeset.op_id)
                self._recast(change)
            for gone in [key for key in self._states if key[0] not in self._graph.entities]:
                del self._states[gone]
            return [self._known[changeset.op_id] for changeset in group]

    def _index(self, change: Change) -> None:
        for each in about(change.changeset):
            self._about.setdefault(each, []).append(change.sequence)

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
        with self._lock:
            if since < self._trimmed.sequence:
                raise LogTrimmed(since, self._trimmed)
            start = since - self._trimmed.sequence
            return self._log[start : start + limit]

    def changes_of(self, entity: str, before: int | None = None, limit: int = 50) -> list[Change]:
        """What was changed of an entity, the newest first."""
        with self._lock:
            sequences = self._about.get(entity, [])
            end = len(sequences) if before is None else bisect_left(sequences, before)
            found = sequences[max(end - limit, 0) : end]
            first = self._trimmed.sequence + 1
            return [change_about(self._log[each - first], entity) for each in reversed(found)]

    def trim(self, sequence: int) -> Trimmed:
        """Forget the oldest records; see `GraphStore.trim`."""
        with self._lock:
            count = min(sequence - self._trimmed.sequence, len(self._log) - 1)
            for change in self._log[: max(count, 0)]:
                self._base.apply(change)
                del self._known[change.changeset.op_id]
                for each in about(change.changeset):
                    self._about[each].remove(change.sequence)
                self._trimmed = Trimmed(change.sequence, change.changeset.at)
            del self._log[: max(count, 0)]
            return self._trimmed

    def trimmed(self) -> Trimmed:
        """How far the log was trimmed."""
        return self._trimmed

    def base(self, site: str | None = None) -> Snapshot | None:
        """The graph right before the oldest record that is kept."""
        with self._lock:
            graph, at = self._base, self._trimmed.sequence
            if not at:
                return None
            inside = {
                each.id: each
                for each in graph.entities.values()
                if site is None or each.path == site or each.path.startswith(f"{site}/")
            }
            return Snapshot(
                head=at,
                timeline=self._graph.timeline,
                documents=tuple(graph.documents.values()),
                entities=list(inside.values()),
                relations=[each for each in graph.relations() if each.source in inside],
            )

    def sums(self) -> Sums:
        """What each site comes to."""
        with self._lock:
            graph = self._graph
            found: dict[str, list[int]] = {}
            for entity in graph.entities.values():
                counts = found.setdefault(entity.site, [0, 0, 0])
                counts[0] += 1
                counts[1] += entity.revision
            for relation in graph.relations():
                found[graph.entities[relation.source].site][2] += 1
            return Sums(graph.head, graph.head, {site: SiteSum(*counts) for site, counts in found.items()})

    def load_site(self, site: str) -> Snapshot:
        """What is of one site."""
        with self._lock:
            graph = self._graph
            inside = {each.id: each for each in graph.entities.values() if each.site == site}
            ends = (each for each in graph.relations() if {each.source, each.target} & inside.keys())
            return Snapshot(graph.head, graph.timeline, (), list(inside.values()), list(ends))

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

    @contextmanager
    def dump(self) -> Iterator[Dump]:
        """Everything at one sequence."""
        with self._lock:
            found = Dump(
                self.load(),
                list(self._log),
                list(self._states.items()),
                self._watermark,
                base=self.base(),
                trimmed=self._trimmed,
                recast=self._recast_at,
            )
        yield found

    def save(
        self,
        path: Path,
        beside: Callable[[], object] = lambda: None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write everything into a new SQLite file."""
        from twin.store.sqlite import SQLiteStore

        file, (_, before) = SQLiteStore(path), self.load_states()
        try:
            beside()
            with self.dump() as found:
                file.fill(changed(found, watermark=before), found.snapshot.timeline, progress)
        finally:
            file.close()

    def fill(
        self,
        dump: Dump,
        timeline: str,
        progress: Callable[[int, int], None] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Take in what a dump holds; see `GraphStore.fill`."""
        snapshot = dump.snapshot
        with self._lock:
            if not replace and (self._log or self._graph.entities or self._watermark.journal):
                raise occupied()
            _load(self._graph, snapshot, timeline)
            _load(self._base, dump.base or Snapshot(0, timeline, (), (), ()), timeline)
            self._log, self._trimmed = list(dump.changes), dump.trimmed
            self._about.clear()
            for change in self._log:
                self._index(change)
            self._known = {each.changeset.op_id: Committed(each.sequence, each.changeset.op_id) for each in self._log}
            self._states = dict(dump.states)
            self._watermark, self._recast_at = dump.watermark, dump.recast
        if progress is not None:
            progress(dump.expected, dump.expected)

    def close(self) -> None:
        """Nothing to let go of."""


def _load(graph: Mirror, snapshot: Snapshot, timeline: str) -> None:
    graph.load(
        head=snapshot.head,
        timeline=timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
