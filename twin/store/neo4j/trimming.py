"""The log by entity, and the base that is left of what was trimmed.

A record of the log is joined by ``ABOUT`` to the entities that it changes; those that it creates say so themselves, in
``_born``: a relation for each of a hundred thousand would cost a fifth of the time in which they are written. The base
is kept apart from the graph, as ``_BaseEntity`` and ``_BaseRelation``, which nothing else looks at.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.model import Change, ChangeSet, Create, Document, Entity, Relation
from twin.store import Snapshot, Trimmed
from twin.store.about import about, read_about
from twin.store.base import STEP_ENTRIES, Advance, needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import neo4j

    from twin.store.neo4j.connection import Connection

__all__ = [
    "ABOUT",
    "BULK",
    "INDEXES",
    "UNIQUE",
    "base",
    "changed",
    "changes_of",
    "index_log",
    "put_base",
    "trim",
    "trimmed",
]

UNIQUE = {"twin_base_id": ("_Base", "id"), "twin_base_entity": ("_BaseEntity", "id")}
UNIQUE |= {"twin_base_relation": ("_BaseRelation", "key"), "twin_base_document": ("_BaseDocument", "name")}
INDEXES = {
    "twin_base_path": ("_BaseEntity", "path"),
    "twin_base_source": ("_BaseRelation", "source"),
    "twin_base_target": ("_BaseRelation", "target"),
}

ABOUT = """
UNWIND $rows AS row MATCH (c:_Change {seq: row[0]})
UNWIND row[1] AS id MATCH (e:Entity {id: id}) CREATE (c)-[:ABOUT]->(e)
"""
_ABOUT_AGAIN = ABOUT.replace("CREATE", "MERGE")
_PUT_BORN = "UNWIND $rows AS row MATCH (e:Entity {id: row[0]}) SET e._born = row[1]"
_CHANGED = """
MATCH (:Entity {id: $id})<-[:ABOUT]-(c:_Change) WHERE c.seq < $before
RETURN c.seq, c.body ORDER BY c.seq DESC LIMIT $limit
"""
_BORN = "MATCH (e:Entity {id: $id}) MATCH (c:_Change {seq: e._born}) WHERE c.seq < $before RETURN c.seq, c.body"
_MARK = "MERGE (b:_Base {id: 'base'}) SET b.lock = 1 REMOVE b.lock WITH b RETURN b.seq, b.at"
_READ_MARK = "MATCH (b:_Base {id: 'base'}) RETURN b.seq, b.at"
_MOVE_MARK = "MATCH (b:_Base {id: 'base'}) SET b.seq = $sequence, b.at = $at"
_OLDEST = "MATCH (c:_Change) WHERE c.seq > $since AND c.seq <= $until RETURN c.seq, c.body ORDER BY c.seq"
_HEAD = "MATCH (log:_Log {id: 'log'}) RETURN log.seq, log.timeline"
_FORGET = "UNWIND $rows AS seq MATCH (c:_Change {seq: seq}) DETACH DELETE c"
_KNOWN = "UNWIND $rows AS id MATCH (e:_BaseEntity {id: id}) RETURN e.body"
_BELOW = "MATCH (e:_BaseEntity) WHERE e.path STARTS WITH $path RETURN e.body"
_GONE = (
    "UNWIND $rows AS id MATCH (e:_BaseEntity {id: id}) DELETE e",
    "UNWIND $rows AS id MATCH (r:_BaseRelation {source: id}) DELETE r",
    "UNWIND $rows AS id MATCH (r:_BaseRelation {target: id}) DELETE r",
)
_UNLINKED = "UNWIND $rows AS key MATCH (r:_BaseRelation {key: key}) DELETE r"
_PUT_ENTITIES = "UNWIND $rows AS row MERGE (e:_BaseEntity {id: row[0]}) SET e.path = row[1], e.body = row[2]"
_PUT_RELATIONS = """
UNWIND $rows AS row MERGE (r:_BaseRelation {key: row[0]}) SET r.source = row[1], r.target = row[2], r.body = row[3]
"""
_PUT_DOCUMENTS = "UNWIND $rows AS row MERGE (d:_BaseDocument {name: row[0]}) SET d.body = row[1]"
_ENTITIES = "MATCH (e:_BaseEntity) RETURN e.body"
_SITE_ENTITIES = "MATCH (e:_BaseEntity) WHERE e.path = $site OR e.path STARTS WITH $inside RETURN e.body"
_RELATIONS = "MATCH (r:_BaseRelation) RETURN r.body"
_SITE_RELATIONS = """
MATCH (e:_BaseEntity) WHERE e.path = $site OR e.path STARTS WITH $inside
MATCH (r:_BaseRelation {source: e.id}) RETURN r.body
"""
_DOCUMENTS = "MATCH (d:_BaseDocument) RETURN d.body ORDER BY d.name"
BULK = (ABOUT, _FORGET)
"""Statements that take rows, of which there may be none."""
_LAST = 2**62
_PAGE = 50
_ROWS = 5_000

_decode_changeset = msgspec.json.Decoder(ChangeSet).decode
_decode_entity = msgspec.json.Decoder(Entity).decode
_decode_relation = msgspec.json.Decoder(Relation).decode
_decode_document = msgspec.json.Decoder(Document).decode
_encode = msgspec.json.Encoder().encode


def changed(sequence: int, changeset: ChangeSet) -> list[Any]:
    """A row of `ABOUT`: what a record is about, but for what it creates."""
    new = {entry.entity.id for entry in changeset.entries if isinstance(entry, Create)}
    return [sequence, sorted(about(changeset) - new)]


def index_log(connection: Connection) -> None:
    """Join every record of the log to what it is about: in a database in which nobody has yet, or has got half-way."""
    since, head = 0, connection.run(lambda transaction: transaction.run(_HEAD).single(strict=True)[0])
    while since < head:
        since = connection.run(partial(_index, since=since, head=head))


def _index(transaction: neo4j.Transaction, since: int, head: int) -> int:
    rows = transaction.run(_OLDEST, since=since, until=since + _PAGE).values()
    changes = [Change(sequence, _decode_changeset(body)) for sequence, body in rows]
    born = [
        [entry.entity.id, change.sequence]
        for change in changes
        for entry in change.changeset.entries
        if isinstance(entry, Create)
    ]
    _run(transaction, _PUT_BORN, born)
    _run(transaction, _ABOUT_AGAIN, [changed(change.sequence, change.changeset) for change in changes])
    return min(since + _PAGE, head)


def changes_of(transaction: neo4j.Transaction, entity: str, before: int | None, limit: int) -> list[Change]:
    """What was changed of an entity, the newest first."""
    given: dict[str, Any] = {"id": entity, "before": _LAST if before is None else before}
    rows = transaction.run(_CHANGED, **given, limit=limit).values()
    if len(rows) < limit:
        rows += transaction.run(_BORN, **given).values()
    return read_about(((sequence, body) for sequence, body in rows), entity)


def trimmed(transaction: neo4j.Transaction) -> Trimmed:
    """How far the log was trimmed."""
    return _mark(transaction, _READ_MARK)


def trim(transaction: neo4j.Transaction, sequence: int) -> Trimmed:
    """Move the base on by some records, and forget those. Its node is locked first: two that trim do it in turns."""
    mark = _mark(transaction, _MARK)
    changes = _step(transaction, mark.sequence, sequence)
    if not changes:
        return mark
    _advance(transaction, changes)
    _run(transaction, _FORGET, [change.sequence for change in changes])
    return _moved(transaction, Trimmed(changes[-1].sequence, changes[-1].changeset.at))


def base(transaction: neo4j.Transaction, site: str | None) -> Snapshot | None:
    """The graph right before the oldest record, while nobody trims: of one site by its key, or of all."""
    mark = _mark(transaction, _MARK)
    if not mark.sequence:
        return None
    _, timeline = transaction.run(_HEAD).single(strict=True)
    given = {} if site is None else {"site": site, "inside": f"{site}/"}
    entities, relations = (_ENTITIES, _RELATIONS) if site is None else (_SITE_ENTITIES, _SITE_RELATIONS)
    return Snapshot(
        head=mark.sequence,
        timeline=timeline,
        documents=tuple(_read(transaction, _DOCUMENTS, _decode_document)),
        entities=_read(transaction, entities, _decode_entity, **given),
        relations=_read(transaction, relations, _decode_relation, **given),
    )


def put_base(transaction: neo4j.Transaction, snapshot: Snapshot, at: int) -> None:
    """Keep a whole base where there is none. ``at`` is when its last change was made."""
    _mark(transaction, _MARK)
    _put(transaction, snapshot.entities, snapshot.relations, snapshot.documents)
    _moved(transaction, Trimmed(snapshot.head, at))


def _mark(transaction: neo4j.Transaction, query: str) -> Trimmed:
    record = transaction.run(query).single()
    sequence, at = (None, None) if record is None else record
    return Trimmed(sequence or 0, at or 0)


def _moved(transaction: neo4j.Transaction, mark: Trimmed) -> Trimmed:
    transaction.run(_MOVE_MARK, sequence=mark.sequence, at=mark.at).consume()
    return mark


def _step(transaction: neo4j.Transaction, since: int, until: int) -> list[Change]:
    """So many of the oldest records as one step takes; the newest of all stays where it is, for the head is there."""
    head, _ = transaction.run(_HEAD).single(strict=True)
    found: list[Change] = []
    entries = 0
    for first in range(since, min(until, head - 1), _PAGE):
        given = {"since": first, "until": min(first + _PAGE, until, head - 1)}
        for sequence, body in transaction.run(_OLDEST, **given).values():
            change = Change(sequence, _decode_changeset(body))
            if entries and entries + len(change.changeset.entries) > STEP_ENTRIES:
                return found
            entries += len(change.changeset.entries)
            found.append(change)
        if entries >= STEP_ENTRIES or len(found) >= STEP_ENTRIES:
            break
    return found


def _advance(transaction: neo4j.Transaction, changes: Sequence[Change]) -> None:
    known = _read(transaction, _KNOWN, _decode_entity, rows=needed(changes))
    advance = Advance(known, lambda path: _read(transaction, _BELOW, _decode_entity, path=f"{path}/"))
    for change in changes:
        advance.take(change)
    for statement in _GONE:
        _run(transaction, statement, list(advance.gone))
    _run(transaction, _UNLINKED, list(map(_key, advance.unlinked)))
    _put(transaction, advance.entities.values(), advance.linked, advance.documents.values())


def _put(
    transaction: neo4j.Transaction,
    entities: Iterable[Entity],
    relations: Iterable[Relation],
    documents: Iterable[Document],
) -> None:
    _run(transaction, _PUT_ENTITIES, ([each.id, each.path, _text(each)] for each in entities))
    _run(transaction, _PUT_RELATIONS, ([_key(each.key), each.source, each.target, _text(each)] for each in relations))
    _run(transaction, _PUT_DOCUMENTS, ([each.name, _text(each)] for each in documents))


def _key(key: tuple[str, str, str]) -> str:
    return " ".join(key)


def _text(value: Entity | Relation | Document) -> str:
    return _encode(value).decode()


def _read(transaction: neo4j.Transaction, query: str, decode: Callable[[str], Any], **given: Any) -> list[Any]:
    return [decode(body) for (body,) in transaction.run(query, **given)]


def _run(transaction: neo4j.Transaction, query: str, rows: Iterable[Any]) -> None:
    for part in _parts(rows):
        transaction.run(query, rows=part).consume()


def _parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    part: list[Any] = []
    for row in rows:
        part.append(row)
        if len(part) == _ROWS:
            yield part
            part = []
    if part:
        yield part
