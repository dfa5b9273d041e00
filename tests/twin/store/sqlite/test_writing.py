"""Groups of ChangeSets are written as the mirror applies them, whichever way their rows travel."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from tests.graphs import Walk, changeset, contents, entity
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Delete, Link, Relation, Unlink, Update
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = entity("home", "site")
ROOMS = [entity(f"home/room-{number}", "space", SITE) for number in range(20)]


@pytest.fixture(params=[1, 2], ids=["alone", "beside another thread"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteStore]:
    monkeypatch.setattr(threading, "active_count", lambda: request.param)
    made = SQLiteStore(tmp_path / "twin.sqlite")
    yield made
    made.close()


def loaded(store: SQLiteStore) -> Mirror:
    snapshot, mirror = store.load(), Mirror()
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    return mirror


@pytest.mark.parametrize("seed", range(10))
def test_a_group_is_written_as_the_mirror_applies_it(store: SQLiteStore, seed: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(3):
        group, head = [], walk.mirror.head
        for _ in range(50):
            group.append(walk.step())
            walk.apply(group[-1])
        done = store.commit(group, head)
        assert [each.sequence for each in done] == list(range(head + 1, head + 51))
    assert contents(loaded(store)) == contents(walk.mirror)
    assert [change.changeset.op_id for change in store.changes(100)] == [each.op_id for each in group]


def test_what_is_ended_and_made_again_in_a_group_is_there_once(store: SQLiteStore) -> None:
    first, *others = ROOMS
    feeds = [Relation(type="feeds", source=first.id, target=other.id) for other in others]
    again = [entity(room.path, "space", SITE) for room in others]
    group = [
        changeset(Create(SITE), *map(Create, ROOMS), *map(Link, feeds)),
        changeset(*(Unlink(type="feeds", source=each.source, target=each.target) for each in feeds), Link(feeds[0])),
        changeset(*(Update(id=room.id, fields={"title": {"": room.key}}) for room in ROOMS)),
        changeset(*(Delete(id=room.id) for room in others), *map(Create, again)),
        changeset(*(Link(Relation(type="feeds", source=first.id, target=room.id)) for room in again)),
    ]
    mirror = Mirror()
    for sequence, each in enumerate(group, start=1):
        mirror.apply(Change(sequence, each))
    store.commit(group[:2], 0)
    store.commit(group[2:], 2)
    assert contents(loaded(store)) == contents(mirror)
    assert len(list(store.load().relations)) == len(again)
