"""What is kept of a log that is trimmed, what it says by entity, and what sites come to: of every store."""

from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.graphs import Walk, changeset, contents, entity
from twin.graph.mirror import Mirror
from twin.graph.model import Create, Delete, Document, Link, Move, Relation, Unlink, Update
from twin.store import LogTrimmed, SiteSum, Trimmed
from twin.store.about import change_about
from twin.store.base import STEP_ENTRIES
from twin.store.memory import MemoryStore
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path

    from twin.store import GraphStore, Snapshot


def mirrored(snapshot: Snapshot) -> Mirror:
    mirror = Mirror()
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    return mirror


def lived(store: GraphStore, seed: int, steps: int, held: tuple[int, ...] = ()) -> dict[int, dict[str, object]]:
    """A store with a history, and what a mirror held right after some sequences."""
    walk, found = Walk(random.Random(seed)), {}
    for _ in range(steps):
        change = walk.apply(walk.step())
        store.commit([change.changeset], change.sequence - 1)
        if change.sequence in held:
            found[change.sequence] = {**contents(walk.mirror), "entities": dict(walk.mirror.entities)}
    return found


def trim(store: GraphStore, sequence: int) -> Trimmed:
    """As far as it goes."""
    before = Trimmed(-1)
    while (mark := store.trim(sequence)) != before:
        before = mark
    return mark


@pytest.mark.parametrize("seed", range(4))
def test_the_base_is_the_graph_as_it_was_where_the_log_begins(store: GraphStore, seed: int) -> None:
    assert (store.base(), store.trimmed()) == (None, Trimmed())
    held = lived(store, seed, 90, (30, 70, 89))
    head = mirrored(store.load())
    for sequence in (30, 70, 70, 40, 89):
        mark = trim(store, sequence)
        base = store.base()
        assert base is not None
        assert mark == store.trimmed()
        if sequence != 40:  # it never goes back
            assert mark.sequence == base.head == sequence
            graph = mirrored(base)
            assert contents(graph) == held[sequence]
        changes = store.changes(mark.sequence, 200)
        assert [each.sequence for each in changes] == list(range(mark.sequence + 1, 91))
        for change in changes:
            graph.apply(change) if sequence == 70 and graph.head < change.sequence else None
    assert contents(mirrored(store.load())) == contents(head)
    assert trim(store, 1000).sequence == 89, "the newest record stays"
    assert store.head() == 90


def test_what_was_forgotten_is_said(store: GraphStore) -> None:
    sets = [changeset(Create(entity(f"home-{number}", "site")), at=number) for number in range(1, 6)]
    store.commit(sets, 0)
    trim(store, 3)
    for since in (0, 2):
        with pytest.raises(LogTrimmed) as caught:
            store.changes(since)
        assert (caught.value.code_, caught.value.details["sequence"]) == ("log.trimmed", 3)
        assert caught.value.details["at"] == "1970-01-01T00:00:00.000003Z"
    assert [each.sequence for each in store.changes(3)] == [4, 5]
    assert store.changes(5) == []
    assert (store.outcome(sets[0].op_id), store.outcome(sets[3].op_id)) == (None, store.commit([sets[3]], 0)[0])
    more = changeset(Create(entity("home-6", "site")))
    assert [each.sequence for each in store.commit([more], 5)] == [6]


def test_documents_and_one_site_of_a_base(store: GraphStore) -> None:
    home, other = entity("home", "site"), entity("home-2", "site")
    room, lamp = entity("home/room", "space", home), entity("home/room/lamp", "device", home)
    link = Relation(type="feeds", source=lamp.id, target=room.id, instance="block")
    old, new = Document("core", "1.0.0", "core.yaml", "a"), Document("core", "1.1.0", "core.yaml", "b")
    store.commit([changeset(*map(Create, (home, other, room, lamp)), Link(link), documents=(old,))], 0)
    store.commit([changeset(documents=(new,))], 1)
    store.commit([changeset(Create(entity("home-3", "site")))], 2)
    trim(store, 1)
    base = store.base("home")
    assert base is not None
    assert (base.documents, list(base.relations)) == ((old,), [link])
    assert {each.path for each in base.entities} == {"home", "home/room", "home/room/lamp"}
    trim(store, 2)
    other_base = store.base("home-2")
    assert other_base is not None
    assert (other_base.documents, list(other_base.relations)) == ((new,), [])
    assert [each.path for each in other_base.entities] == ["home-2"]


def test_a_step_is_bounded(store: GraphStore) -> None:
    home = entity("home", "site")
    rooms = [entity(f"home/r{number}", "space", home) for number in range(STEP_ENTRIES + 500)]
    parts = [rooms[start : start + 600] for start in range(0, len(rooms), 600)]
    store.commit([changeset(Create(home)), *(changeset(*map(Create, part)) for part in parts)], 0)
    assert store.trim(100).sequence == (5 if isinstance(store, MemoryStore) else 4)
    assert store.trim(100).sequence == len(parts)
    assert store.trim(100).sequence == len(parts)
    assert len(list(store.base().entities)) == 1 + sum(map(len, parts[:-1]))  # type: ignore[union-attr]


