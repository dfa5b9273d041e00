"""A twin kept in one SQLite file: graph, log and state; durable on return, readable by anyone with ``sqlite3``.

WAL, ``synchronous=FULL``, one writer at a time (``BEGIN IMMEDIATE``), so several processes may share the file: whoever
finds the log's head moved writes nothing and catches up. Rows travel to and from SQLite as one JSON document per
statement (``json_each``): next to a busy loop, ten thousand bound rows take a hundred times as long. Entities lie in
the order of their creation, found through an index of their (random) ids: new ones are written to the end of the file
rather than all over it.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from twin.errors import BackendError, OutcomeUnknown
from twin.graph.model import (
    Change,
    ChangeSet,
    Committed,
    Create,
    Delete,
    Document,
    Entity,
    Link,
    Move,
    Recast,
    Relation,
    Unlink,
    Update,
    apply_update,
    created,
    moved,
    relocated,
)
from twin.graph.readings import Reading, recast
from twin.ids import mint
from twin.store import HeadMovedError, Snapshot, Watermark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twin.graph.model import Entry
    from twin.store import StateBatch

__all__ = ["SQLiteStore"]

VERSION = 1
_BUSY_SECONDS = 10
_CACHE_KIB = 65_536
"""Ids are random, so a large change touches pages everywhere: in SQLite's own 2 MB each would be written many times."""
_CHECKPOINT_PAGES = 8_192
"""How far the write-ahead log grows (32 MB) before its pages go to their places; a commit is durable before that."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entities (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, type TEXT NOT NULL, site TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS relations (
  source TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, instance TEXT,
  PRIMARY KEY (source, target, type)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS relations_by_target ON relations (target);
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, op_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS states (
  entity TEXT NOT NULL, point TEXT NOT NULL, value TEXT NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL,
  "order" TEXT NOT NULL, PRIMARY KEY (entity, point)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watermark (
  one INTEGER PRIMARY KEY CHECK (one = 1), journal TEXT NOT NULL, offset INTEGER NOT NULL, counters TEXT NOT NULL);
"""
_PUT_ENTITIES = """
INSERT INTO entities (id, kind, type, site, path, revision, body)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET
  type = excluded.type, path = excluded.path, revision = excluded.revision, body = excluded.body
"""
_PUT_STATES = """
INSERT INTO states (entity, point, value, time, received, "order")
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(?) WHERE EXISTS (SELECT 1 FROM entities WHERE id = value ->> 0)
ON CONFLICT (entity, point) DO UPDATE SET
  value = excluded.value, time = excluded.time, received = excluded.received, "order" = excluded."order"
WHERE excluded."order" > states."order"
"""
_TAKE_STATES = """
DELETE FROM states WHERE (entity, point) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
RETURNING entity, point, value, time, received, "order"
"""
_PUT_RECAST_AT = "INSERT OR REPLACE INTO meta VALUES ('recast', ?)"
_PUT_WATERMARK = """
INSERT INTO watermark (one, journal, offset, counters) VALUES (1, ?, ?, ?)
ON CONFLICT (one) DO UPDATE SET journal = excluded.journal, offset = excluded.offset, counters = excluded.counters
"""

_decode_entity = msgspec.json.Decoder(Entity).decode
_decode_changeset = msgspec.json.Decoder(ChangeSet).decode
_decode_document = msgspec.json.Decoder(Document).decode
_encode = msgspec.json.Encoder().encode


