"""The graph as it was: 100,000 entities made again from the log, and from the base that a trimmed log begins with.

The peer is what a twin does when it starts: it loads the graph of today from the same file, without any history.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.bench.mirror import building
from tests.graphs import changeset
from twin.engine.past import Past
from twin.engine.quiet import uncollected
from twin.graph.mirror import Mirror
from twin.graph.model import Create, Link, Update
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.report import Report
    from twin.graph.model import ChangeSet
    from twin.store import GraphStore

T = TypeVar("T")

_SIZE = 100_000
_PART = 2_000
_EDITS = 5_000
_PEER = "loading what is there today"


def run(report: Report) -> None:
    """As of the head from the whole log, from a base, and the log of one entity."""
    with tempfile.TemporaryDirectory() as folder, uncollected():
        store = SQLiteStore(Path(folder) / "twin.sqlite")
        head = 0
        for head, made in enumerate(_history(), start=1):
            store.commit([made], head - 1)
        past = Past(store, Mirror())
        peer, loaded = _timed(lambda: _load(store))
        entity = next(iter(loaded.entities))
        note = f"{len(loaded):,} entities, {head:,} records of the log"
        report.times("as of, from the whole log", _timed(lambda: past.as_of(head))[0], peer, _PEER, note)
        trimmed, _ = _timed(lambda: _trim(store, head - _EDITS // 2))
        report.times(
            "as of, from a base", _timed(lambda: past.as_of(head))[0], peer, _PEER, f"half of {_EDITS:,} edits after it"
        )
        report.times("trimming to that base", trimmed, peer, _PEER, "all entities into the base, in short steps")
        each, _ = _timed(lambda: [store.changes_of(entity) for _ in range(100)])
        report.times("the log of one entity", each / 100, peer, _PEER, "its newest records")
        store.close()


def _history() -> Iterator[ChangeSet]:
    mirror, _ = building(_SIZE)
    entities, relations = list(mirror.entities.values()), list(mirror.relations())
    for start in range(0, len(entities), _PART):
        yield changeset(*map(Create, entities[start : start + _PART]))
    for start in range(0, len(relations), _PART):
        yield changeset(*map(Link, relations[start : start + _PART]))
    for number in range(_EDITS):
        yield changeset(Update(id=entities[number * 7 % len(entities)].id, fields={"title": {"": f"Edit {number}"}}))


def _load(store: GraphStore) -> Mirror:
    snapshot, mirror = store.load(), Mirror()
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    return mirror


def _trim(store: GraphStore, sequence: int) -> None:
    while store.trim(sequence).sequence < sequence:
        pass


def _timed(job: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    found = job()
    return time.perf_counter() - started, found
