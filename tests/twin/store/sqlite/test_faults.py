"""A torn write-ahead log, a full disk, a writer that was stopped half-way: what was answered stays, reads go on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.graphs import Walk, changeset, contents, entity
from twin.errors import BackendError, OutcomeUnknown
from twin.graph.mirror import Mirror
from twin.graph.model import ChangeSet, Committed, Create
from twin.graph.readings import Reading, order_key
from twin.store import StateBatch, Watermark
from twin.store.commits import Commits, inline
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[4]

_WRITER = """
import os, pathlib, random, signal, sys
from tests.graphs import Walk
from twin.graph.readings import Reading, order_key
from twin.store import StateBatch, Watermark
from twin.store.sqlite import SQLiteStore
store, walk = SQLiteStore(pathlib.Path(sys.argv[1])), Walk(random.Random(7))
for sequence in range(1, 41):
    made = walk.step()
    store.commit([made], walk.mirror.head)
    walk.apply(made)
    someone = sorted(walk.mirror.entities)[0]
    said = Reading(sequence, sequence, sequence, order_key(0, sequence, 0, sequence))
    store.write_states(StateBatch({(someone, "t"): said}, Watermark("j", sequence, {})))
os.kill(os.getpid(), signal.SIGKILL)
"""


def mirrored(store: SQLiteStore) -> Mirror:
    snapshot, mirror = store.load(), Mirror()
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    return mirror


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a file whose forty commits are all in the write-ahead log yet."""
    folder = tmp_path_factory.mktemp("killed")
    ended = subprocess.run([sys.executable, "-c", _WRITER, folder / "twin.sqlite"], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    return folder


@pytest.mark.parametrize("seed", range(24))
def test_a_torn_tail_of_the_log_ends_at_a_whole_commit(killed: Path, tmp_path: Path, seed: int) -> None:
    """A disk that lost what it had taken: the store is what it was at some commit, and says which."""
    chance = random.Random(seed)
    for name in ("twin.sqlite", "twin.sqlite-wal"):
        shutil.copy(killed / name, tmp_path / name)
    wal = tmp_path / "twin.sqlite-wal"
    size = wal.stat().st_size
    at = chance.randrange(size * 2 // 3, size)
    if chance.random() < 0.5:
        os.truncate(wal, at)
    else:
        with wal.open("r+b") as file:
            file.seek(at)
            file.write(chance.randbytes(min(chance.randrange(1, 5000), size - at)))
    store = SQLiteStore(tmp_path / "twin.sqlite")
    head, mirror, follower = store.head(), mirrored(store), Mirror()
    assert 0 < head <= 40
    for change in store.changes(0):
        follower.apply(change)
    follower.timeline = mirror.timeline
    assert contents(follower) == contents(mirror)
    _, watermark = store.load_states()
    assert watermark.offset in {head - 1, head}
    made = changeset(Create(entity("after", "site")), op_id="after")
    assert store.commit([made], head) == [Committed(head + 1, made.op_id)]
    store.close()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[SQLiteStore]:
    """A store on a disk that has room for some pages more."""
    store = SQLiteStore(tmp_path / "twin.sqlite")
    store.commit([changeset(Create(entity("home", "site")))], 0)
    yield store
    store.close()


def room(store: SQLiteStore, pages: int | None) -> None:
    """So many pages more, or as many as there may be."""
    used = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {2**30 if pages is None else used + pages}")


def large(number: int) -> ChangeSet:
    return changeset(Create(entity(f"home-{number}", "site", title={"": "x" * 20_000})))


def test_a_full_disk_is_said_and_what_waits_is_kept_once_there_is_room(full: SQLiteStore) -> None:
    mirror = mirrored(full)
    commits = Commits(full, mirror, inline, lambda _: None)
    answers: list[Committed | Exception] = []
    room(full, 10)
    made = [large(number) for number in range(5)]
    for each in made:
        commits.submit(each, answers.append)
    kept = [answer for answer in answers if isinstance(answer, Committed)]
    refused = [answer for answer in answers if isinstance(answer, BackendError)]
    assert len(kept) + len(refused) == 5
    assert {each.code_ for each in refused} == {"store.full"}
    assert "no room" in commits.failing
    assert contents(mirrored(full)) == contents(mirror)
    states = {(next(iter(mirror.entities)), "t"): Reading("y" * 99_000, 1, 1, order_key(0, 1, 0, 1))}
    with pytest.raises(BackendError) as caught:
        full.write_states(StateBatch(states, Watermark("j", 1)))
    assert caught.value.code_ == "store.full"
    assert full.load_states() == ({}, Watermark())
    room(full, None)
    commits.follow()
    assert commits.failing == ""
    for each in made:
        commits.submit(each, answers.append)
    assert [answer.op_id for answer in answers[5:] if isinstance(answer, Committed)] == [each.op_id for each in made]
    assert contents(mirrored(full)) == contents(mirror)
    assert full.head() == 6


def test_a_disk_that_fails_while_a_commit_is_synced_leaves_it_unknown(
    full: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        """A connection whose commits the disk does not confirm."""

        def __init__(self, db: sqlite3.Connection) -> None:
            self.db = db

        def __getattr__(self, name: str) -> object:
            return getattr(self.db, name)

        def execute(self, statement: str, *arguments: object) -> object:
            if statement == "COMMIT":
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
                raise error
            return self.db.execute(statement, *arguments)

    made = large(1)
    with monkeypatch.context() as patched:
        patched.setattr(full, "_db", Failing(full._db))
        with pytest.raises(OutcomeUnknown):
            full.commit([made], 1)
    assert full.outcome(made.op_id) is None
    assert full.commit([made], 1) == [Committed(2, made.op_id)]


_STOPPED = """
import os, pathlib, signal, sys
import twin.store.sqlite.store as store_module
from tests.graphs import changeset, entity
from twin.graph.model import Create
store = store_module.SQLiteStore(pathlib.Path(sys.argv[1]))
write_group = store_module.write_group
def stopping(*arguments):
    write_group(*arguments)
    print("locked", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
store_module.write_group = stopping
store.commit([changeset(Create(entity("paused", "site")), op_id="paused")], 1)
print("done", flush=True)
store.close()
"""


@pytest.mark.parametrize("end", [signal.SIGCONT, signal.SIGKILL])
def test_beside_a_writer_that_was_stopped_reads_go_on_and_writes_are_refused_in_time(
    full: SQLiteStore, end: signal.Signals
) -> None:
    mirror = mirrored(full)
    commits = Commits(full, mirror, inline, lambda _: None)
    full._db.execute("PRAGMA busy_timeout = 50")
    made = changeset(Create(entity("cabin", "site")))
    answers: list[Committed | Exception] = []
    words = [sys.executable, "-c", _STOPPED, str(full.path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"locked\n"
        commits.submit(made, answers.append)
        (refusal,) = answers
        assert isinstance(refusal, BackendError)
        assert refusal.code_ == "store.busy"
        assert "locked by another process" in commits.failing
        assert (full.head(), len(full.changes(0)), full.load_states()) == (1, 1, ({}, Watermark()))
        assert contents(mirrored(full)) == contents(mirror)
        opened = SQLiteStore(full.path)  # a command that only reads opens it too
        assert opened.head() == 1
        opened.close()
        writer.send_signal(end)
        writer.wait()
    commits.submit(made, answers.append)
    commits.follow()
    went_on = end == signal.SIGCONT
    assert answers[1] == Committed(3 if went_on else 2, made.op_id)
    assert {each.path for each in mirror.entities.values()} == {"home", "cabin", *(["paused"] if went_on else [])}
    assert contents(mirrored(full)) == contents(mirror)
    assert commits.failing == ""


def test_a_walk_of_the_writer_is_what_the_file_holds(killed: Path, tmp_path: Path) -> None:
    """Without damage nothing is missing: every commit that returned was synced."""
    for name in ("twin.sqlite", "twin.sqlite-wal"):
        shutil.copy(killed / name, tmp_path / name)
    walk = Walk(random.Random(7))
    for _ in range(40):
        walk.apply(walk.step())
    store = SQLiteStore(tmp_path / "twin.sqlite")
    assert store.head() == walk.mirror.head == 40
    assert len(mirrored(store)) == len(walk.mirror)
    store.close()
