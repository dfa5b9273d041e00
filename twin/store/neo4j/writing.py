"""The entries of a group as few statements: what is new and changed is held and written together, by UNWIND."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from twin.errors import BackendError
from twin.graph.model import (
    CONTAINS,
    Create,
    Delete,
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
from twin.graph.readings import recasts_of
from twin.store.neo4j.creating import CREATE, CREATE_BELOW, new_row, waves
from twin.store.neo4j.labels import own_label
from twin.store.neo4j.names import is_identifier
from twin.store.neo4j.nodes import decode_entity, moment, properties_of, roles_in
from twin.store.neo4j.states import recast_states, take_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import neo4j

    from twin.graph.model import ChangeSet, Document, Entity, Entry, Relation
    from twin.store.neo4j.labels import Labels

__all__ = ["BULK", "LINK", "Writer"]

_ROWS_A_STATEMENT = 5_000
_MANY = 500
"""So many relations of one type are worth a statement of their own, in which the type is not a parameter."""
_encode = msgspec.json.Encoder().encode

_TIMES = """
e.created = datetime({epochSeconds: row[2], microsecond: row[3]}),
e.updated = datetime({epochSeconds: row[4], microsecond: row[5]})
"""
_CHANGE = f"UNWIND $rows AS row MATCH (e:Entity {{id: row[0]}}) SET e += row[1], {_TIMES}"
_RELABEL = "UNWIND $rows AS row MATCH (e:Entity {id: row[0]}) REMOVE e:$(row[1]) SET e:$(row[2])"
_LEAVE = f"UNWIND $rows AS row MATCH (:Entity)-[old:{CONTAINS}]->(:Entity {{id: row[1]}}) DELETE old"
_ENTER = f"""
UNWIND $rows AS row MATCH (parent:Entity {{id: row[0]}}) MATCH (child:Entity {{id: row[1]}})
CREATE (parent)-[:{CONTAINS}]->(child)
"""
_DELETE = "UNWIND $rows AS id MATCH (e:Entity {id: id}) DETACH DELETE e"
LINK = """
UNWIND $rows AS row MATCH (source:Entity {id: row[0]}) MATCH (target:Entity {id: row[1]})
CREATE (source)-[r:$(row[2])]->(target) SET r.instance = row[3], r.roles = row[4], r.until = row[5]
"""
_LINK_AS = """
UNWIND $rows AS row MATCH (source:Entity {{id: row[0]}}) MATCH (target:Entity {{id: row[1]}})
CREATE (source)-[r:`{}`]->(target) SET r.instance = row[3], r.roles = row[4], r.until = row[5]
"""
_UNLINK = """
UNWIND $rows AS row MATCH (source:Entity {id: row[0]}) MATCH (target:Entity {id: row[1]})
MATCH (source)-[r]->(target) WHERE type(r) = row[2] DELETE r
"""
_READ = "UNWIND $rows AS id MATCH (e:Entity {id: id}) RETURN e._entity"
_BELOW = "MATCH (e:Entity) WHERE e.path STARTS WITH $path RETURN e._entity"
BULK = (CREATE, CREATE_BELOW, _CHANGE, _RELABEL, _LEAVE, _ENTER, _DELETE, LINK, _UNLINK, _READ)
"""Statements that take rows, of which there may be none."""
_DOCUMENT = "MERGE (d:_Document {name: $name}) SET d.version = $version, d.file = $file, d.text = $text"


class Writer:
    """Takes ChangeSets in their order; `flush` at the end."""

    def __init__(self, transaction: neo4j.Transaction, labels: Labels) -> None:
        self._transaction = transaction
        self.labels = labels
        self._known: dict[str, Entity] = {}
        self._created: dict[str, Entity] = {}
        self._born: dict[str, int] = {}
        """By which record of the log it was created."""
        self._changed: dict[str, tuple[Entity, Entity]] = {}
        """As the node has it, and as it will."""
        self._entered: list[tuple[str | None, str]] = []
        self._left: list[tuple[str | None, str]] = []
        self._linked: dict[tuple[str, str, str], Relation] = {}
        self._unlinked: set[tuple[str, str, str]] = set()
        self._deleted: list[str] = []

    def expect(self, changesets: Iterable[ChangeSet]) -> None:
        """Read at once what the updates of these are going to change."""
        new = {entry.entity.id for each in changesets for entry in each.entries if isinstance(entry, Create)}
        changed = {entry.id for each in changesets for entry in each.entries if isinstance(entry, Update | Move)}
        ids = sorted(changed - new)
        for start in range(0, len(ids), _ROWS_A_STATEMENT):
            self._learn(self._transaction.run(_READ, rows=ids[start : start + _ROWS_A_STATEMENT]))

    def take(self, changeset: ChangeSet, sequence: int) -> None:
        """Write a ChangeSet, or hold it for `flush`."""
        if changeset.documents:
            self.flush()
            self._install(changeset.documents)
        recasts = recasts_of(changeset.entries)
        if recasts:
            self.flush()
            points = [(entry.id, entry.point) for entry in recasts]
            taken = take_states(self._transaction, points, sequence)
        for entry in changeset.entries:
            self._take(entry, changeset)
            if isinstance(entry, Create):
                self._born[entry.entity.id] = sequence
        if recasts:
            self.flush()
            recast_states(self._transaction, taken, recasts)

    def flush(self) -> None:
        """Write what is held: what is new before what refers to it, deletions last."""
        changed = [pair for pair in self._changed.values() if pair[0] != pair[1]]
        for wave in waves(self._created.values()):
            self._create(wave)
        self._run(_CHANGE, [_row(after, before) for before, after in changed])
        self._run(_RELABEL, list(filter(None, map(self._relabelled, changed))))
        self._run(_LEAVE, self._left)
        self._run(_ENTER, self._entered)
        self._run(_UNLINK, sorted(self._unlinked))
        self._link()
        self._run(_DELETE, self._deleted)
        self._known |= self._created | {id_: after for id_, (_, after) in self._changed.items()}
        for held in (self._created, self._changed, self._entered, self._left, self._linked, self._deleted):
            held.clear()
        self._unlinked.clear()

    def _take(self, entry: Entry, changeset: ChangeSet) -> None:
        match entry:
            case Create(entity):
                self._created[entity.id] = created(entity, changeset)
            case Update():
                self._put(apply_update(self._read(entry.id), entry, changeset.at, changeset.actor.name))
            case Move():
                self._move(entry, changeset)
            case Delete():
                self._deleted.append(entry.id)
            case Link(relation):
                self._linked[relation.key] = _checked(relation)
            case Unlink():
                key = (entry.source, entry.target, entry.type)
                self._linked.pop(key, None)
                self._unlinked.add(key)
            case Recast():
                pass  # `take` does all of a ChangeSet at once

    def _create(self, wave: Sequence[Entity]) -> None:
        """Those of one depth: their parents are there."""
        rows = [new_row(entity, self.labels, self._born.pop(entity.id)) for entity in wave]
        self._run(CREATE, [row for row in rows if row[-1] is None])
        made = self._run(CREATE_BELOW, below := [row for row in rows if row[-1] is not None])
        if made != len(below):
            raise _damaged(len(below) - made)

    def _link(self) -> None:
        by_type: dict[str, list[list[Any]]] = {}
        for each in self._linked.values():
            by_type.setdefault(each.type, []).append([*each.key, each.instance, *roles_in(each)])
        for type_, rows in by_type.items():
            if len(rows) >= _MANY:
                self._run(_LINK_AS.format(type_), rows)
        self._run(LINK, [row for rows in by_type.values() if len(rows) < _MANY for row in rows])

    def _move(self, move: Move, changeset: ChangeSet) -> None:
        self.flush()
        before = self._read(move.id)
        after = moved(before, move, self._read(move.parent), changeset.at, changeset.actor.name)
        result = self._transaction.run(_BELOW, path=f"{before.path}/")
        self._put(after)
        for entity in map(decode_entity, (body for (body,) in result.values())):
            self._known[entity.id] = entity
            self._put(relocated(entity, before.path, after.path))
        self._left.append((before.parent, after.id))
        self._entered.append((after.parent, after.id))

    def _put(self, after: Entity) -> None:
        if after.id in self._created:
            self._created[after.id] = after
        else:
            before, _ = self._changed.get(after.id) or (self._known[after.id], None)
            self._changed[after.id] = (before, after)

    def _read(self, entity_id: str) -> Entity:
        if entity_id in self._created:
            return self._created[entity_id]
        if entity_id in self._changed:
            return self._changed[entity_id][1]
        if entity_id not in self._known:
            self._learn(self._transaction.run(_READ, rows=[entity_id]))
        return self._known[entity_id]

    def _learn(self, result: neo4j.Result) -> None:
        for (body,) in result.values():
            entity = decode_entity(body)
            self._known[entity.id] = entity

    def _relabelled(self, change: tuple[Entity, Entity]) -> list[Any] | None:
        before, after = (set(self.labels.of(entity)) for entity in change)
        return None if before == after else [change[1].id, sorted(before - after), sorted(after - before)]

    def _install(self, documents: Sequence[Document]) -> None:
        for document in documents:
            fields = {"name": document.name, "version": document.version, "file": document.file, "text": document.text}
            self._transaction.run(_DOCUMENT, fields).consume()
        after = self.labels.installing(documents)
        for type_, gone, new in self.labels.changes(after):
            query = f"MATCH (e:`{own_label(type_)}`) WHERE e.type = $type REMOVE e:$($gone) SET e:$($new)"
            self._transaction.run(query, type=type_, gone=gone, new=new).consume()
        self.labels = after

    def _run(self, query: str, rows: Sequence[Any]) -> int:
        """Run a statement over rows; how many nodes it made."""
        made = 0
        for start in range(0, len(rows), _ROWS_A_STATEMENT):
            told = self._transaction.run(query, rows=rows[start : start + _ROWS_A_STATEMENT]).consume()
            made += told.counters.nodes_created
        return made


def _row(entity: Entity, before: Entity) -> list[Any]:
    """Id, properties, and when it was created and updated; properties that it no longer has are nothing."""
    found = properties_of(entity)
    found = {**dict.fromkeys(properties_of(before).keys() - found.keys()), **found}
    return [entity.id, found, *moment(entity.created), *moment(entity.updated)]


def _damaged(missing: int) -> BackendError:
    return BackendError(
        f"the place of {missing} new entities in the tree is not there",
        code="store.damaged",
        help="somebody has deleted nodes in Neo4j itself; start the twin again: it loads what is there",
    )


def _checked(relation: Relation) -> Relation:
    if not is_identifier(relation.type):
        message = f"{relation.type!r} cannot be the type of a relation in Neo4j"
        raise ValueError(message)
    return relation
