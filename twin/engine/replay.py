"""The log applied again to the graph as it was where it begins, as far as is asked; of one site, or of all."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from twin.errors import InvalidValue
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Delete, Link, Unlink
from twin.store import LogTrimmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.model import Entry
    from twin.store import GraphStore

__all__ = ["Replay", "log_pages", "sequence_at"]

_PAGE = 50
"""ChangeSets read at once: each may hold thousands of entries."""
_AFTER_ALL = 2**62


class Replay:
    """A mirror that follows the log at the pace that is asked for, from the base that is left of what was trimmed (or
    from nothing) on.

    ``site``: only what is of the sites that have had this key is kept. Relations to others are left out then.
    """

    def __init__(self, store: GraphStore, site: str | None = None) -> None:
        self.mirror = Mirror()
        self._store = store
        self._site = site
        self._inside: set[str] = set()
        self._begun = False

    def to(self, sequence: int) -> None:
        """Go on until right after a change.

        Raises:
            InvalidValue: the log has not come so far.
            LogTrimmed: it does not go back so far any more.
        """
        if sequence > self._store.head() or sequence < 0:
            raise InvalidValue(
                f"the log has no sequence {sequence}: it is at {self._store.head()}",
                code="sequence.unknown",
                help="twin log prints the sequences there are",
            )
        if not self._begun:
            self._begin(sequence)
        for change in log_pages(self._store, self.mirror.head, sequence):
            self.mirror.apply(self._own(change))

    def _begin(self, sequence: int) -> None:
        mark = self._store.trimmed()
        if sequence < mark.sequence:
            raise LogTrimmed(sequence, mark)
        base = self._store.base(self._site) if mark.sequence else None
        self._begun = True
        if base is None:
            return
        entities = list(base.entities)
        relations = base.relations
        if self._site is not None:
            self._inside = {each.id for each in entities}
            relations = [each for each in relations if each.target in self._inside]
        self.mirror.load(
            head=base.head,
            timeline=base.timeline,
            documents=base.documents,
            entities=entities,
            relations=relations,
        )

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
        LogTrimmed: what comes next is not kept any more.
    """
    while since < until:
        page = store.changes(since, min(_PAGE, until - since))
        if not page:
            return
        yield from page
        since = page[-1].sequence


def sequence_at(store: GraphStore, at: int) -> int:
    """The sequence of the last change that was made at a time (microseconds since 1970 UTC) or before; 0: none was.
    Times are those of the clocks of whoever made the changes: where these differ, so may what comes first.

    Raises:
        LogTrimmed: the log does not go back so far any more.
    """
    mark = store.trimmed()
    if at < mark.at and mark.sequence:
        raise LogTrimmed(0, mark)

    def made(sequence: int) -> int:
        found = store.changes(sequence - 1, 1)
        return found[0].changeset.at if found else _AFTER_ALL

    first = mark.sequence + 1
    return mark.sequence + bisect_right(range(first, store.head() + 1), at, key=made)