def test_what_moves_and_ends_within_one_step(store: GraphStore) -> None:
    home = entity("home", "site")
    hall, room = entity("home/hall", "space", home), entity("home/hall/room", "space", home)
    room = entity("home/hall/room", "space", hall)
    lamp, probe = entity("home/hall/room/lamp", "device", room), entity("home/probe", "device", home)
    link = Relation(type="feeds", source=lamp.id, target=probe.id)
    store.commit([changeset(*map(Create, (home, hall, room, lamp, probe)))], 0)
    store.commit([changeset(Link(link))], 1)
    trim(store, 1)
    store.commit([changeset(Move(id=room.id, parent=home.id, key="attic"))], 2)
    store.commit([changeset(Move(id=hall.id, parent=room.id, key="nook"))], 3)
    store.commit([changeset(Update(id=lamp.id, fields={"title": {"": "Lamp"}}))], 4)
    store.commit([changeset(Unlink(type="feeds", source=lamp.id, target=probe.id), Link(link), Delete(id=probe.id))], 5)
    expected = mirrored(store.load())
    store.commit([changeset(Create(entity("home-2", "site")))], 6)
    trim(store, 6)
    base = store.base()
    assert base is not None
    assert contents(mirrored(base)) == contents(expected)


def of(store: GraphStore, id_: str, before: int | None = None, limit: int = 50) -> list[tuple[int, list[str]]]:
    return [
        (each.sequence, [type(entry).__name__ for entry in each.changeset.entries])
        for each in store.changes_of(id_, before, limit)
    ]


def test_the_log_of_an_entity(store: GraphStore) -> None:
    home = entity("home", "site")
    room, lamp = entity("home/room", "space", home), entity("home/lamp", "device", home)
    link = Relation(type="feeds", source=lamp.id, target=room.id)
    store.commit([changeset(*map(Create, (home, room, lamp)), summary="made", site=home.id)], 0)
    store.commit(
        [
            changeset(Update(id=room.id, fields={"title": {"": "Room"}}), Update(id=lamp.id, fields={})),
            changeset(Link(link)),
            changeset(Move(id=lamp.id, parent=room.id, key="lamp")),
            changeset(Update(id=home.id, fields={"title": {"": "Home"}})),
        ],
        1,
    )
    store.commit([changeset(Delete(id=lamp.id))], 5)
    assert of(store, room.id) == [(3, ["Link"]), (2, ["Update"]), (1, ["Create"])]
    assert of(store, room.id, limit=2) == [(3, ["Link"]), (2, ["Update"])]
    assert of(store, room.id, before=2) == [(1, ["Create"])]
    assert of(store, home.id) == [(5, ["Update"]), (1, ["Create"])]
    assert of(store, "nothing") == []
    made = store.changes_of(room.id)[-1].changeset
    assert (made.summary, made.site, made.actor.name, made.entries) == ("made", home.id, "ana", (Create(room),))
    trim(store, 2)
    assert of(store, room.id) == [(3, ["Link"])]


@pytest.mark.parametrize("seed", range(3))
def test_the_log_of_each_is_what_the_whole_log_says_of_it(store: GraphStore, seed: int) -> None:
    lived(store, seed, 60)
    log = store.changes(0)
    for each in store.load().entities:
        expected = [change_about(change, each.id) for change in reversed(log)]
        assert store.changes_of(each.id) == [change for change in expected if change.changeset.entries]


@pytest.mark.parametrize("seed", range(3))
def test_sites_come_to_what_they_hold(store: GraphStore, seed: int) -> None:
    lived(store, seed, 80)
    whole = mirrored(store.load())
    sums = store.sums()
    assert sums.since == sums.head == 80
    assert sums.sites.keys() == whole.sites.keys()
    for site in whole.sites:
        inside = {each.id: each for each in whole.entities.values() if each.site == site}
        begin = [each for each in whole.relations() if each.source in inside]
        revisions = sum(each.revision for each in inside.values())
        assert sums.sites[site] == SiteSum(len(inside), revisions, len(begin))
        snapshot = store.load_site(site)
        assert snapshot.head == 80
        assert {each.id: each for each in snapshot.entities} == inside
        ends = [each for each in whole.relations() if {each.source, each.target} & inside.keys()]
        assert sorted(each.key for each in snapshot.relations) == sorted(each.key for each in ends)
    assert list(store.load_site("nowhere").entities) == []


def test_a_file_of_before_is_indexed_when_it_is_opened(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "twin.sqlite")
    lived(store, 1, 60)
    logs = {each.id: store.changes_of(each.id) for each in store.load().entities}
    store.close()
    with sqlite3.connect(tmp_path / "twin.sqlite") as db:
        for table in ("about", "base_entities", "base_relations", "base_documents"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
    db.close()
    again = SQLiteStore(tmp_path / "twin.sqlite")
    assert {id_: again.changes_of(id_) for id_ in logs} == logs
    again.close()
