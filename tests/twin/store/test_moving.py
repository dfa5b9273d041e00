"""A whole twin from any store to any other: the same afterwards, cut at one sequence whoever writes meanwhile."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import Walk, changeset, contents, entity
from tests.neo4j_server import fresh_store
from tests.twin.store.test_conformance import mirrored, reading
from twin.errors import BackendError, Conflict
from twin.graph.mirror import Mirror
from twin.graph.model import Create, Document, Recast, Update
from twin.store import StateBatch, TimelineMovedError, Watermark
from twin.store.memory import MemoryStore
from twin.store.moving import Census, counted
from twin.store.neo4j import Neo4jStore
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.store import GraphStore
    from twin.store.neo4j import Address


def census(found: GraphStore) -> Census:
    """What a store holds, all of it."""
    with found.dump() as dump:
        seen, counts = counted(dump)
        MemoryStore().fill(seen, "elsewhere")
    return counts


def walked(into: GraphStore, seed: int, steps: int = 40, trim: int = 0) -> Walk:
    """A store with a history: readings, documents, points that got other names, and a log that may be trimmed."""
    walk = Walk(random.Random(seed))
    for _ in range(steps):
        made = walk.step()
        into.commit([made], walk.mirror.head)
        walk.apply(made)
    first = next(iter(walk.mirror.entities))
    for made in (
        changeset(documents=(Document("tiny", "1.0.0", "tiny.yaml", "ontology: tiny\nversion: 1.0.0\ntitle: é\n"),)),
        changeset(Recast(id=first, point="a", to="b")),
    ):
        into.commit([made], walk.mirror.head)
        walk.apply(made)
    said = {(each, "b"): reading([1, {"x": True}, 2.0], 7) for each in walk.mirror.entities}
    into.write_states(StateBatch(said, Watermark("j", 12, {"received": 9}), head=walk.mirror.head))
    while trim and into.trimmed().sequence < min(trim, walk.mirror.head - 1):
        into.trim(trim)
    return walk


def check(arrived: GraphStore, left: GraphStore, walk: Walk) -> None:
    """What has arrived is what has left, and goes on."""
    assert census(arrived).differences(census(left)) == []
    assert contents(mirrored(arrived)) == contents(walk.mirror)
    known = left.changes(walk.mirror.head - 1)[0].changeset
    assert [each.sequence for each in arrived.commit([known], 0)] == [walk.mirror.head]
    old = StateBatch({}, Watermark("j", 13), head=0)
    with pytest.raises(Exception, match="the log is at"):
        arrived.write_states(old)
    some = next(iter(walk.mirror.entities))
    assert arrived.changes_of(some) == left.changes_of(some)
    assert arrived.sums().sites == left.sums().sites
    assert arrived.commit([changeset(Create(entity("new", "site")))], walk.mirror.head)[0].sequence == (
        walk.mirror.head + 1
    )


@contextmanager
def stores() -> Iterator[list[GraphStore]]:
    with tempfile.TemporaryDirectory() as folder:
        file = SQLiteStore(Path(folder) / "twin.sqlite")
        yield [MemoryStore(), file]
        file.close()


@given(seed=st.integers(0, 2**32), trim=st.integers(0, 60), which=st.tuples(st.integers(0, 1), st.integers(0, 1)))
@settings(max_examples=12, deadline=None)
def test_what_is_filled_is_what_was_dumped(seed: int, trim: int, which: tuple[int, int]) -> None:
    with stores() as some, stores() as others:
        source, target = some[which[0]], others[which[1]]
        walk = walked(source, seed, trim=trim)
        with source.dump() as dump:
            target.fill(dump, "T2")
        assert target.load().timeline == "T2"
        check(target, source, walk)


@pytest.mark.neo4j
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seed", "trim"), [(1, 0), (2, 17)])
def test_to_neo4j_and_back(neo4j_address: Address, tmp_path: Path, seed: int, trim: int) -> None:
    first, graph, back = MemoryStore(), fresh_store(neo4j_address), SQLiteStore(tmp_path / "back.sqlite")
    walk = walked(first, seed, trim=trim)
    with first.dump() as dump:
        graph.fill(dump, "N")
    with graph.dump() as dump:
        back.fill(dump, "B")
    assert census(back).differences(census(first)) == []
    check(graph, first, walk)
    with back.dump() as dump:
        graph.fill(dump, "again", replace=True)
    check(graph, back, walk)
    graph.close()
    again = Neo4jStore(neo4j_address)
    assert again.load().timeline == "again"
    again.close()
    back.close()


def test_what_is_there_is_not_overwritten_unless_that_is_said(store: GraphStore) -> None:
    other = MemoryStore()
    walk = walked(other, 3, steps=10)
    store.commit([changeset(Create(entity("mine", "site")))], 0)
    with other.dump() as dump, pytest.raises(Conflict) as caught:
        store.fill(dump, "T")
    assert caught.value.code_ == "store.occupied"
    assert [each.path for each in store.load().entities] == ["mine"]
    with other.dump() as dump:
        store.fill(dump, "T", replace=True)
    check(store, other, walk)


def test_a_saved_file_is_the_twin_and_has_the_watermark_of_before_what_is_beside(
    store: GraphStore, tmp_path: Path
) -> None:
    walk = walked(store, 4, steps=10)
    told: list[tuple[int, int]] = []

    def beside() -> None:
        store.write_states(StateBatch({}, Watermark("j", 99), head=walk.mirror.head))

    store.save(tmp_path / "saved.sqlite", beside, lambda done, of: told.append((done, of)))
    assert all(done <= of for done, of in told)
    assert [path.name for path in tmp_path.glob("saved*")] == ["saved.sqlite"]
    saved = SQLiteStore(tmp_path / "saved.sqlite")
    assert saved.load_states()[1] == Watermark("j", 12, {"received": 9})
    assert store.load_states()[1].offset == 99
    store.write_states(StateBatch({}, Watermark("j", 12, {"received": 9}), head=walk.mirror.head))
    check(saved, store, walk)
    assert saved.load().timeline == store.load().timeline
    saved.close()


def test_a_cut_is_at_one_sequence_while_others_commit(store: GraphStore, tmp_path: Path) -> None:
    walk = walked(store, 5, steps=30)
    beside = store if isinstance(store, MemoryStore) else _another(store)
    stop = threading.Event()
    committed = threading.Semaphore(0)

    def commit() -> None:
        while not stop.is_set():
            made = walk.step()
            beside.commit([made], walk.mirror.head)
            walk.apply(made)
            committed.release()

    writer = threading.Thread(target=commit)
    writer.start()
    try:
        for number in range(3):
            committed.acquire(timeout=30)
            store.save(tmp_path / f"{number}.sqlite")
    finally:
        stop.set()
        writer.join()
    if beside is not store:
        beside.close()
    for number in range(3):
        _check_whole(SQLiteStore(tmp_path / f"{number}.sqlite"))


def _another(store: GraphStore) -> GraphStore:
    if isinstance(store, SQLiteStore):
        return SQLiteStore(store.path)
    assert isinstance(store, Neo4jStore)
    return Neo4jStore(store._connection.address)


def _check_whole(saved: SQLiteStore) -> None:
    """The graph of a file is what its own log makes; no reading is of something that is not there."""
    replayed, found = Mirror(), mirrored(saved)
    for change in saved.changes(0, 100_000):
        replayed.apply(change)
    assert contents(replayed) == contents(found)
    assert {each for each, _ in saved.load_states()[0]} <= found.entities.keys()
    saved.close()


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_a_neo4j_that_is_half_full_is_refused_and_can_be_filled_again(neo4j_address: Address) -> None:
    source, graph = MemoryStore(), fresh_store(neo4j_address)
    walk = walked(source, 6)

    class Broken(Exception):
        pass

    def broken(done: int, of: int) -> None:
        if done > of // 2:
            raise Broken

    with source.dump() as dump, pytest.raises(Broken):
        graph.fill(dump, "T", broken)
    graph.close()
    with pytest.raises(BackendError) as caught:
        Neo4jStore(neo4j_address)
    assert caught.value.code_ == "store.unfinished"
    graph = Neo4jStore(neo4j_address, unfinished=True)
    with source.dump() as dump:
        graph.fill(dump, "T")
    check(graph, source, walk)
    graph.close()


def test_a_file_that_cannot_be_filled_to_the_end_is_as_it_was(tmp_path: Path) -> None:
    source, file = MemoryStore(), SQLiteStore(tmp_path / "twin.sqlite")
    walk = walked(source, 7)
    file.commit([changeset(Create(entity("mine", "site")))], 0)
    kept = census(file)
    with sqlite3.connect(file.path) as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    file._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    with source.dump() as dump, pytest.raises(BackendError):
        file.fill(dump, "T", replace=True)
    assert census(file) == kept
    file._db.execute("PRAGMA max_page_count = 1000000")
    with source.dump() as dump:
        file.fill(dump, "T", replace=True)
    check(file, source, walk)
    file.close()


def test_whoever_has_a_store_open_that_is_replaced_is_told(store: GraphStore) -> None:
    if isinstance(store, MemoryStore):  # nobody else can have it open
        return
    walked(store, 8, steps=5)
    other, source = _another(store), MemoryStore()
    walk = walked(source, 9, steps=5)
    store.load()
    with source.dump() as dump:
        other.fill(dump, "T2", replace=True)
    other.close()
    late = changeset(Create(entity("late", "site")))
    for call in (
        lambda: store.commit([late], walk.mirror.head),
        lambda: store.changes(0),
        lambda: store.write_states(StateBatch({}, Watermark("j", 1), head=walk.mirror.head)),
    ):
        with pytest.raises(TimelineMovedError):
            call()
    assert store.load().timeline == "T2"
    check(store, source, walk)


def test_the_census_tells_what_differs() -> None:
    one, two = MemoryStore(), MemoryStore()
    home = entity("home", "site")
    one.commit([changeset(Create(home), op_id="a")], 0)
    two.commit([changeset(Create(home), op_id="a")], 0)
    assert census(one) == census(two)
    two.commit([changeset(Update(id=home.id, fields={"title": {"": "x"}}), op_id="b")], 1)
    assert census(one).differences(census(two)) == ["head", "entities", "changes", "revisions"]
