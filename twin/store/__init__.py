"""Where the graph and the state are kept: one protocol, several stores, one conformance suite.

A store blocks, and only the store thread (or a script) calls it. It is the truth; the mirror follows it by sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from twin.errors import NotFound
from twin.graph.model import Change, Document, Entity, Relation
from twin.graph.readings import Reading
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from twin.graph.model import ChangeSet, Committed

__all__ = [
    "Dump",
    "GraphStore",
    "HeadMovedError",
    "LogTrimmed",
    "SiteSum",
    "Snapshot",
    "StateBatch",
    "Sums",
    "TimelineMovedError",
    "Trimmed",
    "Watermark",
]


class Watermark(msgspec.Struct, frozen=True):
    """How far a journal has been worked into the store: every message numbered below ``offset`` is accounted for."""

    journal: str = ""
    """The journal's own id: an offset means nothing in another journal."""
    offset: int = 0
    counters: dict[str, int] = {}
    """The conservation counters as they stood at ``offset``."""


class StateBatch(msgspec.Struct, frozen=True):
    """Last values per point with the watermark they bring about, written in one transaction."""

    readings: Mapping[tuple[str, str], Reading]
    """(entity id, point) -> reading."""
    watermark: Watermark
    head: int | None = None
    """The sequence of the graph by whose names and units the readings were understood; None: by any."""


class Snapshot(msgspec.Struct, frozen=True):
    """Everything there is, at one sequence."""

    head: int
    timeline: str
    documents: tuple[Document, ...]
    entities: Iterable[Entity]
    relations: Iterable[Relation]


class Trimmed(msgspec.Struct, frozen=True):
    """How far a log was trimmed: its records up to and including a sequence are forgotten; 0: none is."""

    sequence: int = 0
    at: int = 0
    """When the last of those was made, in microseconds since 1970 UTC: the base is the graph of that time."""


class SiteSum(msgspec.Struct, frozen=True):
    """What a site comes to: enough to find out that two copies of it differ."""

    entities: int = 0
    revisions: int = 0
    """The sum of their revisions."""
    relations: int = 0
    """How many begin at one of them; CONTAINS does not count."""


class Sums(msgspec.Struct, frozen=True):
    """What each site comes to. Where others wrote meanwhile, a site is as it was at some time between two sequences:
    exact, if nothing touched it in between.
    """

    since: int
    head: int
    sites: Mapping[str, SiteSum]
    """By the site's id; empty for what is in no site."""


class LogTrimmed(NotFound):
    """The log is not kept as far back as that: whoever follows it from there must load again."""

    code = "log.trimmed"

    def __init__(self, since: int, mark: Trimmed) -> None:
        super().__init__(
            f"the log does not go back to sequence {since}: it is kept since sequence {mark.sequence}, "
            f"{rfc3339(mark.at)}",
            help="ask for that moment or a later one; log_days says how long the log is kept",
            sequence=mark.sequence,
            at=rfc3339(mark.at),
        )
        self.mark = mark


class Dump(msgspec.Struct, frozen=True):
    """A whole twin at one sequence. What there is much of is read once, in any order, while `GraphStore.dump` lasts."""

    snapshot: Snapshot
    changes: Iterable[Change]
    """The log as far as it is kept, up to the snapshot's head, in order."""
    states: Iterable[tuple[tuple[str, str], Reading]]
    """Last readings by (entity id, point); some may be newer than the watermark says, none is older."""
    watermark: Watermark
    base: Snapshot | None = None
    """The graph as it was where the log begins, where that was trimmed."""
    trimmed: Trimmed = Trimmed()
    recast: int = 0
    """The sequence that gave readings another name or unit last."""
    expected: int = 0
    """How much there is to read, all in all: for people who watch."""


class HeadMovedError(Exception):
    """Somebody else has committed what the caller has not seen; nothing was written: catch up with
    `GraphStore.changes` and try again.
    """

    def __init__(self, head: int) -> None:
        super().__init__(f"the log is at {head}")
        self.head = head


class TimelineMovedError(HeadMovedError):
    """What the store holds was put there since `GraphStore.load`, from a backup: another history, whatever its
    sequences. Nothing was written; load again.
    """


class GraphStore(Protocol):
    """One twin's graph, log and state. Every method may raise `twin.errors.BackendError`."""

    def load(self, progress: Callable[[int, int], None] | None = None) -> Snapshot:
        """The graph at its head, read in one transaction. ``progress`` is told now and then how many entities and
        relations have been read, and of how many.
        """

    def head(self) -> int:
        """The sequence of the newest ChangeSet; 0 when there is none."""

    def commit(self, group: Sequence[ChangeSet], head: int) -> list[Committed]:
        """Write a group, each with its own sequence, all or none; durable on return.

        A ChangeSet whose op_id is known is not written again: its recorded result is returned. The others require the
        log to stand at ``head``, or `HeadMovedError` is raised and nothing is written. `twin.errors.OutcomeUnknown`:
        only `outcome` can tell. An empty group adds nothing, and shows whether anything could be written now.
        """

    def outcome(self, op_id: str) -> Committed | None:
        """What became of an op_id: its place in the log, or None if it never was committed."""

    def changes(self, since: int, limit: int = 1000) -> list[Change]:
        """The log after a sequence, in order. `LogTrimmed`: it is not kept from there on."""

    def changes_of(self, entity: str, before: int | None = None, limit: int = 50) -> list[Change]:
        """What was changed of an entity that is there, the newest first: of each record, the entries about it.
        ``before`` is the sequence where the page before ended.
        """

    def trim(self, sequence: int) -> Trimmed:
        """Forget the oldest records of the log up to and including a sequence, having moved the base on by them: some
        in one short transaction, and never the newest of all. To be called again for as long as it gets further. The
        op_ids of what is forgotten are forgotten with it.
        """

    def trimmed(self) -> Trimmed:
        """How far the log was trimmed."""

    def base(self, site: str | None = None) -> Snapshot | None:
        """The graph right before the oldest record that is kept; None: the log goes back to its beginning. ``site``:
        only what is of the site of this key, with the relations that begin there.
        """

    def sums(self) -> Sums:
        """What each site comes to. May be called beside everything else, on any thread."""

    def load_site(self, site: str) -> Snapshot:
        """What is of one site (its id; empty: what is in none), and every relation that begins or ends there; no
        documents. May be called beside everything else, on any thread.
        """

    def write_states(self, batch: StateBatch) -> None:
        """Keep, per point, the reading with the greatest order; and the watermark, in the same transaction.

        `HeadMovedError`: a `twin.graph.model.Recast` was committed since ``batch.head``, so the readings may go by
        names or units of before; nothing is written.
        """

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """Every point's last reading, and how far the journal was worked in."""

    def dump(self) -> AbstractContextManager[Dump]:
        """Everything at one sequence, while others go on writing; for as long as the block lasts."""

    def save(
        self,
        path: Path,
        beside: Callable[[], object] = lambda: None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write everything at one sequence into a new SQLite file, while others go on writing. ``beside`` is called
        once the watermark was read and before the sequence is settled: what it copies of other files has all that
        was kept before the watermark, and nothing of what was decided after the sequence.
        """

    def fill(
        self,
        dump: Dump,
        timeline: str,
        progress: Callable[[int, int], None] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Take in what a dump holds, under a timeline. What cannot be done in one transaction is marked until it is
        done: such a store is refused by whoever opens it, and can be filled again from the beginning.

        Raises:
            Conflict: there is something in the store already (``store.occupied``), and it is not to be replaced.
        """

    def close(self) -> None:
        """Let go of files and connections; idempotent."""
