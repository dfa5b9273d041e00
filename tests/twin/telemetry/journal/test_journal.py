from __future__ import annotations

import errno
import os
import queue
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from twin.errors import BackendError
from twin.telemetry.journal import Journal, JournalMessage, tail

if TYPE_CHECKING:
    from collections.abc import Iterator

Pairs = list[tuple[bytes, bytes]]


@contextmanager
def journal_in(directory: Path, **limits: int) -> Iterator[Journal]:
    journal = Journal(directory, on_loop=lambda report: report(), **limits)
    try:
        yield journal
    finally:
        journal.close()


def keep(journal: Journal, *messages: tuple[bytes, bytes], sender: str = "gateway", received: int = 7) -> int | None:
    answer: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    journal.append(sender, received, list(messages), answer.put)
    return answer.get(timeout=30)


def pairs(journal: Journal, since: int = 0) -> Pairs:
    return [(message.topic, message.payload) for message in journal.read(since)]


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.journal"))


def test_what_was_kept_is_read_in_order_with_all_that_was_known(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        assert keep(journal, (b"a", b"1"), (b"b", b""), sender="gäteway", received=-5) == 0
        assert keep(journal, (b"a", b"2")) == 2
        assert journal.next == 3
        assert list(journal.read(1)) == [
            JournalMessage(1, "gäteway", -5, b"b", b""),
            JournalMessage(2, "gateway", 7, b"a", b"2"),
        ]


def test_numbers_go_on_after_reopening_and_the_id_stays(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        keep(journal, (b"a", b"1"))
        identity = journal.id
    with journal_in(tmp_path) as journal:
        assert journal.id == identity
        assert journal.next == 1
        assert keep(journal, (b"a", b"2")) == 1
        assert pairs(journal) == [(b"a", b"1"), (b"a", b"2")]


def test_the_directory_is_its_owners_alone(tmp_path: Path) -> None:
    with journal_in(tmp_path / "journal") as journal:
        keep(journal, (b"a", b"1"))
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "journal").iterdir()} == {0o600}


def test_a_second_process_is_refused_and_the_first_may_come_back(tmp_path: Path) -> None:
    with journal_in(tmp_path):
        with pytest.raises(BackendError) as refused:
            Journal(tmp_path, on_loop=lambda report: report())
        assert refused.value.code_ == "journal.in_use"
    with journal_in(tmp_path):
        pass


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendError) as refused:
        Journal(tmp_path / "file" / "journal", on_loop=lambda report: report())
    assert refused.value.code_ == "journal.unavailable"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"{", "journal.unreadable"), (b'{"id":"x","seed":1,"format":2}', "journal.newer"), (None, "journal.unreadable")],
)
def test_an_identity_that_is_not_ours_is_refused(tmp_path: Path, content: bytes | None, code: str) -> None:
    with journal_in(tmp_path) as journal:
        keep(journal, (b"a", b"1"))
    if content is None:
        (tmp_path / "id").unlink()
    else:
        (tmp_path / "id").write_bytes(content)
    with pytest.raises(BackendError) as refused:
        Journal(tmp_path, on_loop=lambda report: report())
    assert refused.value.code_ == code


def test_segments_are_read_across_and_trimmed_whole(tmp_path: Path) -> None:
    with journal_in(tmp_path, segment_bytes=1) as journal:
        for number in range(5):
            keep(journal, (b"a", b"%d" % number), received=number * 10)
        assert len(segments(tmp_path)) == 5
        assert [m.number for m in journal.read(2)] == [2, 3, 4]
        assert journal.trim(below=0, keep_after=1000) == 0
        assert journal.trim(below=2, keep_after=1000) == 2
        assert journal.trim(below=99, keep_after=31) == 1
        assert [m.number for m in journal.read(0)] == [3, 4]
        assert journal.trim(below=99, keep_after=1000) == 1
        assert [m.number for m in journal.read(0)] == [4]
        keep(journal, (b"a", b"5"), received=2000)
        assert journal.trim(below=99, keep_after=0, keep_bytes=1 << 20) == 0
        assert journal.trim(below=99, keep_after=0, keep_bytes=1) == 1
        assert [m.number for m in journal.read(0)] == [5]
    with journal_in(tmp_path) as journal:
        assert journal.next == 6
        assert keep(journal, (b"a", b"6")) == 6


