"""The log by entity, and the base that is left of what was trimmed.

``about`` has a row for every entity that a record of the log changes; those that it creates say so themselves, in
``born``: a hundred thousand rows in the order of random ids would cost a quarter of the time of writing the entities.
(In a file of before, and in one that was filled from another store, ``about`` has those too.)

The base is kept as rows, moved on by the records that are trimmed, in the same transaction: whatever happens, it is the
graph right before the oldest record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from twin.graph.model import Change, ChangeSet, Create, Document, Entity, Relation
from twin.store import Snapshot, Trimmed
from twin.store.about import about, read_about
from twin.store.base import STEP_ENTRIES, Advance, needed
from twin.store.sqlite.rows import into, write

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["base", "changes_of", "index_log", "put_about", "put_base", "trim", "trimmed"]

_PUT_ABOUT = into("about", ("entity", "sequence"))
_PUT_ENTITIES = into(
    "base_entities", ("id", "path", "body"), "ON CONFLICT (id) DO UPDATE SET path = excluded.path, body = excluded.body"
)
_PUT_RELATIONS = into(
    "base_relations",
    ("source", "target", "type", "body"),
    "ON CONFLICT (source, target, type) DO UPDATE SET body = excluded.body",
)
_PUT_DOCUMENT = "INSERT OR REPLACE INTO base_documents VALUES (?, ?)"
_PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_META = "SELECT name, value FROM meta WHERE name IN ('trimmed', 'trimmed_at', 'timeline')"
_ABOUT = """
SELECT log.sequence, log.body FROM about JOIN log USING (sequence)
WHERE about.entity = ? AND about.sequence < ? ORDER BY about.sequence DESC LIMIT ?
"""
_BORN = """
SELECT log.sequence, log.body FROM entities JOIN log ON log.sequence = entities.born
WHERE entities.id = ? AND log.sequence < ?
"""
_FORGET = (
    "DELETE FROM about WHERE (entity, sequence) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
    "DELETE FROM log WHERE sequence IN (SELECT value FROM json_each(?))",
)
_GONE = (
    "DELETE FROM base_entities WHERE id IN (SELECT value FROM json_each(?))",
    "DELETE FROM base_relations WHERE source IN (SELECT value FROM json_each(?))",
    "DELETE FROM base_relations WHERE target IN (SELECT value FROM json_each(?))",
)
_UNLINKED = """
DELETE FROM base_relations
WHERE (source, target, type) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))
"""
_LAST = 2**62
_LOG_ROWS = 200
_BASE_ROWS = 10_000

_decode_changeset = msgspec.json.Decoder(ChangeSet).decode
_decode_entity = msgspec.json.Decoder(Entity).decode
_decode_relation = msgspec.json.Decoder(Relation).decode
_decode_document = msgspec.json.Decoder(Document).decode
_encode = msgspec.json.Encoder().encode


def put_about(db: sqlite3.Connection, changes: Iterable[Change], *, born: bool = False) -> None:
    """Keep what records of the log are about. ``born``: what they create says so itself."""
    write(db, _PUT_ABOUT, sorted(_pairs(changes, born=born)))


def index_log(db: sqlite3.Connection) -> None:
    """Keep what every record of the log is about: of a file in which nobody has yet."""
    since = 0
    while rows := db.execute(
        "SELECT sequence, body FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?", (since, _LOG_ROWS)
    ).fetchall():
        put_about(db, map(_change, rows))
        since = rows[-1][0]


def changes_of(db: sqlite3.Connection, entity: str, before: int | None, limit: int) -> list[Change]:
    """What was changed of an entity, the newest first."""
    last = _LAST if before is None else before
    rows = db.execute(_ABOUT, (entity, last, limit)).fetchall()
    if len(rows) < limit:
        rows += [row for row in db.execute(_BORN, (entity, last)) if row[0] not in {sequence for sequence, _ in rows}]
    return read_about(rows, entity)


def trimmed(db: sqlite3.Connection) -> Trimmed:
    """How far the log was trimmed."""
    meta = dict(db.execute(_META).fetchall())
    return Trimmed(int(meta.get("trimmed", 0)), int(meta.get("trimmed_at", 0)))


def trim(db: sqlite3.Connection, sequence: int) -> Trimmed:
    """Move the base on by some records, and forget those, within the transaction that is open."""
    changes = list(_step(db, trimmed(db).sequence, sequence))
    if changes:
        _advance(db, changes)
        _execute(db, _FORGET[0], list(_pairs(changes)))
        _execute(db, _FORGET[1], [change.sequence for change in changes])
        _mark(db, Trimmed(changes[-1].sequence, changes[-1].changeset.at))
    return trimmed(db)


def base(db: sqlite3.Connection, site: str | None) -> Snapshot | None:
    """The graph right before the oldest record: of one site by its key, with the relations that begin there, or of all;
    None where the log is whole. Within a transaction that is open.
    """
    meta = dict(db.execute(_META).fetchall())
    if "trimmed" not in meta:
        return None
    where, relations = "", "SELECT body FROM base_relations"
    given: tuple[str, ...] = ()
    if site is not None:
        where, given = " WHERE path = ? OR (path > ? AND path < ?)", (site, f"{site}/", f"{site}0")
        relations = f"{relations} WHERE source IN (SELECT id FROM base_entities{where})"  # noqa: S608 - words of our own
    return Snapshot(
        head=int(meta["trimmed"]),
        timeline=meta["timeline"],
        documents=tuple(_read(db, "SELECT body FROM base_documents ORDER BY name", _decode_document)),
        entities=_read(db, f"SELECT body FROM base_entities{where}", _decode_entity, given),  # noqa: S608 - the same
        relations=_read(db, relations, _decode_relation, given),
    )


def put_base(db: sqlite3.Connection, snapshot: Snapshot, at: int) -> None:
    """Keep a whole base, in place of whatever there is, within the transaction that is open. ``at`` is when its last
    change was made.
    """
    for table in ("base_entities", "base_relations", "base_documents"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    for entities in _parts(snapshot.entities):
        write(db, _PUT_ENTITIES, list(map(_entity_row, entities)))
    for relations in _parts(snapshot.relations):
        write(db, _PUT_RELATIONS, list(map(_relation_row, relations)))
    _put_documents(db, snapshot.documents)
    _mark(db, Trimmed(snapshot.head, at))


def _step(db: sqlite3.Connection, since: int, until: int) -> Iterator[Change]:
    """So many of the oldest records as one step takes; the newest of all stays where it is, for the head is there."""
    entries = 0
    rows = db.execute(
        "SELECT sequence, body FROM log WHERE sequence > ? AND sequence <= ? "
        "AND sequence < (SELECT max(sequence) FROM log) ORDER BY sequence LIMIT ?",
        (since, until, STEP_ENTRIES),
    )
    for row in rows:
        change = _change(row)
        if entries and entries + len(change.changeset.entries) > STEP_ENTRIES:
            break
        entries += len(change.changeset.entries)
        yield change
    rows.close()


def _advance(db: sqlite3.Connection, changes: list[Change]) -> None:
    known = _entities(db, "id IN (SELECT value FROM json_each(?))", orjson.dumps(needed(changes)).decode())
    # '0' comes right after '/', so this is what lies below the path, from the index
    advance = Advance(known, lambda path: _entities(db, "path > ? AND path < ?", f"{path}/", f"{path}0"))
    for change in changes:
        advance.take(change)
    if advance.gone:
        for statement in _GONE:
            _execute(db, statement, list(advance.gone))
    if advance.unlinked:
        _execute(db, _UNLINKED, list(advance.unlinked))
    write(db, _PUT_ENTITIES, list(map(_entity_row, advance.entities.values())))
    write(db, _PUT_RELATIONS, sorted(map(_relation_row, advance.linked)))
    _put_documents(db, advance.documents.values())


def _put_documents(db: sqlite3.Connection, documents: Iterable[Document]) -> None:
    for document in documents:
        db.execute(_PUT_DOCUMENT, (document.name, _encode(document).decode()))


def _mark(db: sqlite3.Connection, mark: Trimmed) -> None:
    db.execute(_PUT_META, ("trimmed", str(mark.sequence)))
    db.execute(_PUT_META, ("trimmed_at", str(mark.at)))


def _pairs(changes: Iterable[Change], *, born: bool = False) -> Iterator[tuple[str, int]]:
    for change in changes:
        entries = change.changeset.entries
        new = {entry.entity.id for entry in entries if isinstance(entry, Create)} if born else ()
        if len(new) < len(entries):
            yield from ((each, change.sequence) for each in about(change.changeset).difference(new))


def _change(row: tuple[int, str]) -> Change:
    return Change(row[0], _decode_changeset(row[1]))


def _entities(db: sqlite3.Connection, where: str, *given: str) -> list[Entity]:
    return _read(db, f"SELECT body FROM base_entities WHERE {where}", _decode_entity, given)  # noqa: S608 - our own words


def _read(db: sqlite3.Connection, query: str, decode: Callable[[str], Any], given: tuple[str, ...] = ()) -> list[Any]:
    return [decode(body) for (body,) in db.execute(query, given)]


def _execute(db: sqlite3.Connection, statement: str, values: list[Any]) -> None:
    db.execute(statement, (orjson.dumps(values).decode(),))


def _entity_row(entity: Entity) -> tuple[str, str, str]:
    return entity.id, entity.path, _encode(entity).decode()


def _relation_row(relation: Relation) -> tuple[str, str, str, str]:
    return (*relation.key, _encode(relation).decode())


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == _BASE_ROWS:
            yield part
            part = []
    yield part
