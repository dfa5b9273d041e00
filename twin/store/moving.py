"""What stores have in common when a whole twin is moved: much is taken in parts, what is there is not overwritten, and
what has arrived is compared with what has left.

`counted` looks at what passes through a dump: counts, sums of revisions by site, and sums of digests of everything, in
which the order plays no part.
"""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from twin.errors import Conflict
from twin.store import Dump, Watermark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twin.graph.model import Entity
    from twin.store import Snapshot

__all__ = ["Census", "Parts", "counted", "occupied", "read_through"]

T = TypeVar("T")

_BITS = 64
_encode = msgspec.msgpack.Encoder(order="sorted").encode


class Parts:
    """Counts what was taken of several things one after the other."""

    def __init__(self, progress: Callable[[int, int], None] | None, expected: int) -> None:
        """``progress`` is told how many of how many were taken."""
        self._progress = progress
        self._expected = expected
        self._done = 0

    def of(self, things: Iterable[T], size: int) -> Iterator[list[T]]:
        """The things in lists of so many."""
        remaining = iter(things)
        while part := list(islice(remaining, size)):
            yield part
            self._done += len(part)
            if self._progress is not None:
                self._progress(self._done, max(self._expected, self._done))


def occupied() -> Conflict:
    """A store is to be filled that has something in it."""
    return Conflict(
        "there is a twin in the place already, and it is not overwritten",
        code="store.occupied",
        help="name a place that is empty",
    )


class Sum(msgspec.Struct):
    """How many there were, and the sum of what each said."""

    count: int = 0
    digest: int = 0

    def add(self, thing: Any) -> None:
        """One more."""
        self.count += 1
        said = int.from_bytes(blake2b(_encode(thing), digest_size=_BITS // 8).digest())
        self.digest = (self.digest + said) % (1 << _BITS)


class Census(msgspec.Struct):
    """What a dump held. Two that are equal held the same."""

    head: int = 0
    watermark: Watermark = Watermark()
    entities: Sum = msgspec.field(default_factory=Sum)
    relations: Sum = msgspec.field(default_factory=Sum)
    documents: Sum = msgspec.field(default_factory=Sum)
    changes: Sum = msgspec.field(default_factory=Sum)
    states: Sum = msgspec.field(default_factory=Sum)
    base: Sum = msgspec.field(default_factory=Sum)
    revisions: dict[str, int] = {}
    """By site, the sum of the revisions of what is in it."""

    def differences(self, other: Census) -> list[str]:
        """What is not the same, by name."""
        return [name for name in self.__struct_fields__ if getattr(self, name) != getattr(other, name)]


def counted(dump: Dump) -> tuple[Dump, Census]:
    """The dump again, and the census of what is read of it; it is complete when everything was."""
    census = Census(dump.snapshot.head, dump.watermark, revisions={})
    for document in dump.snapshot.documents:
        census.documents.add(document)

    def counting(entities: Iterable[Entity]) -> Iterator[Entity]:
        for entity in _through(entities, census.entities):
            census.revisions[entity.site] = census.revisions.get(entity.site, 0) + entity.revision
            yield entity

    snapshot = msgspec.structs.replace(
        dump.snapshot,
        entities=counting(dump.snapshot.entities),
        relations=_through(dump.snapshot.relations, census.relations),
    )
    seen = msgspec.structs.replace(
        dump,
        snapshot=snapshot,
        changes=_through(dump.changes, census.changes),
        states=_through(dump.states, census.states),
        base=None if dump.base is None else _based(dump.base, census.base),
    )
    return seen, census


def read_through(dump: Dump) -> None:
    """Read a dump to its end, and keep nothing of it."""
    snapshots = [dump.snapshot, *([] if dump.base is None else [dump.base])]
    for snapshot in snapshots:
        deque(snapshot.entities, maxlen=0)
        deque(snapshot.relations, maxlen=0)
    deque(dump.changes, maxlen=0)
    deque(dump.states, maxlen=0)


def _based(base: Snapshot, total: Sum) -> Snapshot:
    for document in base.documents:
        total.add(document)
    return msgspec.structs.replace(
        base, entities=_through(base.entities, total), relations=_through(base.relations, total)
    )


def _through(things: Iterable[T], total: Sum) -> Iterator[T]:
    for thing in things:
        total.add(thing)
        yield thing
