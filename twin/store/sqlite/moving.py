"""A whole file read out at one sequence, saved as another file, and filled.

Reading has a connection of its own and one read transaction: in WAL mode it sees one moment of the file, however long
it takes, and holds up nobody. Filling is one transaction: a file is filled, or as it was.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec
import orjson

from twin.graph.model import Change, ChangeSet, Document, Entity, Relation
from twin.store import Dump, Snapshot, Watermark
from twin.store.moving import Parts, occupied
from twin.store.sqlite.rows import RELATIONS, relation, relation_row, write
from twin.store.sqlite.states import put_states, state
from twin.store.sqlite.trimming import put_about, put_base, trimmed
from twin.store.sqlite.writing import PUT_DOCUMENT, PUT_ENTITIES, PUT_LOG, PUT_RECAST_AT, PUT_RELATIONS, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["adopt", "dumped", "fill", "mark", "read_watermark", "save"]

_BUSY_SECONDS = 10
_ROWS = 10_000
_LOG_ROWS = 500
_PAGES = 4_096
"""How much is copied at once (16 MB), between two looks at who watches."""
_COUNTS = """
SELECT (SELECT count(*) FROM entities) + (SELECT count(*) FROM relations)
     + (SELECT count(*) FROM log) + (SELECT count(*) FROM states)
"""
_OCCUPIED = """
SELECT EXISTS (SELECT 1 FROM log) OR EXISTS (SELECT 1 FROM entities) OR EXISTS (SELECT 1 FROM documents)
    OR EXISTS (SELECT 1 FROM watermark)
"""
_PUT_WATERMARK = "INSERT INTO watermark (one, journal, offset, counters) VALUES (1, ?, ?, ?)"
_TABLES = (
    "entities",
    "relations",
    "documents",
    "log",
    "about",
    "states",
    "watermark",
    "base_entities",
    "base_relations",
    "base_documents",
)
_HEAD = "SELECT coalesce(max(sequence), 0) FROM log"
_STATES = 'SELECT entity, point, value, time, received, "order" FROM states'

_decode_entity = msgspec.json.Decoder(Entity).decode
_decode_changeset = msgspec.json.Decoder(ChangeSet).decode
_decode_relation = msgspec.json.Decoder(Relation).decode
_decode_document = msgspec.json.Decoder(Document).decode
_encode = msgspec.json.Encoder().encode


@contextmanager
def dumped(path: Path) -> Iterator[Dump]:
    """What the file holds, at one sequence."""
    with closing(_connect(path)) as db:
        db.execute("BEGIN")
        yield _dump(db)


def save(
    path: Path,
    target: Path,
    beside: Callable[[], object],
    progress: Callable[[int, int], None] | None,
) -> None:
    """Write the file as it is at one sequence into a new one, page by page, with SQLite's own means."""
    with closing(_connect(path)) as db, closing(_connect(target)) as copy:
        before = read_watermark(db)
        beside()
        db.execute("BEGIN")
        db.execute(_HEAD).fetchone()  # the moment that is seen from here on
        _copy_pages(db, copy, progress)
        mark(copy, before)
        copy.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def adopt(db: sqlite3.Connection, source: Path, progress: Callable[[int, int], None] | None) -> None:
    """Copy a file over the one that is open, page by page; all of it or nothing. That one stays in WAL mode."""
    with closing(_connect(source)) as saved:
        _copy_pages(saved, db, progress)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, progress: Callable[[int, int], None] | None
) -> None:
    told = None if progress is None else lambda _, left, of: progress(of - left, of)
    source.backup(target, pages=_PAGES, progress=told)


def fill(
    db: sqlite3.Connection,
    dump: Dump,
    timeline: str,
    progress: Callable[[int, int], None] | None,
    *,
    replace: bool,
) -> None:
    """Take in a dump, within the transaction that is open."""
    _make_room(db, replace=replace)
    parts = Parts(progress, dump.expected)
    for document in dump.snapshot.documents:
        db.execute(PUT_DOCUMENT, (document.name, _encode(document).decode()))
    for entities in parts.of(dump.snapshot.entities, _ROWS):
        write(db, PUT_ENTITIES, list(map(row_of, entities)))
    for relations in parts.of(dump.snapshot.relations, _ROWS):
        write(db, PUT_RELATIONS, [relation_row(each) for each in relations])
    for changes in parts.of(dump.changes, _LOG_ROWS):
        write(db, PUT_LOG, [_log_row(change) for change in changes])
        put_about(db, changes)
    for states in parts.of(dump.states, _ROWS):
        put_states(db, states)
    if dump.base is not None:
        put_base(db, dump.base, dump.trimmed.at)
    mark(db, dump.watermark)
    if dump.recast:
        db.execute(PUT_RECAST_AT, (dump.recast,))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('timeline', ?)", (timeline,))


def _make_room(db: sqlite3.Connection, *, replace: bool) -> None:
    if replace:
        for table in (*_TABLES, "meta"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    elif db.execute(_OCCUPIED).fetchone()[0]:
        raise occupied()


def read_watermark(db: sqlite3.Connection) -> Watermark:
    """How far the journal was worked in."""
    row = db.execute("SELECT journal, offset, counters FROM watermark").fetchone()
    return Watermark(row[0], row[1], orjson.loads(row[2])) if row else Watermark()


def mark(db: sqlite3.Connection, watermark: Watermark) -> None:
    """Keep a watermark in place of the one that is there."""
    db.execute("DELETE FROM watermark")
    if watermark.journal:
        counters = orjson.dumps(watermark.counters).decode()
        db.execute(_PUT_WATERMARK, (watermark.journal, watermark.offset, counters))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _dump(db: sqlite3.Connection) -> Dump:
    meta = dict(db.execute("SELECT name, value FROM meta").fetchall())
    return Dump(
        snapshot=Snapshot(
            head=db.execute(_HEAD).fetchone()[0],
            timeline=meta["timeline"],
            documents=tuple(
                _decode_document(body) for (body,) in db.execute("SELECT body FROM documents ORDER BY name")
            ),
            entities=(_decode_entity(body) for (body,) in db.execute("SELECT body FROM entities")),
            relations=(relation(row) for row in db.execute(RELATIONS)),
        ),
        changes=(
            Change(sequence, _decode_changeset(body))
            for sequence, body in db.execute("SELECT sequence, body FROM log ORDER BY sequence")
        ),
        states=map(state, db.execute(_STATES)),
        watermark=read_watermark(db),
        base=_base(db, meta["timeline"]),
        trimmed=trimmed(db),
        recast=int(meta.get("recast", 0)),
        expected=db.execute(_COUNTS).fetchone()[0],
    )


def _base(db: sqlite3.Connection, timeline: str) -> Snapshot | None:
    kept = trimmed(db)
    if not kept.sequence:
        return None
    return Snapshot(
        head=kept.sequence,
        timeline=timeline,
        documents=tuple(
            _decode_document(body) for (body,) in db.execute("SELECT body FROM base_documents ORDER BY name")
        ),
        entities=(_decode_entity(body) for (body,) in db.execute("SELECT body FROM base_entities")),
        relations=(_decode_relation(body) for (body,) in db.execute("SELECT body FROM base_relations")),
    )


def _log_row(change: Change) -> tuple[int, str, str]:
    return change.sequence, change.changeset.op_id, _encode(change.changeset).decode()
