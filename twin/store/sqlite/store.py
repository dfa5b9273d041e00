"""The store in a file.

WAL, ``synchronous=FULL``, one writer at a time (``BEGIN IMMEDIATE``), so several processes may share the file: whoever
finds the log's head moved writes nothing and catches up. Entities lie in the order of their creation, found through an
index of their (random) ids: new ones are written to the end of the file rather than all over it.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
import orjson

from twin.errors import BackendError
from twin.graph.model import Change, ChangeSet, Committed, Document
from twin.ids import mint
from twin.store import HeadMovedError, LogTrimmed, Snapshot, TimelineMovedError, Watermark
from twin.store.loading import Loading
from twin.store.sqlite.faults import BUSY_SECONDS, committing, reported
from twin.store.sqlite.moving import adopt, dumped, fill, save
from twin.store.sqlite.rows import RELATIONS, bring_along, relation_fields
from twin.store.sqlite.schema import NAMES, SCHEMA, VERSION
from twin.store.sqlite.states import put_states, states_in
from twin.store.sqlite.summing import site_snapshot, summed
from twin.store.sqlite.trimming import base, changes_of, index_log, trim, trimmed
from twin.store.sqlite.writing import write_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from twin.graph.readings import Reading
    from twin.store import Dump, StateBatch, Sums, Trimmed

__all__ = ["SQLiteStore"]

_CACHE_KIB = 65_536
"""Ids are random, so a large change touches pages everywhere: in SQLite's own 2 MB each would be written many times."""
_CHECKPOINT_PAGES = 8_192
"""How far the write-ahead log grows (32 MB) before its pages go to their places; a commit is durable before that."""
_PUT_WATERMARK = """
INSERT INTO watermark (one, journal, offset, counters) VALUES (1, ?, ?, ?)
ON CONFLICT (one) DO UPDATE SET journal = excluded.journal, offset = excluded.offset, counters = excluded.counters
"""
_PROBE = "INSERT OR REPLACE INTO meta VALUES ('probe', ?)"
"""Written to see whether anything can be."""
_SIZE = "SELECT (SELECT count(*) FROM entities) + (SELECT count(*) FROM relations)"
_OUTCOMES = """
SELECT json_group_object(op_id, sequence) FROM log WHERE op_id IN (SELECT value FROM json_each(?))
"""

_decode_changeset = msgspec.json.Decoder(ChangeSet).decode
_decode_document = msgspec.json.Decoder(Document).decode


