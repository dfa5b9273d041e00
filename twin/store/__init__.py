"""Where the graph and the state are kept: one protocol, several stores, one conformance suite.

A store blocks, and only the store thread (or a script) calls it. It is the truth; the mirror follows it by sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from twin.graph.model import Document, Entity, Relation
from twin.graph.readings import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.graph.model import Change, ChangeSet, Committed

__all__ = ["GraphStore", "HeadMovedError", "Snapshot", "StateBatch", "Watermark"]


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


class HeadMovedError(Exception):
    """Somebody else has committed what the caller has not seen; nothing was written: catch up with
    `GraphStore.changes` and try again.
    """

    def __init__(self, head: int) -> None:
        super().__init__(f"the log is at {head}")
        self.head = head


class GraphStore(Protocol):
    """One twin's graph, log and state. Every method may raise `twin.errors.BackendError`."""

    def load(self) -> Snapshot:
        """The graph at its head, read in one transaction."""

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
        """The log after a sequence, in order."""

    def write_states(self, batch: StateBatch) -> None:
        """Keep, per point, the reading with the greatest order; and the watermark, in the same transaction.

        `HeadMovedError`: a `twin.graph.model.Recast` was committed since ``batch.head``, so the readings may go by
        names or units of before; nothing is written.
        """

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """Every point's last reading, and how far the journal was worked in."""

    def close(self) -> None:
        """Let go of files and connections; idempotent."""
