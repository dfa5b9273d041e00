"""Durable changes: single ones, one by one and in groups, and 100,000 entities written and loaded; beside SQLite alone.

The peer is SQLite with the same durability (WAL, ``synchronous=FULL``) and one table of ids and JSON bodies: no checks,
no log, no indexes of paths, and no mirror.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tests.bench.mirror import building
from tests.graphs import changeset, entity
from twin.engine.core import Core
from twin.engine.quiet import uncollected
from twin.graph.model import Create, Entity, Link, Relation
from twin.ids import mint
from twin.store.commits import inline
from twin.store.sqlite import SQLiteStore
from twin.store.thread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.bench.report import Report
    from twin.graph.model import ChangeSet, Committed, Entry

T = TypeVar("T")

_ONE_BY_ONE = 300
_IN_GROUPS = 10_000
_SIZES = (1_000, 10_000, 100_000)
"""At least so many entities: buildings are whole."""
_PART = 2_000
_PARTS = 10
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entity).decode


def run(report: Report) -> None:
    """Single changes each second, and buildings of 1,000, 10,000 and 100,000 entities."""
    with tempfile.TemporaryDirectory() as folder:
        _single(report, Path(folder))
    for size in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            _building(report, Path(folder), size)


def _single(report: Report, folder: Path) -> None:
    made = [changeset(Create(entity(f"home-{number}", "site"))) for number in range(_ONE_BY_ONE)]
    peer = _peer(folder / "peer-single.sqlite")
    bodies = [_body(each) for each in made]
    theirs = len(made) / _taken(lambda: _insert_each(peer, bodies))
    core = Core(SQLiteStore(folder / "single.sqlite"), inline)
    ours = len(made) / _taken(lambda: _commit(core, ([each] for each in made)))
    report.rates("single changes, one by one", ours, theirs, "changes/s", "SQLite alone", "each synced before the next")
    made = [changeset(Create(entity(f"home-{number}", "site"))) for number in range(_IN_GROUPS)]
    grouped, groups = asyncio.run(_grouped(folder / "grouped.sqlite", made))
    note = f"{len(made):,} changes in {groups} groups, on the store's thread beside a loop"
    report.rates(
        "single changes, in groups", len(made) / grouped, theirs, "changes/s", "SQLite alone, one by one", note
    )
    core.store.close()
    peer.close()


async def _grouped(path: Path, made: Sequence[ChangeSet]) -> tuple[float, int]:
    """How long a server takes for changes that many send at once, and in how many transactions."""
    loop = asyncio.get_running_loop()
    thread, finished, left = StoreThread(loop.call_soon_threadsafe), loop.create_future(), len(made)
    store, groups = SQLiteStore(path), 0

    def counted(job: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
        nonlocal groups
        groups += 1
        thread.run(job, done)

    def answered(answer: Committed | Exception) -> None:
        nonlocal left
        _accept(answer)
        left -= 1
        if not left:
            finished.set_result(None)

    core = Core(store, counted)
    before = time.perf_counter()
    for each in made:
        core.commits.submit(each, answered)
    await finished
    taken = time.perf_counter() - before
    thread.stop()
    store.close()
    return taken, groups


def _building(report: Report, folder: Path, size: int) -> None:
    path, peer = folder / "building.sqlite", _peer(folder / "peer.sqlite")
    entities = list(building(size)[0].entities.values())
    links = [Link(Relation(type="feeds", source=each.id, target=each.parent)) for each in entities if each.parent]
    theirs = _taken(lambda: _insert(peer, map(_body, entities)))
    with uncollected():
        ours, cpu = _written(path, (*map(Create, entities), *links))
    note = f"and {len(links):,} relations, checked and mirrored: {cpu:.2f} s of work"
    report.times(f"{len(entities):,} entities written", ours, theirs, "SQLite alone, in one transaction", note)
    theirs = _taken(lambda: [_decode(body) for (body,) in peer.execute("SELECT body FROM entities")])
    ours, cpu = _loaded(path, len(entities))
    note = f"with relations, as a networkx graph with its indexes: {cpu:.2f} s of work"
    report.times(f"{len(entities):,} entities loaded", ours, theirs, "SQLite alone, and msgspec", note)
    peer.close()


def _written(path: Path, entries: tuple[Entry, ...]) -> tuple[float, float]:
    """How long it takes to commit so many entries, and how long this process works."""
    parts = [changeset(*entries[start : start + _PART]) for start in range(0, len(entries), _PART)]
    core, before = Core(SQLiteStore(path), inline), time.process_time()
    taken = _taken(lambda: _commit(core, [parts[start : start + _PARTS] for start in range(0, len(parts), _PARTS)]))
    worked = time.process_time() - before
    core.store.close()
    return taken, worked


def _commit(core: Core, series: Iterable[Sequence[ChangeSet]]) -> None:
    for each in series:
        core.commits.submit_series(each, _accept)


def _loaded(path: Path, count: int) -> tuple[float, float]:
    """How long it takes to open it again, and how long this process works."""
    began, before = time.perf_counter(), time.process_time()
    core = Core(SQLiteStore(path), inline)
    taken, worked = time.perf_counter() - began, time.process_time() - before
    assert len(core.mirror) == count, "everything must be there before it is told how fast"
    core.store.close()
    return taken, worked


def _peer(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE entities (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
    return db


def _insert(db: sqlite3.Connection, bodies: Iterable[str]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO entities VALUES (?, ?)", ((mint(), body) for body in bodies))
    db.execute("COMMIT")


def _insert_each(db: sqlite3.Connection, bodies: Iterable[str]) -> None:
    for body in bodies:
        _insert(db, [body])


def _body(made: object) -> str:
    return _encode(made).decode()


def _accept(answer: object) -> None:
    if isinstance(answer, Exception):
        raise answer


def _taken(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
