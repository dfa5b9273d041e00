from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import Walk, changeset, contents, entity, mirror_of
from twin.engine.past import Past
from twin.engine.replay import sequence_at
from twin.errors import InvalidValue, NotFound
from twin.graph.between import between, still
from twin.graph.mirror import Mirror
from twin.graph.model import Actor, Change, Create, Delete, Link, Move, Relation, Update
from twin.store import LogTrimmed
from twin.store.memory import MemoryStore
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path

    from twin.engine.chronicle import Line
    from twin.graph.model import Entity
    from twin.store import GraphStore


def lived(store: GraphStore, seed: int, steps: int) -> tuple[Mirror, list[dict[str, object]]]:
    """A store with a history, and what a mirror held right after each sequence (0 first)."""
    walk = Walk(random.Random(seed))
    held = [held_by(walk.mirror)]
    for _ in range(steps):
        change = walk.apply(walk.step())
        store.commit([change.changeset], change.sequence - 1)
        held.append(held_by(walk.mirror))
    return walk.mirror, held


def held_by(mirror: Mirror) -> dict[str, object]:
    return {**contents(mirror), "entities": dict(mirror.entities)}


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_the_graph_of_any_sequence_is_the_graph_as_it_was(seed: int) -> None:
    store = MemoryStore()
    mirror, held = lived(store, seed, 25)
    for sequence in range(0, 26, 5):
        assert held_by(Past(store, mirror).as_of(sequence)) == held[sequence]


def test_the_same_from_a_file(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "graph.db")
    mirror, held = lived(store, 7, 130)
    for sequence in (1, 50, 51, 100, 130):
        assert held_by(Past(store, mirror).as_of(sequence)) == held[sequence]
    store.close()


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_one_site_alone_is_what_it_was_in_the_whole(seed: int) -> None:
    store = MemoryStore()
    mirror, _ = lived(store, seed, 30)
    past = Past(store, mirror)
    whole = past.as_of(20)
    for site in map(whole.entities.__getitem__, whole.sites):
        alone = past.as_of(20, site=site.key)
        inside = {id_: each for id_, each in whole.entities.items() if each.site == site.id}
        assert alone.entities == inside
        relations = {each for each in whole.relations() if {each.source, each.target} <= inside.keys()}
        assert set(alone.relations()) == relations


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 30))
def test_what_is_different_makes_of_the_one_the_other(seed: int, first: int, second: int) -> None:
    store = MemoryStore()
    mirror, _ = lived(store, seed, 30)
    past = Past(store, mirror)
    was, is_ = past.as_of(first), past.as_of(second)
    found = past.between(first, second)
    assert {each.id for each in found.added} == is_.entities.keys() - was.entities.keys()
    assert {each.id for each in found.removed} == was.entities.keys() - is_.entities.keys()
    assert {each.after.path for each in found.altered} == {
        each.path
        for each in is_.entities.values()
        if each.id in was.entities and plain(each) != plain(was.entities[each.id])
    }
    ties = {(each.relation, each.source, each.target) for each in found.linked}
    assert ties == paths(is_) - paths(was) or any(each.fields.keys() & {"path"} for each in found.altered)
    assert past.between(second, first).added == found.removed


def plain(each: Entity) -> dict[str, object]:
    fields = set(each.__struct_fields__) - {"revision", "updated", "updated_by", "declared"}
    return {name: getattr(each, name) for name in fields}


def paths(mirror: Mirror) -> set[tuple[str, str, str]]:
    at = mirror.entities
    return {(each.type, at[each.source].path, at[each.target].path) for each in mirror.relations()}


@pytest.fixture
def home() -> tuple[Past, dict[str, str]]:
    """A home that was built at 10, changed by ana at 20, by an app at 30, and lost its lamp at 40."""
    store, mirror = MemoryStore(), Mirror()
    site = entity("home", "site")
    hall = entity("home/hall", "space", site)
    lamp = entity("home/hall/lamp", "device", hall)
    probe = entity("home/probe", "device", site)
    link = Link(Relation(type="feeds", source=lamp.id, target=probe.id))
    changes = [
        changeset(Create(site), Create(hall), Create(lamp), Create(probe), link, at=10, summary="the home"),
        changeset(Update(id=hall.id, fields={"title": {"": "Hall"}, "properties": {"area": 4}}), at=20),
        changeset(Move(id=hall.id, parent=site.id, key="entry"), at=30, actor=Actor("a" * 26, "rest")),
        changeset(Delete(id=lamp.id), at=40),
    ]
    for sequence, made in enumerate(changes, start=1):
        store.commit([made], sequence - 1)
        mirror.apply(Change(sequence, made))
    ids = {each.key: each.id for each in (site, hall, lamp, probe)}
    return Past(store, mirror, lambda name: "lights" if name.startswith("aaa") else name), ids