class SQLiteStore:
    """A `GraphStore` in a file. Its methods block; one thread at a time is inside."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            BackendError: it cannot be opened, is not a twin's, or was written by a newer version.
        """
        self.path = path
        self._lock = threading.Lock()
        with _reported(path):
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
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
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise BackendError(
                    f"{self.path} was written by a newer twin (its schema is {version}, ours {VERSION})",
                    code="store.too_new",
                    help="run the twin that wrote it, or a newer one",
                )
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
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
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._db.rollback()
            raise OutcomeUnknown(
                f"{self.path} did not confirm a commit", reason=str(error), help="see the disk: full, or failing?"
            ) from error

    def load(self) -> Snapshot:
        """The graph at its head, read in one transaction."""
        with self._lock, _reported(self.path), self._reading():
            return Snapshot(
                head=self._head(),
                timeline=self._db.execute("SELECT value FROM meta WHERE name = 'timeline'").fetchone()[0],
                documents=tuple(
                    _decode_document(body) for (body,) in self._db.execute("SELECT body FROM documents ORDER BY name")
                ),
                entities=self._entities(),
                relations=[
                    Relation(source=source, target=target, type=name, instance=instance)
                    for source, target, name, instance in self._db.execute(
                        "SELECT source, target, type, instance FROM relations"
                    )
                ],
            )

    def _entities(self) -> list[Entity]:
        rows = self._db.execute("SELECT body FROM entities")
        return [_decode_entity(body) for (body,) in rows]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def head(self) -> int:
        """The sequence of the newest ChangeSet."""
        with self._lock, _reported(self.path):
            return self._head()

    def _head(self) -> int:
        found: int = self._db.execute("SELECT coalesce(max(sequence), 0) FROM log").fetchone()[0]
        return found

    def commit(self, group: Sequence[ChangeSet], head: int) -> list[Committed]:
        """Write the ChangeSets not known yet, in one transaction; see `GraphStore.commit`."""
        with self._lock, _reported(self.path), self._transaction():
            known = {changeset.op_id: self._outcome(changeset.op_id) for changeset in group}
            fresh = [changeset for changeset in group if known[changeset.op_id] is None]
            at = self._head()
            if fresh and at != head:
                raise HeadMovedError(at)
            for sequence, changeset in enumerate(fresh, start=head + 1):
                known[changeset.op_id] = Committed(sequence, changeset.op_id)
            self._write(fresh, head)
            return [done for changeset in group if (done := known[changeset.op_id]) is not None]

    def _write(self, fresh: Sequence[ChangeSet], head: int) -> None:
        writer = _Writer(self._db)
        for changeset in fresh:
            for entry in changeset.entries:
                writer.take(entry, changeset)
            writer.recast()
            for document in changeset.documents:
                self._db.execute(
                    "INSERT OR REPLACE INTO documents VALUES (?, ?)", (document.name, _encode(document).decode())
                )
        writer.flush()
        if writer.recasting:
            self._db.execute(_PUT_RECAST_AT, (head + len(fresh),))
        self._db.executemany(
            "INSERT INTO log VALUES (?, ?, ?)",
            [
                (sequence, changeset.op_id, _encode(changeset).decode())
                for sequence, changeset in enumerate(fresh, start=head + 1)
            ],
        )

    def outcome(self, op_id: str) -> Committed | None:
        """What became of an op_id."""
        with self._lock, _reported(self.path):
            return self._outcome(op_id)

    def _outcome(self, op_id: str) -> Committed | None:
        row = self._db.execute("SELECT sequence FROM log WHERE op_id = ?", (op_id,)).fetchone()
        return Committed(row[0], op_id) if row else None

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """The log after a sequence."""
        with self._lock, _reported(self.path):
            rows = self._db.execute(
                "SELECT sequence, body FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?", (since, limit)
            ).fetchall()
            return [Change(sequence, _decode_changeset(body)) for sequence, body in rows]

    def write_states(self, batch: StateBatch) -> None:
        """Keep the greatest order per point of what exists, and the watermark, in one transaction."""
        rows = [_state_row(*point, reading) for point, reading in batch.readings.items()]
        watermark = batch.watermark
        with self._lock, _reported(self.path), self._transaction():
            row = self._db.execute("SELECT value FROM meta WHERE name = 'recast'").fetchone()
            if batch.head is not None and row and batch.head < int(row[0]):
                raise HeadMovedError(self._head())
            self._db.execute(_PUT_STATES, (orjson.dumps(rows).decode(),))
            counters = orjson.dumps(watermark.counters).decode()
            self._db.execute(_PUT_WATERMARK, (watermark.journal, watermark.offset, counters))

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """Every point's last reading, and the watermark, read in one transaction."""
        with self._lock, _reported(self.path), self._reading():
            rows = self._db.execute('SELECT entity, point, value, time, received, "order" FROM states').fetchall()
            row = self._db.execute("SELECT journal, offset, counters FROM watermark").fetchone()
        states = dict(map(_state, rows))
        return states, Watermark(row[0], row[1], orjson.loads(row[2])) if row else Watermark()

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._db.close()


def _state_row(entity: str, point: str, reading: Reading) -> list[Any]:
    """A row of ``states``."""
    return [entity, point, orjson.dumps(reading.value).decode(), reading.time, reading.received, reading.order.hex()]


