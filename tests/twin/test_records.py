from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from twin.errors import BackendError
from twin.records import VERSION, Base, Records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Note(Base):
    __tablename__ = "test_note"
    metadata = MetaData()
    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(tmp_path / "records.sqlite")
    opened.create(Note)
    yield opened
    opened.close()


def test_what_was_written_is_there_after_reopening(records: Records) -> None:
    with records.write() as session:
        session.add(Note(name="a", count=1))
    records.close()
    again = Records(records.path)
    again.create(Note)
    with again.read() as session:
        assert session.scalars(select(Note.name)).all() == ["a"]
    again.close()


def test_what_raises_is_undone(records: Records) -> None:
    def broken() -> None:
        with records.write() as session:
            session.add(Note(name="a", count=1))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        broken()
    with records.read() as session:
        assert session.scalars(select(Note)).all() == []


def test_a_broken_rule_is_passed_on(records: Records) -> None:
    with records.write() as session:
        session.add(Note(name="a", count=1))
    with pytest.raises(IntegrityError), records.write() as session:
        session.add(Note(name="a", count=2))


def test_a_writer_reads_and_writes_as_one(records: Records) -> None:
    with records.write() as session:
        session.add(Note(name="a", count=0))

    def add_one(_: int) -> None:
        with records.write() as session:
            note = session.get_one(Note, "a")
            note.count += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))
    with records.read() as session:
        assert session.get_one(Note, "a").count == 40


def test_the_files_are_their_owners_alone(records: Records) -> None:
    with records.write() as session:
        session.add(Note(name="a", count=1))
    modes = {path.name: path.stat().st_mode & 0o777 for path in records.path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.touch(0o644)
    Records(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_disk_has_it_before_the_call_returns(records: Records) -> None:
    with records.read() as session:
        settings = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "user_version")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "user_version": VERSION}


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(BackendError) as refused:
        Records(path)
    assert refused.value.code_ == "records.newer"


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    with pytest.raises(BackendError) as refused:
        Records(path)
    assert refused.value.code_ == "records.unavailable"
    assert refused.value.help


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as refused:
        Records(tmp_path / "absent" / "records.sqlite")
    assert refused.value.code_ == "records.unavailable"
    assert "No such file" in refused.value.message


def test_many_threads_write_at_once_and_none_is_refused(records: Records) -> None:
    """Through several `Records` of one file, as where a part of a process opens the file for itself."""
    with records.write() as session:
        session.add(Note(name="a", count=0))
    others = Records(records.path)
    together = Barrier(32)

    def add_some(number: int) -> None:
        together.wait(60)
        for _ in range(8):
            with (records, others)[number % 2].write() as session:
                session.get_one(Note, "a").count += 1

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(add_some, range(32)))
    others.close()
    with records.read() as session:
        assert session.get_one(Note, "a").count == 32 * 8


def test_who_waits_to_write_keeps_nothing_from_those_who_read(records: Records) -> None:
    """More of them than the pool has connections."""
    with ThreadPoolExecutor(32) as pool:
        with records.write() as session:
            session.add(Note(name="a", count=0))
            waiting = [pool.submit(_add, records, f"b{number}") for number in range(32)]
            while len(records._turns._waiting) < 32:
                assert not any(each.done() for each in waiting)
            with records.read() as reading:
                assert reading.scalars(select(Note)).all() == []
        for each in waiting:
            each.result(60)
    with records.read() as session:
        assert len(session.scalars(select(Note)).all()) == 33


def test_a_write_within_a_write_is_a_mistake_that_is_said_at_once(records: Records) -> None:
    others = Records(records.path)

    def nested(inner: Records) -> None:
        with records.write() as session:
            session.add(Note(name="a", count=0))
            _add(inner, "b")

    for inner in (records, others):
        with pytest.raises(RuntimeError, match="already"):
            nested(inner)
    others.close()
    with records.read() as session:
        assert session.scalars(select(Note)).all() == []


def test_a_write_does_not_wait_for_ever(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.records._PATIENCE_SECONDS", 0.01)
    with ThreadPoolExecutor(1) as pool, records.write(), pytest.raises(BackendError) as refused:
        pool.submit(_add, records, "a").result(60)
    assert refused.value.code_ == "records.unavailable"
    assert "its turn had not come" in refused.value.message


def _add(records: Records, name: str) -> None:
    with records.write() as session:
        session.add(Note(name=name, count=0))
