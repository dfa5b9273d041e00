"""The log applied again to an empty mirror, as far as is asked; of one site, or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.errors import InvalidValue, NotFound
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Delete, Link, Unlink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.model import Entry
    from twin.store import GraphStore

__all__ = ["Replay", "log_pages", "sequence_at"]

_PAGE = 50
"""ChangeSets read at once: each may hold thousands of entries."""


class Replay:
    """A mirror that follows the log at the pace that is asked for; made empty, at sequence 0.

    ``site``: only what is of the sites that have had this key is kept. Relations to others are left out then.
    """

    def __init__(self, store: GraphStore, site: str | None = None) -> None:
        self.mirror = Mirror()
        self._store = store
        self._site = site
        self._inside: set[str] = set()

    def to(self, sequence: int) -> None:
        """Go on until right after a change.

        Raises:
            InvalidValue: the log has not come so far.
            NotFound: the log does not go back to its beginning any more.
        """
        if sequence > self._store.head() or sequence < 0:
            raise InvalidValue(
                f"the log has no sequence {sequence}: it is at {self._store.head()}",
                code="sequence.unknown",
                help="twin log prints the sequences there are",
            )
        for change in log_pages(self._store, self.mirror.head, sequence):
            self.mirror.apply(self._own(change))

    def _own(self, change: Change) -> Change:
        if self._site is None:
            return change
        kept = tuple(entry for entry in change.changeset.entries if self._keeps(entry))
        return Change(change.sequence, msgspec.structs.replace(change.changeset, entries=kept))

    def _keeps(self, entry: Entry) -> bool:
        match entry:
            case Create(entity):
                if entity.path.partition("/")[0] != self._site:
                    return False
                self._inside.add(entity.id)
                return True
            case Link(relation):
                return relation.source in self._inside and relation.target in self._inside
            case Unlink():
                return entry.source in self._inside and entry.target in self._inside
            case Delete():
                known = entry.id in self._inside
                self._inside.discard(entry.id)
                return known
            case _:
                return entry.id in self._inside


def log_pages(store: GraphStore, since: int, until: int) -> Iterator[Change]:
    """The log after a sequence, up to one, which it has.

    Raises:
        NotFound: what comes next is not kept any more.
    """
    while since < until:
        page = store.changes(since, min(_PAGE, until - since))
        if not page or page[0].sequence != since + 1:
            raise NotFound(
                f"the log is not kept from sequence {since + 1} on",
                code="log.trimmed",
                help="ask for a later time; how far the log goes back is what the store was set to keep",
            )
        yield from page
        since = page[-1].sequence


def sequence_at(store: GraphStore, at: int) -> int:
    """The sequence of the last change that was made at a time (microseconds since 1970 UTC) or before; 0: none was."""
    top = store.head()
    while top > 0:
        start = max(0, top - _PAGE)
        for change in reversed(store.changes(start, top - start)):
            if change.changeset.at <= at:
                return change.sequence
        top = start
    return 0
