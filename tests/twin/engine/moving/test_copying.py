"""A graph to another place."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.graphs import changeset, entity
from tests.moving import make, seen
from tests.twin.store.test_moving import census
from twin.engine import Twin
from twin.engine.home import Home
from twin.engine.moving import copy
from twin.errors import BackendError, Conflict, InvalidValue, NotFound
from twin.graph.model import Create
from twin.store.sqlite import SQLiteStore


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make(tmp_path / "data")
    return tmp_path / "data"


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_the_copy_is_the_same_twin(data: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    found = copy(url(data / "twin.sqlite"), url(tmp_path / "to.sqlite"), data, progress=lambda *each: told.append(each))
    with closing(SQLiteStore(tmp_path / "to.sqlite")) as arrived:
        assert census(arrived) == seen(data)
        assert arrived.load().timeline == found.timeline
    with Twin(data) as before, Twin(data, graph=url(tmp_path / "to.sqlite")) as twin:
        assert twin.mirror.timeline == before.mirror.timeline == found.timeline
        assert twin.mirror.entities == before.mirror.entities
    assert Home(data).graph_url() == url(tmp_path / "to.sqlite")
    assert found.later == 0
    assert told[-1][1] == told[-1][2]


def test_a_place_that_is_taken_is_left_alone(data: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", seed=2)
    before = seen(tmp_path / "other")
    for place in (tmp_path / "other", data):
        with pytest.raises(Conflict) as caught:
            copy(url(data / "twin.sqlite"), url(place / "twin.sqlite"), data)
        assert caught.value.code_ == "store.occupied"
    assert seen(tmp_path / "other") == before


def test_where_nothing_is_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        copy(url(tmp_path / "none.sqlite"), url(tmp_path / "to.sqlite"), tmp_path)
    assert caught.value.code_ == "data.unknown"
    with pytest.raises(InvalidValue):
        copy("nowhere", url(tmp_path / "to.sqlite"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_served_is_copied_only_where_that_is_said(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = url(data / "twin.sqlite")
    with Home(data).owned():
        for near in (data, tmp_path / "elsewhere"):
            with pytest.raises(Conflict) as caught:
                copy(source, url(tmp_path / "to.sqlite"), near)
            assert caught.value.code_ == "copy.served"
        fill = SQLiteStore.fill

        def slow(self: SQLiteStore, *given: object, **named: object) -> None:
            fill(self, *given, **named)  # type: ignore[arg-type]
            with closing(SQLiteStore(data / "twin.sqlite")) as beside:
                beside.commit([changeset(Create(entity("later", "site")))], beside.head())

        monkeypatch.setattr(SQLiteStore, "fill", slow)
        found = copy(source, url(tmp_path / "to.sqlite"), data, live=True)
    assert found.later == 1
    assert found.sequence == seen(data).head - 1


def test_one_that_fails_leaves_nothing_and_can_be_begun_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(step: str, done: int, of: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        copy(url(data / "twin.sqlite"), url(tmp_path / "to.sqlite"), data, progress=broken)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    SQLiteStore(tmp_path / "to.sqlite").close()
    copy(url(data / "twin.sqlite"), url(tmp_path / "to.sqlite"), data)


def test_what_arrives_otherwise_is_said(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = SQLiteStore.fill

    def losing(self: SQLiteStore, *given: object, **named: object) -> None:
        fill(self, *given, **named)  # type: ignore[arg-type]
        self._db.execute("DELETE FROM states WHERE entity = (SELECT min(entity) FROM states)")

    monkeypatch.setattr(SQLiteStore, "fill", losing)
    with pytest.raises(BackendError, match="states") as caught:
        copy(url(data / "twin.sqlite"), url(tmp_path / "to.sqlite"), data)
    assert caught.value.code_ == "store.differs"
    assert not (tmp_path / "to.sqlite").exists()
