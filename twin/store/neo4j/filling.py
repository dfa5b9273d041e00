"""A Neo4j filled with what another store held: many transactions, and a mark on the log until the last of them.

The mark (``filling``) is what `twin.store.neo4j.schema.prepare` refuses a database for; filling one that has it begins
again with nothing. The log has its new timeline from the first moment, so nobody who has the database open goes on
writing to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from twin.errors import BackendError
from twin.graph.model import CONTAINS, Create
from twin.store.moving import Parts, occupied
from twin.store.neo4j import trimming
from twin.store.neo4j.creating import CREATE, new_row
from twin.store.neo4j.labels import Labels
from twin.store.neo4j.nodes import roles_in
from twin.store.neo4j.states import put_states
from twin.store.neo4j.writing import LINK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import neo4j

    from twin.graph.model import Change, ChangeSet
    from twin.graph.readings import Reading
    from twin.store import Dump
    from twin.store.neo4j.connection import Connection

    Append = Callable[[neo4j.Transaction, Sequence[ChangeSet], int], None]

__all__ = ["fill"]

T = TypeVar("T")

_ROWS = 5_000
_LOG_ENTRIES = 5_000
_SECONDS = 120.0
_LABELS = ("Entity", "_Change", "_Document", "_BaseEntity", "_BaseRelation", "_BaseDocument", "_Base")
_BEGIN = """
MATCH (log:_Log {id: 'log'}) MATCH (state:_State {id: 'state'}) SET log.lock = 1 REMOVE log.lock
WITH log, state
RETURN coalesce(log.filling, false), log.seq > 0 OR state.journal IS NOT NULL
  OR EXISTS { MATCH (:Entity) } OR EXISTS { MATCH (:_Document) }
"""
_MARK = """
MATCH (log:_Log {id: 'log'}) MATCH (state:_State {id: 'state'})
SET log.filling = true, log.timeline = $timeline, log.seq = 0
SET state.journal = null, state.offset = null, state.counters = null, state.recast = null
"""
_DOCUMENTS = """
UNWIND $rows AS row CREATE (d:_Document {name: row[0]}) SET d.version = row[1], d.file = row[2], d.text = row[3]
"""
_CONTAIN = f"""
MATCH (child:Entity) WHERE child.site <> '' AND child.site <> child.id
CALL (child) {{
  MATCH (parent:Entity {{path: left(child.path, size(child.path) - size(child.key) - 1)}})
  CREATE (parent)-[:{CONTAINS}]->(child)
}} IN TRANSACTIONS OF 5000 ROWS
"""
_CONTAINED = f"MATCH ()-[c:{CONTAINS}]->() RETURN count(c)"
_BORN = "UNWIND $rows AS row MATCH (e:Entity {id: row[0]}) SET e._born = row[1]"
_END = """
MATCH (log:_Log {id: 'log'}) MATCH (state:_State {id: 'state'})
SET log.seq = $head, state.journal = $journal, state.offset = $offset, state.counters = $counters,
    state.recast = $recast
REMOVE log.filling
"""


def fill(
    connection: Connection,
    dump: Dump,
    timeline: str,
    progress: Callable[[int, int], None] | None,
    append: Append,
    *,
    replace: bool,
) -> None:
    """Take in a dump. ``append`` writes records after a sequence of the log, which must follow on one another."""
    connection.run(lambda transaction: _begin(transaction, timeline, replace=replace), _SECONDS)
    for label in _LABELS:
        connection.alone(f"MATCH (n:{label}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 10000 ROWS")
    _Filling(connection, progress, dump.expected).take(dump, append)
    connection.run(lambda transaction: _end(transaction, dump), _SECONDS)


class _Filling:
    """What goes on between the mark and its end."""

    def __init__(self, connection: Connection, progress: Callable[[int, int], None] | None, expected: int) -> None:
        self._connection = connection
        self._parts = Parts(progress, expected)

    def take(self, dump: Dump, append: Append) -> None:
        """Everything of a dump, in the order in which one needs the other."""
        snapshot, labels = dump.snapshot, Labels(dump.snapshot.documents)
        self._run(_DOCUMENTS, [[each.name, each.version, each.file, each.text] for each in snapshot.documents])
        inside = 0
        for entities in self._parts.of(snapshot.entities, _ROWS):
            self._run(CREATE, [new_row(entity, labels) for entity in entities])
            inside += sum(entity.parent is not None for entity in entities)
        self._contain(inside)
        for relations in self._parts.of(snapshot.relations, _ROWS):
            self._run(LINK, [[*each.key, each.instance, *roles_in(each)] for each in relations])
        for readings in self._parts.of(dump.states, _ROWS):
            self._connection.run(partial(_put_states, said=dict(readings)), _SECONDS)
        for changes in _by_entries(self._parts.of(dump.changes, 1)):
            self._append(changes, append)
        if (base := dump.base) is not None:
            self._connection.run(lambda transaction: trimming.put_base(transaction, base, dump.trimmed.at), _SECONDS)

    def _contain(self, expected: int) -> None:
        self._connection.alone(_CONTAIN)
        found = self._connection.run(lambda transaction: transaction.run(_CONTAINED).single(strict=True)[0])
        if found != expected:
            raise BackendError(
                f"of {expected} entities within another, {found} found it",
                code="store.unfilled",
                help="what is moved does not fit together: see what 'twin doctor' says of the place it comes from",
            )

    def _append(self, changes: list[Change], append: Append) -> None:
        head = changes[0].sequence - 1
        born = [
            [entry.entity.id, change.sequence]
            for change in changes
            for entry in change.changeset.entries
            if isinstance(entry, Create)
        ]

        def job(transaction: neo4j.Transaction) -> None:
            append(transaction, [change.changeset for change in changes], head)
            for rows in _in_parts(born):
                transaction.run(_BORN, rows=rows).consume()

        self._connection.run(job, _SECONDS)

    def _run(self, statement: str, rows: list[Any]) -> None:
        self._connection.run(lambda transaction: transaction.run(statement, rows=rows).consume(), _SECONDS)


def _begin(transaction: neo4j.Transaction, timeline: str, *, replace: bool) -> None:
    unfinished, taken = transaction.run(_BEGIN).single(strict=True)
    if taken and not unfinished and not replace:
        raise occupied()
    transaction.run(_MARK, timeline=timeline).consume()


def _put_states(transaction: neo4j.Transaction, said: dict[tuple[str, str], Reading]) -> None:
    put_states(transaction, said)


def _end(transaction: neo4j.Transaction, dump: Dump) -> None:
    mark = dump.watermark
    transaction.run(
        _END,
        head=dump.snapshot.head,
        journal=mark.journal or None,
        offset=mark.offset if mark.journal else None,
        counters=orjson.dumps(mark.counters).decode() if mark.journal else None,
        recast=dump.recast or None,
    ).consume()


def _by_entries(changes: Iterable[list[Change]]) -> Iterator[list[Change]]:
    """Records that follow on one another, with so many entries all in all."""
    held: list[Change] = []
    entries = 0
    for (change,) in changes:
        held.append(change)
        entries += 1 + len(change.changeset.entries)
        if entries >= _LOG_ENTRIES:
            yield held
            held, entries = [], 0
    if held:
        yield held


def _in_parts(rows: list[T]) -> Iterator[list[T]]:
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
