"""A twin kept in a Neo4j database, as a person reads it: labels, typed relations, readings as properties.

The log is one node, locked before anything is read and until all is written: whoever commits, commits alone, at the
head that it knows, and gives each ChangeSet the next sequence. Readers take no locks, and a database that is being
written shows them halves; so what is read whole is read between two looks at the log that wait for its lock.
"""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from twin.errors import BackendError, OutcomeUnknown
from twin.graph.model import Change, ChangeSet, Committed, Document
from twin.store import HeadMovedError, LogTrimmed, Snapshot, TimelineMovedError
from twin.store.loading import Loading
from twin.store.neo4j import states, trimming, writing
from twin.store.neo4j.connection import SECONDS, Connection
from twin.store.neo4j.filling import fill
from twin.store.neo4j.labels import Labels
from twin.store.neo4j.nodes import moment
from twin.store.neo4j.reading import entity_rows, relation_rows
from twin.store.neo4j.saving import Saving
from twin.store.neo4j.schema import prepare
from twin.store.neo4j.states import load_states, write_batch
from twin.store.neo4j.summing import site_snapshot, summed
from twin.store.neo4j.writing import Writer
from twin.store.sqlite.faults import reported
from twin.store.sqlite.moving import dumped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import neo4j

    from twin.graph.readings import Reading
    from twin.store import Dump, StateBatch, Sums, Trimmed, Watermark
    from twin.store.neo4j.address import Address

__all__ = ["Neo4jStore"]

T = TypeVar("T")

_LOAD_SECONDS = 900.0
_LOAD_TRIES = 3
_TRIM_SECONDS = 60.0
_ENTRIES_A_SECOND = 500
"""How many entries a slow server writes in a second: a large group has so much longer."""
_LOG_ROWS = 1_000

_LOCK = "MATCH (log:_Log {id: 'log'}) SET log.lock = 1 REMOVE log.lock WITH log RETURN log.seq, log.timeline"
_HEAD = "MATCH (log:_Log {id: 'log'}) RETURN log.seq"
_WHERE = "MATCH (log:_Log {id: 'log'}) RETURN log.seq, log.timeline"
_MOVE_HEAD = "MATCH (log:_Log {id: 'log'}) SET log.seq = $sequence"
_PROBE = "MATCH (log:_Log {id: 'log'}) SET log.probes = coalesce(log.probes, 0) + 1"
"""Written to see whether anything can be."""
_KNOWN = "UNWIND $op_ids AS op_id MATCH (c:_Change {op_id: op_id}) RETURN op_id, c.seq"
_APPEND = """
UNWIND $rows AS row CREATE (c:_Change) SET
c.seq = row[0], c.op_id = row[1], c.at = datetime({epochSeconds: row[2], microsecond: row[3]}),
c.by = row[4], c.via = row[5], c.summary = row[6], c.site = row[7], c.body = row[8]
"""
_CHANGES = "MATCH (c:_Change) WHERE c.seq > $since RETURN c.seq, c.body ORDER BY c.seq LIMIT $limit"
_DOCUMENTS = "MATCH (d:_Document) RETURN d.name, d.version, d.file, d.text ORDER BY d.name"
_SIZE = "RETURN COUNT { (:Entity) } + COUNT { ()-->() } - COUNT { ()-[:CONTAINS]->() }"

_decode_changeset = msgspec.json.Decoder(ChangeSet).decode
_encode = msgspec.json.Encoder().encode