def _state(row: tuple[Any, ...]) -> tuple[tuple[str, str], Reading]:
    """A point and its reading, from a row of ``states``."""
    entity, point, value, time, received, order = row
    return (entity, point), Reading(orjson.loads(value), time, received, bytes.fromhex(order))


class _Writer:
    """The entries of a group as few statements: new and changed rows are held and written together."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._entities: dict[str, Entity] = {}
        self._relations: dict[tuple[str, str, str], Relation] = {}
        self._recasts: dict[tuple[str, str], Recast] = {}
        self.recasting = False

    def take(self, entry: Entry, changeset: ChangeSet) -> None:
        match entry:
            case Create(entity):
                self._entities[entity.id] = created(entity, changeset)
            case Link(relation):
                self._relations[relation.key] = relation
            case Update():
                after = apply_update(self._read(entry.id), entry, changeset.at, changeset.actor.name)
                self._entities[entry.id] = after
            case Move():
                self._move(entry, changeset)
            case Delete():
                self.flush()
                self._db.execute("DELETE FROM entities WHERE id = ?", (entry.id,))
                self._db.execute("DELETE FROM states WHERE entity = ?", (entry.id,))
                self._db.execute("DELETE FROM relations WHERE source = ?1 OR target = ?1", (entry.id,))
            case Recast():
                self._recasts[entry.id, entry.point] = entry
            case Unlink():
                key = (entry.source, entry.target, entry.type)
                self._relations.pop(key, None)
                self._db.execute("DELETE FROM relations WHERE source = ? AND target = ? AND type = ?", key)

    def recast(self) -> None:
        """The readings of one ChangeSet's points under their new names, all at once."""
        if not self._recasts:
            return
        self.flush()
        points, self._recasts, self.recasting = self._recasts, {}, True
        taken = self._db.execute(_TAKE_STATES, (orjson.dumps(list(points)).decode(),)).fetchall()
        rows = [
            _state_row(entity, points[entity, point].to, recast(reading, points[entity, point]))
            for (entity, point), reading in map(_state, taken)
        ]
        self._db.execute(_PUT_STATES, (orjson.dumps(rows).decode(),))

    def _move(self, move: Move, changeset: ChangeSet) -> None:
        self.flush()
        before = self._read(move.id)
        after = moved(before, move, self._read(move.parent), changeset.at, changeset.actor.name)
        # '0' comes right after '/', so this is what lies below the path, from the index
        rows = self._db.execute(
            "SELECT body FROM entities WHERE path > ? AND path < ?", (f"{before.path}/", f"{before.path}0")
        ).fetchall()
        below = [relocated(_decode_entity(body), before.path, after.path) for (body,) in rows]
        self._entities = {entity.id: entity for entity in (after, *below)}
        self.flush()

    def _read(self, entity_id: str) -> Entity:
        held = self._entities.get(entity_id)
        if held is not None:
            return held
        row = self._db.execute("SELECT body FROM entities WHERE id = ?", (entity_id,)).fetchone()
        return _decode_entity(row[0])

    def flush(self) -> None:
        if self._entities:
            rows = [
                [
                    entity.id,
                    entity.kind,
                    entity.type,
                    entity.site,
                    entity.path,
                    entity.revision,
                    _encode(entity).decode(),
                ]
                for entity in self._entities.values()
            ]
            self._db.execute(_PUT_ENTITIES, (orjson.dumps(rows).decode(),))
            self._entities.clear()
        if self._relations:
            self._db.execute(
                "INSERT INTO relations SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)",
                (orjson.dumps([[*key, relation.instance] for key, relation in self._relations.items()]).decode(),),
            )
            self._relations.clear()


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """What SQLite says went wrong, as our own error: our side is down, the same call may work later."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise BackendError(f"{path} is closed", code="store.closed") from error
    except msgspec.MsgspecError as error:
        raise BackendError(
            f"{path} holds what this twin cannot read: {error}",
            code="store.unreadable",
            help="it was written by another version: run that one, or name another directory with --data DIR",
        ) from error
    except sqlite3.DatabaseError as error:
        raise BackendError(
            f"{path}: {error}",
            code="store.unavailable",
            help="is the directory writable, the disk not full, and the file a twin's own?",
        ) from error