def test_who_changed_what_when_and_through_what(home: tuple[Past, dict[str, str]]) -> None:
    past, _ = home
    found = past.log()
    assert [(each.sequence, each.at, each.by, each.via) for each in found] == [
        (1, 10, "ana", "tests"),
        (2, 20, "ana", "tests"),
        (3, 30, "lights", "rest"),
        (4, 40, "ana", "tests"),
    ]

    def told(line: Line) -> tuple[str, ...]:
        return tuple(each for each in (line.what, line.before, line.path, line.relation, line.target) if each)

    assert [told(line) for line in found[0].lines] == [
        ("create", "home"),
        ("create", "home/hall"),
        ("create", "home/hall/lamp"),
        ("create", "home/probe"),
        ("link", "home/hall/lamp", "feeds", "home/probe"),
    ]
    assert found[1].lines[0].fields == {"title": {"": "Hall"}, "properties": {"area": 4}}
    assert told(found[2].lines[0]) == ("move", "home/hall", "home/entry")
    assert told(found[3].lines[0]) == ("delete", "home/entry/lamp")


def test_the_log_of_a_place_of_an_author_and_of_a_time(home: tuple[Past, dict[str, str]]) -> None:
    past, _ = home

    def sequences(path: str | None = None, **given: object) -> list[int]:
        return [each.sequence for each in past.log(path, **given)]  # type: ignore[arg-type]

    assert sequences("home/entry") == [1, 2, 3, 4]
    assert sequences("home/probe") == [1]
    assert sequences("home/hall/lamp") == [1]  # what is not there any more, by the path that it had
    assert sequences("home/entry/lamp") == [4]
    assert [line.path for line in past.log("home/probe")[0].lines] == ["home/probe", "home/hall/lamp"]
    assert sequences(by="lights") == [3]
    assert (sequences(since=20, until=40), sequences(limit=2)) == ([2, 3], [3, 4])
    with pytest.raises(NotFound):
        past.log("home/cellar")


def test_what_is_different_field_by_field(home: tuple[Past, dict[str, str]]) -> None:
    past, ids = home
    found = past.between(1, 4)
    assert [each.id for each in found.removed] == [ids["lamp"]]
    assert [(each.relation, each.source, each.target) for each in found.unlinked] == [
        ("feeds", "home/hall/lamp", "home/probe")
    ]
    (hall,) = found.altered
    assert hall.fields == {
        "key": ("hall", "entry"),
        "path": ("home/hall", "home/entry"),
        "title": (None, "Hall"),
        "properties.area": (None, 4),
    }
    assert past.between(2, 2).empty
    assert past.between(1, 4, "home/probe").removed == []
    assert len(past.between(1, 4, "home/probe").unlinked) == 1
    assert [each.id for each in past.between(1, 4, "home/hall").removed] == [ids["lamp"]]
    with pytest.raises(NotFound):
        past.between(1, 4, "home/cellar")


def test_a_time_is_the_last_change_made_by_then(home: tuple[Past, dict[str, str]]) -> None:
    past, _ = home
    assert [past.sequence(at) for at in (9, 10, 29, 30, 1000)] == [0, 1, 2, 3, 4]
    store = MemoryStore()
    _, held = lived(store, 3, 120)
    assert sequence_at(store, 0) == 0
    assert sequence_at(store, 2_000_000) == len(held) - 1 == 120


def test_what_never_was_and_what_is_not_kept_any_more(home: tuple[Past, dict[str, str]]) -> None:
    past, _ = home
    for sequence in (-1, 5):
        with pytest.raises(InvalidValue) as unknown:
            past.as_of(sequence)
        assert unknown.value.code_ == "sequence.unknown"

    store = MemoryStore()
    mirror, _ = lived(store, 1, 4)
    store.trim(2)
    for asked in (lambda past: past.as_of(1), lambda past: past.between(0, 4), lambda past: past.sequence(999_999)):
        with pytest.raises(LogTrimmed) as trimmed:
            asked(Past(store, mirror))
        assert trimmed.value.code_ == "log.trimmed"
        assert trimmed.value.details == {"sequence": 2, "at": "1970-01-01T00:00:01Z"}


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 29))
def test_from_the_base_on_everything_is_as_it_was(seed: int, sequence: int) -> None:
    store, whole = MemoryStore(), MemoryStore()
    mirror, held = lived(store, seed, 30)
    for change in store.changes(0):
        whole.commit([change.changeset], change.sequence - 1)
    store.trim(sequence)
    past, before = Past(store, mirror), Past(whole, mirror)
    for asked in (sequence, 30):
        assert held_by(past.as_of(asked)) == held[asked]
        site = next(iter(before.as_of(asked).sites))
        key = before.as_of(asked).entities[site].key
        assert held_by(past.as_of(asked, site=key)) == held_by(before.as_of(asked, site=key))
    assert past.between(sequence, 30) == before.between(sequence, 30)
    assert past.log() == before.log()[sequence:]
    assert past.since().sequence == sequence


def test_what_is_still_does_not_change() -> None:
    mirror = mirror_of([site := entity("home", "site")])
    before = still(mirror)
    mirror.apply(Change(1, changeset(Update(id=site.id, fields={"title": {"fr": "Maison"}}))))
    (found,) = between(before, still(mirror)).altered
    assert found.fields == {"title.fr": (None, "Maison")}