class Neo4jStore:
    """A `GraphStore` in Neo4j 5.26 or newer. Its methods block; one thread at a time is inside."""

    def __init__(
        self,
        address: Address,
        connection: Connection | None = None,
        *,
        closed: Callable[[], object] | None = None,
        unfinished: bool = False,
    ) -> None:
        """Connect, and make the database ready. ``closed`` is called after the store has let go of the server.
        ``unfinished``: it is to be filled, and may be half full.

        Raises:
            BackendError: it cannot be reached, refuses the user, is too old, or holds something else.
        """
        self._connection = connection or Connection(address)
        self._closed = closed
        self._unsettled = False
        self._timeline = ""
        try:
            prepare(self._connection, unfinished=unfinished)
            self._labels = Labels(self._connection.run(_documents))
            self._connection.run(_rehearse, _LOAD_SECONDS)
        except BaseException:
            self.close()
            raise

    def load(self, progress: Callable[[int, int], None] | None = None) -> Snapshot:
        """The graph at its head."""

        def read(transaction: neo4j.Transaction) -> Snapshot:
            return _snapshot(transaction, progress)

        def read_locked(transaction: neo4j.Transaction) -> Snapshot:
            """While nobody commits: for a graph that changes faster than it is read."""
            _lock(transaction)
            return _snapshot(transaction, progress)

        for _ in range(_LOAD_TRIES):
            head = self._settle()
            snapshot = self._run(read, _LOAD_SECONDS)
            if self._settle() == head:
                break
        else:
            snapshot = self._run(read_locked, _LOAD_SECONDS)
        self._labels, self._timeline = Labels(snapshot.documents), snapshot.timeline
        return snapshot

    def head(self) -> int:
        """The sequence of the newest ChangeSet."""
        return self._settle() if self._unsettled else self._run(_head)

    def commit(self, group: Sequence[ChangeSet], head: int) -> list[Committed]:
        """Write the ChangeSets not known yet, in one transaction; see `GraphStore.commit`."""
        entries = sum(len(changeset.entries) for changeset in group)
        answer, labels = self._run(
            lambda transaction: _commit(transaction, group, head, self._labels, self._timeline),
            SECONDS + entries / _ENTRIES_A_SECOND,
        )
        self._labels = labels
        return answer

    def outcome(self, op_id: str) -> Committed | None:
        """What became of an op_id. A commit whose outcome is unknown holds the log until it is settled."""
        if self._unsettled:
            self._settle()
        return self._run(lambda transaction: _known(transaction, [op_id]).get(op_id))

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """The log after a sequence."""
        if self._unsettled:
            self._settle()

        def read(transaction: neo4j.Transaction) -> list[list[Any]]:
            self._check_timeline(transaction)
            return transaction.run(_CHANGES, since=since, limit=limit).values()

        rows = self._run(read)
        if rows and rows[0][0] != since + 1:
            mark = self.trimmed()
            if since < mark.sequence:
                raise LogTrimmed(since, mark)
        # of a group that is just being committed, a reader may see the second before the first
        gapless = takewhile(lambda row: row[1][0] == since + 1 + row[0], enumerate(rows))
        documents = [Change(sequence, self._decoded(body)) for _, (sequence, body) in gapless]
        for change in documents:
            if change.changeset.documents:
                self._labels = self._labels.installing(change.changeset.documents)
        return documents

    def changes_of(self, entity: str, before: int | None = None, limit: int = 50) -> list[Change]:
        """What was changed of an entity, the newest first."""
        return self._run(lambda transaction: trimming.changes_of(transaction, entity, before, limit))

    def trim(self, sequence: int) -> Trimmed:
        """Forget some of the oldest records; see `GraphStore.trim`."""
        return self._run(lambda transaction: trimming.trim(transaction, sequence), _TRIM_SECONDS)

    def trimmed(self) -> Trimmed:
        """How far the log was trimmed."""
        return self._run(trimming.trimmed)

    def base(self, site: str | None = None) -> Snapshot | None:
        """The graph right before the oldest record that is kept."""
        return self._run(lambda transaction: trimming.base(transaction, site), _LOAD_SECONDS)

    def sums(self) -> Sums:
        """What each site comes to; read beside whoever writes, on a connection of its own."""
        with closing(Connection(self._connection.address)) as aside:
            since = aside.run(_head)
            return aside.run(lambda transaction: summed(transaction, since), _LOAD_SECONDS)

    def load_site(self, site: str) -> Snapshot:
        """What is of one site; read on a connection of its own, while nobody commits."""

        def read(transaction: neo4j.Transaction) -> Snapshot:
            _lock(transaction)
            return site_snapshot(transaction, site)

        with closing(Connection(self._connection.address)) as aside:
            return aside.run(read, _LOAD_SECONDS)

    def write_states(self, batch: StateBatch) -> None:
        """Keep the greatest order per point of what exists, and the watermark, in one transaction."""
        seconds = SECONDS + len(batch.readings) / _ENTRIES_A_SECOND

        def write(transaction: neo4j.Transaction) -> None:
            self._check_timeline(transaction)
            write_batch(transaction, batch)

        self._run(write, seconds)

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """Every point's last reading, and the watermark."""
        return self._run(load_states, _LOAD_SECONDS)

    @contextmanager
    def dump(self) -> Iterator[Dump]:
        """Everything at one sequence: by way of a file, for here a reader sees what others write meanwhile."""
        with tempfile.TemporaryDirectory(prefix="twin-") as folder:
            file = Path(folder) / "dump.sqlite"
            self.save(file)
            with reported(file), dumped(file) as found:
                yield found

    def save(
        self,
        path: Path,
        beside: Callable[[], object] = lambda: None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write everything at one sequence into a SQLite file; see `GraphStore.save`."""
        with reported(path):
            Saving(path, self._run, self._settle, progress).save(beside)

    def fill(
        self,
        dump: Dump,
        timeline: str,
        progress: Callable[[int, int], None] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Take in what a dump holds, marked as unfinished until the end; see `GraphStore.fill`."""
        fill(self._connection, dump, timeline, progress, _append, replace=replace)
        self._labels, self._timeline = Labels(dump.snapshot.documents), timeline

    def close(self) -> None:
        """Let go of the server; idempotent."""
        self._connection.close()
        closed, self._closed = self._closed, None
        if closed is not None:
            closed()

    def _check_timeline(self, transaction: neo4j.Transaction) -> None:
        """What was put here since it was loaded is another history; nobody goes on with it unseen."""
        head, timeline = transaction.run(_WHERE).single(strict=True)
        if self._timeline not in {"", timeline}:
            raise TimelineMovedError(head)

    def _settle(self) -> int:
        """The head, once whatever is being committed is committed or undone."""
        head, _ = self._run(_lock)
        self._unsettled = False
        return head

    def _run(self, job: Callable[[neo4j.Transaction], T], seconds: float = SECONDS) -> T:
        try:
            return self._connection.run(job, seconds)
        except OutcomeUnknown:
            self._unsettled = True
            raise
        except msgspec.MsgspecError as error:
            raise self._unreadable(error) from error

    def _decoded(self, body: str) -> ChangeSet:
        try:
            return _decode_changeset(body)
        except msgspec.MsgspecError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> BackendError:
        address = self._connection.address
        return BackendError(
            f"{address.uri}, database {address.database}, holds what this twin cannot read: {error}",
            code="store.unreadable",
            help="it was written by another version: run that one, or name another database",
        )


def _lock(transaction: neo4j.Transaction) -> tuple[int, str]:
    """Lock the log: head and timeline, as nobody else changes them until the transaction's end."""
    head, timeline = transaction.run(_LOCK).single(strict=True)
    return head, timeline


def _head(transaction: neo4j.Transaction) -> int:
    found: int = transaction.run(_HEAD).single(strict=True)[0]
    return found


def _known(transaction: neo4j.Transaction, op_ids: Sequence[str]) -> dict[str, Committed]:
    return {op_id: Committed(sequence, op_id) for op_id, sequence in transaction.run(_KNOWN, op_ids=op_ids).values()}


def _commit(
    transaction: neo4j.Transaction, group: Sequence[ChangeSet], head: int, labels: Labels, known_timeline: str
) -> tuple[list[Committed], Labels]:
    at, timeline = _lock(transaction)
    if known_timeline not in {"", timeline}:
        raise TimelineMovedError(at)
    known = _known(transaction, [changeset.op_id for changeset in group])
    fresh = [changeset for changeset in group if changeset.op_id not in known]
    if fresh and at != head:
        raise HeadMovedError(at)
    writer = Writer(transaction, labels)
    writer.expect(fresh)
    for sequence, changeset in enumerate(fresh, start=head + 1):
        writer.take(changeset, sequence)
        known[changeset.op_id] = Committed(sequence, changeset.op_id)
    writer.flush()
    if fresh:
        _append(transaction, fresh, head)
    if not group:
        transaction.run(_PROBE).consume()
    return [known[changeset.op_id] for changeset in group], writer.labels


def _append(transaction: neo4j.Transaction, fresh: Sequence[ChangeSet], head: int) -> None:
    rows = [_record(sequence, changeset) for sequence, changeset in enumerate(fresh, start=head + 1)]
    for start in range(0, len(rows), _LOG_ROWS):
        transaction.run(_APPEND, rows=rows[start : start + _LOG_ROWS]).consume()
    abouts = [trimming.changed(sequence, changeset) for sequence, changeset in enumerate(fresh, start=head + 1)]
    transaction.run(trimming.ABOUT, rows=[row for row in abouts if row[1]]).consume()
    transaction.run(_MOVE_HEAD, sequence=head + len(fresh)).consume()


def _record(sequence: int, changeset: ChangeSet) -> list[Any]:
    """A record of the log: what a person asks for, and the whole as JSON."""
    actor, about = changeset.actor, (changeset.summary, changeset.site)
    return [
        sequence,
        changeset.op_id,
        *moment(changeset.at),
        actor.name,
        actor.via,
        *about,
        _encode(changeset).decode(),
    ]


def _snapshot(transaction: neo4j.Transaction, progress: Callable[[int, int], None] | None) -> Snapshot:
    loading = Loading(0 if progress is None else transaction.run(_SIZE).single(strict=True)[0], progress)
    head, timeline = transaction.run("MATCH (log:_Log {id: 'log'}) RETURN log.seq, log.timeline").single(strict=True)
    return Snapshot(
        head=head,
        timeline=timeline,
        documents=tuple(_documents(transaction)),
        entities=loading.entities(entity_rows(transaction)),
        relations=loading.relations(relation_rows(transaction)),
    )


def _rehearse(transaction: neo4j.Transaction) -> None:
    """Have the server plan what commits will ask: one that has just started takes seconds, which a commit has not."""
    for statement in (*writing.BULK, *states.BULK, *trimming.BULK, _APPEND):
        transaction.run(statement, rows=[]).consume()


def _documents(transaction: neo4j.Transaction) -> list[Document]:
    return [Document(*row) for row in transaction.run(_DOCUMENTS).values()]
