"""The entries of a group of ChangeSets as few statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from twin.graph.model import (
    Change,
    Create,
    Delete,
    Entity,
    Link,
    Move,
    Recast,
    Unlink,
    Update,
    apply_update,
    created,
    moved,
    relocated,
)
from twin.graph.readings import recast
from twin.store.sqlite.rows import into, relation_row, write
from twin.store.sqlite.states import put_states, take_states
from twin.store.sqlite.trimming import put_about

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from twin.graph.model import ChangeSet, Entry, Relation

__all__ = [
    "PUT_DOCUMENT",
    "PUT_ENTITIES",
    "PUT_LOG",
    "PUT_RECAST_AT",
    "PUT_RELATIONS",
    "row_of",
    "write_group",
]

PUT_ENTITIES = into(
    "entities",
    ("id", "kind", "type", "site", "path", "revision", "body"),
    """ON CONFLICT (id) DO UPDATE SET
    type = excluded.type, path = excluded.path, revision = excluded.revision, body = excluded.body""",
)
_PUT_BORN = into(
    "entities",
    ("id", "kind", "type", "site", "path", "revision", "body", "born"),
    """ON CONFLICT (id) DO UPDATE SET
    type = excluded.type, path = excluded.path, revision = excluded.revision, body = excluded.body""",
)
PUT_RELATIONS = into("relations", ("source", "target", "type", "instance", "roles"))
PUT_LOG = into("log", ("sequence", "op_id", "body"))
PUT_DOCUMENT = "INSERT OR REPLACE INTO documents VALUES (?, ?)"
PUT_RECAST_AT = "INSERT OR REPLACE INTO meta VALUES ('recast', ?)"
_READ = """
SELECT '[' || group_concat(body) || ']' FROM entities WHERE id IN (SELECT value FROM json_each(?))
"""
_UNLINK = """
DELETE FROM relations WHERE (source, target, type) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))
"""
_DELETE = (
    "DELETE FROM entities WHERE id IN (SELECT value FROM json_each(?))",
    "DELETE FROM states WHERE entity IN (SELECT value FROM json_each(?))",
    "DELETE FROM relations WHERE source IN (SELECT value FROM json_each(?))",
    "DELETE FROM relations WHERE target IN (SELECT value FROM json_each(?))",
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entity).decode
_decode_all = msgspec.json.Decoder(list[Entity]).decode


def write_group(db: sqlite3.Connection, fresh: Sequence[ChangeSet], head: int) -> None:
    """Write ChangeSets after a head of the log, within the transaction that is open."""
    writer = _Writer(db)
    writer.read(fresh)
    for sequence, changeset in enumerate(fresh, start=head + 1):
        writer.take(changeset, sequence)
        for document in changeset.documents:
            db.execute(PUT_DOCUMENT, (document.name, _encode(document).decode()))
    writer.flush()
    if writer.recasting:
        db.execute(PUT_RECAST_AT, (head + len(fresh),))
    write(
        db,
        PUT_LOG,
        [
            (sequence, changeset.op_id, _encode(changeset).decode())
            for sequence, changeset in enumerate(fresh, start=head + 1)
        ],
    )
    put_about(db, (Change(sequence, changeset) for sequence, changeset in enumerate(fresh, start=head + 1)), born=True)


class _Writer:
    """Holds what is to be deleted, then what is to be put, and writes each together.

    Invariant: what is held to be deleted was there before anything that is held to be put.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[str, Entity] = {}
        """What was read or written by now, as it is."""
        self._entities: dict[str, Entity] = {}
        self._born: dict[str, int] = {}
        """By which record of the log it was created."""
        self._relations: dict[tuple[str, str, str], Relation] = {}
        self._deleted: list[str] = []
        self._unlinked: list[tuple[str, str, str]] = []
        self._recasts: dict[tuple[str, str], Recast] = {}
        self.recasting = False

    def read(self, group: Sequence[ChangeSet]) -> None:
        """Read what will be updated, all at once."""
        ids = {entry.id for changeset in group for entry in changeset.entries if isinstance(entry, Update)}
        (found,) = self._db.execute(_READ, (_document(list(ids)),)).fetchone() if ids else (None,)
        self._known.update((entity.id, entity) for entity in (_decode_all(found) if found else ()))

    def take(self, changeset: ChangeSet, sequence: int) -> None:
        """The entries of one ChangeSet, after those before it."""
        for entry in changeset.entries:
            if isinstance(entry, Create):
                self._put(created(entry.entity, changeset))
                self._born[entry.entity.id] = sequence
            elif isinstance(entry, Link):
                self._relations[entry.relation.key] = entry.relation
            else:
                self._change(entry, changeset)
        self._recast()

    def _change(self, entry: Entry, changeset: ChangeSet) -> None:
        match entry:
            case Update():
                self._put(apply_update(self._get(entry.id), entry, changeset.at, changeset.actor.name))
            case Move():
                self._move(entry, changeset)
            case Delete():
                if self._entities or self._relations:
                    self.flush()
                self._known.pop(entry.id, None)
                self._deleted.append(entry.id)
            case Recast():
                self._recasts[entry.id, entry.point] = entry
            case Unlink():
                key = (entry.source, entry.target, entry.type)
                self._relations.pop(key, None)
                self._unlinked.append(key)

    def _put(self, entity: Entity) -> None:
        self._known[entity.id] = self._entities[entity.id] = entity

    def _recast(self) -> None:
        """The readings of one ChangeSet's points under their new names, all at once."""
        if not self._recasts:
            return
        self.flush()
        points, self._recasts, self.recasting = self._recasts, {}, True
        taken = [(points[point], reading) for point, reading in take_states(self._db, points)]
        put_states(self._db, [((entry.id, entry.to), recast(reading, entry)) for entry, reading in taken])

    def _move(self, move: Move, changeset: ChangeSet) -> None:
        self.flush()
        before = self._get(move.id)
        after = moved(before, move, self._get(move.parent), changeset.at, changeset.actor.name)
        # '0' comes right after '/', so this is what lies below the path, from the index
        rows = self._db.execute(
            "SELECT body FROM entities WHERE path > ? AND path < ?", (f"{before.path}/", f"{before.path}0")
        ).fetchall()
        self._put(after)
        for (body,) in rows:
            self._put(relocated(_decode(body), before.path, after.path))
        self.flush()

    def _get(self, entity_id: str) -> Entity:
        held = self._known.get(entity_id)
        if held is not None:
            return held
        row = self._db.execute("SELECT body FROM entities WHERE id = ?", (entity_id,)).fetchone()
        return _decode(row[0])

    def flush(self) -> None:
        """Write all that is held."""
        if self._unlinked:
            self._db.execute(_UNLINK, (_document(self._unlinked),))
            self._unlinked.clear()
        if self._deleted:
            for statement in _DELETE:
                self._db.execute(statement, (_document(self._deleted),))
            self._deleted.clear()
        if self._entities:
            rows = [(*row_of(each), self._born.get(each.id)) for each in self._entities.values()]
            write(self._db, _PUT_BORN, rows)
            self._born.clear()
            self._entities.clear()
        if self._relations:
            # in the order of the table, so that each page of it is gone to once
            ties = [relation_row(self._relations[key]) for key in sorted(self._relations)]
            write(self._db, PUT_RELATIONS, ties)
            self._relations.clear()


def row_of(entity: Entity) -> tuple[Any, ...]:
    """An entity as a row of its table."""
    body = _encode(entity).decode()
    return (entity.id, entity.kind, entity.type, entity.site, entity.path, entity.revision, body)


def _document(values: Sequence[Any]) -> str:
    return orjson.dumps(values).decode()