def test_a_journal_older_than_the_state_does_not_give_its_numbers_again(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        keep(journal, (b"a", b"0"))
        journal.skip_to(100)
        assert keep(journal, (b"a", b"100")) == 100
    with journal_in(tmp_path) as journal:
        journal.skip_to(50)
        assert journal.next == 101
        assert [m.number for m in journal.read(100)] == [100]


@st.composite
def histories(draw: st.DrawFn) -> list[Pairs]:
    message = st.tuples(st.binary(max_size=6), st.binary(max_size=12))
    return draw(st.lists(st.lists(message, min_size=1, max_size=3), min_size=1, max_size=6))


@settings(max_examples=6, deadline=None)
@given(history=histories(), junk=st.binary(max_size=8), segment_bytes=st.integers(1, 400))
def test_a_crash_at_any_byte_leaves_what_was_synced_or_more_in_order(
    history: list[Pairs], junk: bytes, segment_bytes: int
) -> None:
    everything = [message for messages in history for message in messages]
    with tempfile.TemporaryDirectory() as name:
        whole, copy = Path(name) / "whole", Path(name) / "copy"
        synced: list[tuple[Path, int, int]] = []
        with journal_in(whole, segment_bytes=segment_bytes) as journal:
            for messages in history:
                keep(journal, *messages)
                newest = segments(whole)[-1]
                synced.append((newest, newest.stat().st_size, journal.next))
        last, size, _ = synced[-1]
        for crash in range(size + 1):
            shutil.copytree(whole, copy)
            (copy / last.name).write_bytes(last.read_bytes()[:crash] + junk)
            owed = max((next_ for path, end, next_ in synced if path != last or end <= crash), default=0)
            with journal_in(copy, segment_bytes=segment_bytes) as journal:
                assert journal.next >= owed
                assert pairs(journal) == everything[: journal.next]
                assert keep(journal, (b"next", b"")) == len(pairs(journal)) - 1
                assert journal.lost == 0
            shutil.rmtree(copy)


def test_a_block_inside_a_payload_never_passes_for_one(tmp_path: Path) -> None:
    with journal_in(tmp_path / "other") as other:
        keep(other, (b"forged", b"1"), sender="somebody else")
    forged = segments(tmp_path / "other")[0].read_bytes()
    with journal_in(tmp_path / "mine") as journal:
        keep(journal, (b"a", forged))
    segment = segments(tmp_path / "mine")[0]
    segment.write_bytes(segment.read_bytes()[:-1])
    with journal_in(tmp_path / "mine") as journal:
        assert pairs(journal) == []
        assert journal.lost == 0


@pytest.mark.parametrize("segment_bytes", [1, 1 << 20])
def test_damage_before_good_blocks_is_stepped_over_counted_and_named(tmp_path: Path, segment_bytes: int) -> None:
    with journal_in(tmp_path, segment_bytes=segment_bytes) as journal:
        for number in range(4):
            keep(journal, (b"a", b"%d" % number), (b"b", b"%d" % number))
    damaged = segments(tmp_path)[1 if segment_bytes == 1 else 0]
    content = bytearray(damaged.read_bytes())
    content[0 if segment_bytes == 1 else len(content) // 4] ^= 1
    damaged.write_bytes(content)
    with capture_logs() as logs, journal_in(tmp_path) as journal:
        assert [m.number for m in journal.read(0)] == [0, 1, 4, 5, 6, 7]
        assert [m.number for m in journal.read(0)] == [0, 1, 4, 5, 6, 7]
        assert journal.lost == 2
        assert journal.next == 8
    events = [log for log in logs if log["event"] == "journal.damaged"]
    assert [(log["file"], log["messages"]) for log in events] == [(str(damaged), 2)]


class Disk:
    """The real one, that can be told to fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = self.broken = False
        self.partial = 0
        self._pwrite, self._sync = os.pwrite, tail._sync
        monkeypatch.setattr(tail.os, "pwrite", self.pwrite)
        monkeypatch.setattr(tail, "_sync", self.sync)

    def pwrite(self, descriptor: int, data: memoryview, at: int) -> int:
        if self.full:
            if not self.partial:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data, self.partial = data[: self.partial], 0
        return self._pwrite(descriptor, data, at)

    def sync(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._sync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_full_disk_withholds_and_later_appends_work_again(tmp_path: Path, disk: Disk) -> None:
    with journal_in(tmp_path) as journal:
        assert keep(journal, (b"a", b"0")) == 0
        disk.full, disk.partial = True, 20
        assert keep(journal, (b"a", b"lost")) is None
        assert keep(journal, (b"a", b"lost too")) is None
        assert journal.trouble == "the journal cannot be written: No space left on device"
        assert pairs(journal) == [(b"a", b"0")]
        disk.full = False
        assert keep(journal, (b"a", b"1")) == 1
        assert journal.trouble is None
        assert pairs(journal) == [(b"a", b"0"), (b"a", b"1")]
    with journal_in(tmp_path) as journal:
        assert pairs(journal) == [(b"a", b"0"), (b"a", b"1")]
        assert journal.lost == 0


def test_a_sync_that_failed_is_not_built_upon(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_in(tmp_path) as journal:
        assert keep(journal, (b"a", b"0")) == 0
        disk.broken = True
        monkeypatch.setattr(tail.os, "ftruncate", lambda descriptor, _size: disk.sync(descriptor))
        assert keep(journal, (b"a", b"lost"), (b"a", b"lost")) is None
        assert journal.trouble == "the journal cannot be written: Input/output error"
        disk.broken = False
        monkeypatch.undo()
        assert keep(journal, (b"a", b"1")) == 1
        assert len(segments(tmp_path)) == 2
        assert pairs(journal) == [(b"a", b"0"), (b"a", b"1")]
    with journal_in(tmp_path) as journal:
        assert pairs(journal) == [(b"a", b"0"), (b"a", b"1")]
        assert journal.next == 2
        assert journal.lost == 0


def test_a_first_write_that_fails_leaves_no_trace(tmp_path: Path, disk: Disk) -> None:
    with journal_in(tmp_path) as journal:
        disk.full = True
        assert keep(journal, (b"a", b"lost")) is None
        disk.full = False
        assert keep(journal, (b"a", b"0")) == 0
        assert len(segments(tmp_path)) == 1
        assert pairs(journal) == [(b"a", b"0")]


def test_trouble_ends_by_itself(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.telemetry.journal.journal._RETRY_SECONDS", 0.01)
    with journal_in(tmp_path) as journal:
        disk.full = True
        assert keep(journal, (b"a", b"lost")) is None
        with capture_logs() as logs:
            disk.full = False
            while journal.trouble is not None:
                pass
        assert keep(journal, (b"a", b"0")) == 0
        assert pairs(journal) == [(b"a", b"0")]
    assert [log["event"] for log in logs] in ([], ["journal.writable"])


def test_a_fault_of_ours_withholds_and_does_not_end_the_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_in(tmp_path) as journal:
        monkeypatch.setattr(tail, "seal", lambda *_, **__: 1 / 0)
        assert keep(journal, (b"a", b"lost")) is None
        monkeypatch.undo()
        assert keep(journal, (b"a", b"0")) == 0


def test_groups_are_reported_on_the_loop_and_pressure_comes_and_goes(tmp_path: Path) -> None:
    reports: queue.SimpleQueue[object] = queue.SimpleQueue()
    pressed: list[bool] = []
    answers: list[int | None] = []
    journal = Journal(tmp_path, on_loop=reports.put, on_pressure=pressed.append, queue_bytes=100)
    for _ in range(3):
        journal.append("s", 0, [(b"a", b"x" * 60)], answers.append)
    assert pressed == [True]
    assert answers == []
    assert journal.next == 0
    while len(answers) < 3:
        reports.get(timeout=30)()  # type: ignore[operator]
    journal.close()
    assert pressed == [True, False]
    assert answers == [0, 1, 2]
    assert journal.next == 3


def test_a_caller_that_fails_does_not_keep_the_others_from_being_told(tmp_path: Path) -> None:
    answers: list[int | None] = []
    journal = Journal(tmp_path, on_loop=lambda report: report())
    with capture_logs() as logs:
        journal.append("s", 0, [(b"a", b"x")], lambda _: 1 / 0)
        journal.append("s", 0, [(b"a", b"x")], answers.append)
        journal.close()
    assert answers == [1]
    assert [log["event"] for log in logs] == ["journal.report_failed"]


def test_a_segment_that_cannot_be_read_is_said_and_the_directory_let_go(tmp_path: Path) -> None:
    (tmp_path / f"{0:020d}.journal").mkdir()
    (tmp_path / "id").write_bytes(b'{"id":"x","seed":1}')
    for _ in range(2):
        with pytest.raises(BackendError) as refused:
            Journal(tmp_path, on_loop=lambda report: report())
        assert refused.value.code_ == "journal.unavailable"


def test_closing_writes_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    answers: list[int | None] = []
    journal = Journal(tmp_path, on_loop=lambda report: report())
    for _ in range(50):
        journal.append("s", 0, [(b"a", b"x")], answers.append)
    journal.close()
    journal.close()
    journal.append("s", 0, [(b"a", b"x")], answers.append)
    assert answers == [*range(50), None]
    with journal_in(tmp_path) as again:
        assert again.next == 50
