"""The end of a journal, copied beside who writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.telemetry.journal import Journal
from twin.telemetry.journal.copying import held, renamed

if TYPE_CHECKING:
    from pathlib import Path


def opened(directory: Path, segment_bytes: int = 400) -> Journal:
    return Journal(directory, on_loop=lambda call: call(), segment_bytes=segment_bytes)


def fill(directory: Path, count: int, start: int = 0) -> str:
    """Messages, each a number, in segments of some; the journal's id."""
    journal = opened(directory)
    for number in range(start, start + count):
        journal.append("me", 1, [(b"t", b"%d" % number)], lambda _: None)
    journal.close()
    return journal.id


def content(directory: Path, since: int = 0) -> tuple[list[int], int]:
    """The messages of a journal from a number on, and the number that comes next."""
    journal = opened(directory)
    found, following, lost = [int(each.payload) for each in journal.read(since)], journal.next, journal.lost
    journal.close()
    assert lost == 0
    return found, following


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for start in range(0, 40, 10):
        fill(tmp_path / "journal", 10, start)
    return tmp_path / "journal"


@given(count=st.integers(0, 30), since=st.integers(0, 35))
@settings(max_examples=15, deadline=None)
def test_a_copy_goes_on_where_it_is_said(tmp_path_factory: pytest.TempPathFactory, count: int, since: int) -> None:
    folder = tmp_path_factory.mktemp("copied")
    id_ = fill(folder / "journal", count)
    with held(folder / "journal") as journal:
        copied = journal.copy(folder / "copy", lambda name: since if name == id_ else -1)
    assert copied == max(count - since, 0)
    found, following = content(folder / "copy", since)
    assert found == list(range(since, count))
    assert following == max(count, since)


def test_what_is_trimmed_meanwhile_is_there_yet(source: Path, tmp_path: Path) -> None:
    with held(source) as journal:
        writer = opened(source)
        assert writer.trim(40, 1 << 60) > 0
        writer.close()
        fill(source, 20, start=40)
        assert journal.copy(tmp_path / "copy", lambda _: 3) == 57
    assert content(tmp_path / "copy", 3)[0] == list(range(3, 60))


def test_a_write_that_is_under_way_is_left_out(source: Path, tmp_path: Path) -> None:
    last = max(source.glob("*.journal"))
    with last.open("ab") as file:
        file.write(last.read_bytes()[:40])
    with held(source) as journal:
        assert journal.copy(tmp_path / "copy", lambda _: 0) == 40
    assert content(tmp_path / "copy")[1] == 40


def test_a_journal_that_never_was_leaves_nothing(tmp_path: Path) -> None:
    with held(tmp_path / "none") as journal:
        assert journal.copy(tmp_path / "copy", lambda _: 0) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_journal_with_another_id_reads_as_before(source: Path) -> None:
    old = opened(source)
    old.close()
    assert renamed(source, "new") == old.id
    again = opened(source)
    assert again.id == "new"
    assert len(list(again.read(0))) == 40
    again.close()
