"""A Neo4j read out into a SQLite file, cut at one sequence, while others go on writing.

A reader of Neo4j sees each node as it is at that very moment, so a scan that takes a while shows a mixture. It is put
right from the log: what was changed since the scan began is read again, and what was changed meanwhile once more, until
nothing was; at last while the log is locked, which by then is for a moment only. Readings may be newer than the
watermark, which was read first: their order guards them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import orjson

from twin.graph.model import (
    CONTAINS,
    ChangeSet,
    Create,
    Delete,
    Link,
    Move,
    Recast,
    Relation,
    Unlink,
    Update,
)
from twin.store.moving import Parts
from twin.store.neo4j import states, trimming
from twin.store.neo4j.names import is_identifier
from twin.store.neo4j.nodes import decode_entity, roles_of
from twin.store.sqlite import SQLiteStore
from twin.store.sqlite.moving import mark
from twin.store.sqlite.rows import relation_row
from twin.store.sqlite.states import put_states
from twin.store.sqlite.trimming import index_log, put_base
from twin.store.sqlite.writing import PUT_RECAST_AT, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import neo4j

    from twin.graph.model import Entry
    from twin.store import Snapshot, Trimmed

__all__ = ["Saving"]

T = TypeVar("T")

_ROUNDS = 3
_ROWS = 5_000
_SECONDS = 900.0
_COUNT = """
CALL () { MATCH (e:Entity) RETURN count(e) AS entities } CALL () { MATCH (c:_Change) RETURN count(c) AS changes }
RETURN entities * 2 + changes
"""
_MARKS = """
MATCH (log:_Log {id: 'log'}) MATCH (state:_State {id: 'state'})
RETURN log.timeline, coalesce(state.recast, 0)
"""
_LOCK = "MATCH (log:_Log {id: 'log'}) SET log.lock = 1 REMOVE log.lock WITH log RETURN log.seq"
_DOCUMENTS = "MATCH (d:_Document) RETURN d.name, d.version, d.file, d.text"
_ENTITIES = "MATCH (e:Entity) RETURN e._entity"
_SOME = "UNWIND $rows AS id MATCH (e:Entity {id: id}) RETURN e._entity"
_BELOW = "MATCH (x:Entity {id: $id}) MATCH (e:Entity) WHERE e.path STARTS WITH x.path + '/' RETURN e.id"
_TYPES = "CALL db.relationshipTypes() YIELD relationshipType AS type RETURN type"
_ENDS = "RETURN s.id, t.id, type(r), r.instance, r.roles, r.until"
_LINKS = f"""
UNWIND $rows AS row MATCH (s:Entity {{id: row[0]}}) MATCH (t:Entity {{id: row[1]}})
MATCH (s)-[r]->(t) WHERE type(r) = row[2] {_ENDS}
"""
_LOG = """
MATCH (c:_Change) WHERE c.seq > $since AND c.seq <= $until RETURN c.seq, c.op_id, c.body ORDER BY c.seq
"""

_PUT_ENTITY = (
    "INSERT OR REPLACE INTO entities (id, kind, type, site, path, revision, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT_LOG = "INSERT OR REPLACE INTO log (sequence, op_id, body) VALUES (?, ?, ?)"
_PUT_DOCUMENT = "INSERT OR REPLACE INTO documents VALUES (?, ?)"
_EMPTY = ("entities", "relations", "documents", "log", "states")

_decode = msgspec.json.Decoder(ChangeSet).decode


class Saving:
    """One reading-out. ``run`` runs a job in a transaction of Neo4j, several times where that is needed; ``settle``
    gives the head once nothing is being committed.
    """

    def __init__(
        self,
        path: Path,
        run: Callable[[Callable[[neo4j.Transaction], Any], float], Any],
        settle: Callable[[], int],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._path = path
        self._run = run
        self._settle = settle
        self._progress = progress

    def save(self, beside: Callable[[], object]) -> None:
        """Write the file."""
        SQLiteStore(self._path).close()
        with closing(sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)) as self._db:
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = NORMAL")
            watermark = self._run(states.read_watermark, _SECONDS)
            beside()
            head = self._settle()
            self._run(lambda transaction: self._scan(transaction, head), _SECONDS)
            self._mend_until_still(head)
            with self._writing():
                self._put_base()
                index_log(self._db)
                mark(self._db, watermark)

    def _mend_until_still(self, head: int) -> None:
        for _ in range(_ROUNDS):
            now = self._settle()
            if now == head:
                return
            self._run(partial(self._mend, since=head, until=now), _SECONDS)
            head = now
        self._run(lambda transaction: self._mend(transaction, head, _locked(transaction)), _SECONDS)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.execute("COMMIT")

    def _scan(self, transaction: neo4j.Transaction, head: int) -> None:
        """Everything as it is, at whatever moment each is come to."""
        with self._writing():
            for table in _EMPTY:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            parts = Parts(self._progress, transaction.run(_COUNT).single(strict=True)[0])
            for rows in parts.of(transaction.run(_ENTITIES), _ROWS):
                self._put_entities(rows)
            for rows in parts.of(_all_relations(transaction), _ROWS):
                self._put_relations(rows)
            for readings in parts.of(states.all_states(transaction), _ROWS):
                put_states(self._db, readings)
            for rows in parts.of(transaction.run(_LOG, since=0, until=head), _ROWS):
                self._db.executemany(_PUT_LOG, map(tuple, rows))
            self._put_rest(transaction)

    def _mend(self, transaction: neo4j.Transaction, since: int, until: int) -> None:
        """Read again what the log says was changed."""
        with self._writing():
            entries: list[Entry] = []
            for row in transaction.run(_LOG, since=since, until=until):
                self._db.execute(_PUT_LOG, tuple(row))
                entries += _decode(row[2]).entries
            touched = _touched(entries)
            for move in [each for each in entries if isinstance(each, Move)]:
                touched |= {id_ for (id_,) in transaction.run(_BELOW, id=move.id)}
            self._forget(touched, [each.id for each in entries if isinstance(each, Delete)], _links(entries))
            for ids in _in_parts(sorted(touched)):
                self._put_entities(transaction.run(_SOME, rows=ids))
            for ids in _in_parts(sorted(touched)):
                put_states(self._db, states.states_of(transaction, ids))
            for keys in _in_parts(sorted(_links(entries))):
                self._put_relations(transaction.run(_LINKS, rows=[list(key) for key in keys]))
            self._put_rest(transaction)

    def _put_entities(self, rows: Iterable[Any]) -> None:
        self._db.executemany(_PUT_ENTITY, (row_of(decode_entity(body)) for (body,) in rows))

    def _put_relations(self, rows: Iterable[Any]) -> None:
        marks = "INSERT OR REPLACE INTO relations (source, target, type, instance, roles) VALUES (?, ?, ?, ?, ?)"
        self._db.executemany(marks, map(_relation_row, rows))

    def _put_base(self) -> None:
        """The base of a log that is trimmed, as it is by now; what was trimmed meanwhile goes here as well."""

        def read(transaction: neo4j.Transaction) -> tuple[Snapshot | None, Trimmed]:
            return trimming.base(transaction, None), trimming.trimmed(transaction)

        base, trimmed = self._run(read, _SECONDS)
        if base is not None:
            put_base(self._db, base, trimmed.at)
            self._db.execute("DELETE FROM log WHERE sequence <= ?", (trimmed.sequence,))

    def _put_rest(self, transaction: neo4j.Transaction) -> None:
        """Documents, the timeline, and when readings got other names."""
        for name, version, file, text in transaction.run(_DOCUMENTS):
            body = orjson.dumps({"name": name, "version": version, "file": file, "text": text}).decode()
            self._db.execute(_PUT_DOCUMENT, (name, body))
        timeline, recast = transaction.run(_MARKS).single(strict=True)
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('timeline', ?)", (timeline,))
        if recast:
            self._db.execute(PUT_RECAST_AT, (recast,))

    def _forget(self, touched: set[str], deleted: list[str], links: set[tuple[str, str, str]]) -> None:
        run = self._db.executemany
        run("DELETE FROM entities WHERE id = ?", ((each,) for each in touched))
        run("DELETE FROM states WHERE entity = ?", ((each,) for each in touched))
        run("DELETE FROM relations WHERE source = ? OR target = ?", ((each, each) for each in deleted))
        run("DELETE FROM relations WHERE source = ? AND target = ? AND type = ?", links)


def _locked(transaction: neo4j.Transaction) -> int:
    head: int = transaction.run(_LOCK).single(strict=True)[0]
    return head


def _touched(entries: Iterable[Entry]) -> set[str]:
    """The ids of what entries create, change or delete."""
    created = {each.entity.id for each in entries if isinstance(each, Create)}
    return created | {each.id for each in entries if isinstance(each, Update | Move | Delete | Recast)}


def _links(entries: Iterable[Entry]) -> set[tuple[str, str, str]]:
    """The keys of the relations that entries make or end."""
    made = {each.relation.key for each in entries if isinstance(each, Link)}
    return made | {(each.source, each.target, each.type) for each in entries if isinstance(each, Unlink)}


def _all_relations(transaction: neo4j.Transaction) -> Iterator[Any]:
    """Every relation but those of the tree, which follow from the entities."""
    for (type_,) in transaction.run(_TYPES).values():
        if type_ != CONTAINS and is_identifier(type_):
            yield from transaction.run(f"MATCH (s:Entity)-[r:`{type_}`]->(t:Entity) {_ENDS}")


def _relation_row(row: Any) -> tuple[Any, ...]:
    source, target, type_, instance, roles, until = row
    held = roles_of(roles, until)
    return relation_row(Relation(type=type_, source=source, target=target, instance=instance, roles=held))


def _in_parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    return (things[start : start + _ROWS] for start in range(0, len(things), _ROWS))