class SQLiteStore:
    """A `GraphStore` in a file. Its methods block; one thread at a time is inside."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            BackendError: it cannot be opened, is not a twin's, or was written by a newer version.
        """
        self.path = path
        self._timeline = ""
        self._lock = threading.Lock()
        with reported(path):
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                self._db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        """Make what is not there yet; a file that is ready is not written to, so it opens whoever writes it and
        however full the disk is.
        """
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise BackendError(
                f"{self.path} was written by a newer twin (its schema is {version}, ours {VERSION})",
                code="store.too_new",
                help="run the twin that wrote it, or a newer one",
            )
        there = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
        if version == VERSION and there >= NAMES:
            return
        with self._transaction():
            for statement in SCHEMA.split(";"):
                self._db.execute(statement)
            bring_along(self._db)
            if "about" not in there:
                index_log(self._db)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('timeline', ?)", (mint(),))
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        committing(self.path, self._db)

    def load(self, progress: Callable[[int, int], None] | None = None) -> Snapshot:
        """The graph at its head, read in one transaction."""
        with self._lock, reported(self.path), self._reading():
            loading = Loading(0 if progress is None else self._size(), progress)
            self._timeline = self._read_timeline()
            return Snapshot(
                head=self._head(),
                timeline=self._timeline,
                documents=tuple(
                    _decode_document(body) for (body,) in self._db.execute("SELECT body FROM documents ORDER BY name")
                ),
                entities=loading.entities(self._db.execute("SELECT body FROM entities")),
                relations=loading.relations(map(relation_fields, self._db.execute(RELATIONS))),
            )

    def _size(self) -> int:
        found: int = self._db.execute(_SIZE).fetchone()[0]
        return found

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def head(self) -> int:
        """The sequence of the newest ChangeSet."""
        with self._lock, reported(self.path):
            return self._head()

    def _head(self) -> int:
        found: int = self._db.execute("SELECT coalesce(max(sequence), 0) FROM log").fetchone()[0]
        return found

    def _read_timeline(self) -> str:
        found: str = self._db.execute("SELECT value FROM meta WHERE name = 'timeline'").fetchone()[0]
        return found

    def _check_timeline(self) -> None:
        """What was put here since it was loaded is another history; nobody goes on with it unseen."""
        if self._timeline and self._read_timeline() != self._timeline:
            raise TimelineMovedError(self._head())

    def commit(self, group: Sequence[ChangeSet], head: int) -> list[Committed]:
        """Write the ChangeSets not known yet, in one transaction; see `GraphStore.commit`."""
        with self._lock, reported(self.path), self._transaction():
            self._check_timeline()
            known = self._outcomes([changeset.op_id for changeset in group])
            fresh = [changeset for changeset in group if changeset.op_id not in known]
            at = self._head()
            if fresh and at != head:
                raise HeadMovedError(at)
            for sequence, changeset in enumerate(fresh, start=head + 1):
                known[changeset.op_id] = Committed(sequence, changeset.op_id)
            if not group:
                self._db.execute(_PROBE, (str(at),))
            write_group(self._db, fresh, head)
            return [known[changeset.op_id] for changeset in group]

    def outcome(self, op_id: str) -> Committed | None:
        """What became of an op_id."""
        with self._lock, reported(self.path):
            return self._outcomes([op_id]).get(op_id)

    def _outcomes(self, op_ids: list[str]) -> dict[str, Committed]:
        """What the log says of some op_ids: of those that it knows."""
        (found,) = self._db.execute(_OUTCOMES, (orjson.dumps(op_ids).decode(),)).fetchone()
        return {op_id: Committed(sequence, op_id) for op_id, sequence in orjson.loads(found).items()}

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """The log after a sequence."""
        with self._lock, reported(self.path), self._reading():
            self._check_timeline()
            rows = self._db.execute(
                "SELECT sequence, body FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?", (since, limit)
            ).fetchall()
            if rows and rows[0][0] != since + 1 and since < (mark := trimmed(self._db)).sequence:
                raise LogTrimmed(since, mark)
            return [Change(sequence, _decode_changeset(body)) for sequence, body in rows]

    def changes_of(self, entity: str, before: int | None = None, limit: int = 50) -> list[Change]:
        """What was changed of an entity, the newest first."""
        with self._lock, reported(self.path):
            return changes_of(self._db, entity, before, limit)

    def trim(self, sequence: int) -> Trimmed:
        """Forget some of the oldest records; see `GraphStore.trim`."""
        with self._lock, reported(self.path), self._transaction():
            return trim(self._db, sequence)

    def trimmed(self) -> Trimmed:
        """How far the log was trimmed."""
        with self._lock, reported(self.path):
            return trimmed(self._db)

    def base(self, site: str | None = None) -> Snapshot | None:
        """The graph right before the oldest record that is kept."""
        with self._lock, reported(self.path), self._reading():
            return base(self._db, site)

    def sums(self) -> Sums:
        """What each site comes to; read beside whoever writes, on a connection of its own."""
        with reported(self.path):
            return summed(self.path)

    def load_site(self, site: str) -> Snapshot:
        """What is of one site; read beside whoever writes, on a connection of its own."""
        with reported(self.path):
            return site_snapshot(self.path, site)

    def write_states(self, batch: StateBatch) -> None:
        """Keep the greatest order per point of what exists, and the watermark, in one transaction."""
        watermark = batch.watermark
        with self._lock, reported(self.path), self._transaction():
            self._check_timeline()
            row = self._db.execute("SELECT value FROM meta WHERE name = 'recast'").fetchone()
            if batch.head is not None and row and batch.head < int(row[0]):
                raise HeadMovedError(self._head())
            put_states(self._db, batch.readings.items())
            counters = orjson.dumps(watermark.counters).decode()
            self._db.execute(_PUT_WATERMARK, (watermark.journal, watermark.offset, counters))

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """Every point's last reading, and the watermark, read in one transaction."""
        with self._lock, reported(self.path), self._reading():
            rows = self._db.execute('SELECT entity, point, value, time, received, "order" FROM states')
            states = dict(states_in(rows))
            row = self._db.execute("SELECT journal, offset, counters FROM watermark").fetchone()
        return states, Watermark(row[0], row[1], orjson.loads(row[2])) if row else Watermark()

    @contextmanager
    def dump(self) -> Iterator[Dump]:
        """Everything at one sequence, read beside whoever writes."""
        with reported(self.path), dumped(self.path) as found:
            yield found

    def save(
        self,
        path: Path,
        beside: Callable[[], object] = lambda: None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write everything at one sequence into a new file; see `GraphStore.save`."""
        with reported(path):
            save(self.path, path, beside, progress)

    def fill(
        self,
        dump: Dump,
        timeline: str,
        progress: Callable[[int, int], None] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Take in what a dump holds, all or nothing of it; see `GraphStore.fill`."""
        with self._lock, reported(self.path):
            with self._transaction():
                fill(self._db, dump, timeline, progress, replace=replace)
            self._timeline = timeline
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def adopt(self, path: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Hold what a file does that `save` has written, in place of whatever is here: at once, whoever is reading."""
        with self._lock, reported(self.path):
            adopt(self._db, path, progress)
            self._timeline = self._read_timeline()

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._db.close()
