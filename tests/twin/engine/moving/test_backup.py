"""A twin's directory into a file."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.moving import MESSAGES, WORKED, make
from twin.engine.home import Home
from twin.engine.moving import backup, check
from twin.errors import BackendError, Conflict, InvalidValue, NotFound


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make(tmp_path / "data")
    return tmp_path / "data"


def test_a_backup_says_what_is_in_it(data: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    found = backup(data, tmp_path / "x.twin", lambda step, *_: steps.append(step))
    assert found == check(tmp_path / "x.twin")
    assert found.counts["messages"] == MESSAGES - WORKED
    assert found.counts["changes"] == found.cut.sequence
    assert found.cut.offset == WORKED
    assert list(dict.fromkeys(steps)) == ["reading", "writing"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "x.twin"]


def test_it_can_be_made_while_the_directory_is_served(data: Path, tmp_path: Path) -> None:
    with Home(data).owned():
        assert backup(data, tmp_path / "x.twin").counts["messages"] == MESSAGES - WORKED


def test_where_there_is_no_twin_none_is_made(tmp_path: Path) -> None:
    for place in (tmp_path / "none", tmp_path):
        with pytest.raises(NotFound) as caught:
            backup(place, tmp_path / "x.twin")
        assert caught.value.code_ == "data.unknown"
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_overwritten(data: Path, tmp_path: Path) -> None:
    (tmp_path / "x.twin").write_text("mine")
    with pytest.raises(Conflict) as caught:
        backup(data, tmp_path / "x.twin")
    assert caught.value.code_ == "backup.exists"
    assert (tmp_path / "x.twin").read_text() == "mine"


def test_two_do_not_write_one_file(data: Path, tmp_path: Path) -> None:
    (tmp_path / ".x.twin.partial").mkdir()
    lock = os.open(tmp_path / ".x.twin.partial", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(Conflict) as caught:
        backup(data, tmp_path / "x.twin")
    os.close(lock)
    assert caught.value.code_ == "backup.exists"
    backup(data, tmp_path / "x.twin")


def test_a_folder_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as caught:
        backup(data, tmp_path / "no" / "x.twin")
    assert caught.value.code_ == "file.unwritable"


_KILLED = """
import os, pathlib, signal, sys
from twin.engine.moving import backup as module
import twin.engine.moving.backup
part = sys.modules["twin.engine.moving.backup"]
setattr(part, sys.argv[1], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
module(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
"""


@pytest.mark.parametrize("part", ["_copy_records", "_seen", "pack", "_publish"])
def test_what_a_killed_one_leaves_is_no_backup_and_is_cleared(data: Path, tmp_path: Path, part: str) -> None:
    words = [sys.executable, "-c", _KILLED, part, str(data), str(tmp_path / "x.twin")]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "x.twin").exists()
    assert (tmp_path / ".x.twin.partial").is_dir()
    backup(data, tmp_path / "x.twin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "x.twin"]


_FULL = """
import pathlib, resource, signal, sys
from twin.engine.moving import backup
from twin.errors import BackendError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    backup(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
except BackendError as error:
    print(error.code_)
"""


@pytest.mark.parametrize("size", [10_000, 60_000])
def test_a_disk_that_takes_no_more_leaves_nothing_half(data: Path, tmp_path: Path, size: int) -> None:
    words = [sys.executable, "-c", _FULL, str(data), str(tmp_path / "x.twin"), str(size)]
    found = subprocess.run(words, check=False, capture_output=True, text=True)
    assert found.stdout.strip() in {"store.full", "store.unavailable", "file.unwritable"}, found.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_a_damaged_graph_is_said(data: Path, tmp_path: Path) -> None:
    file = data / "twin.sqlite"
    file.write_bytes(b"x" * 8192)
    with pytest.raises(BackendError):
        backup(data, tmp_path / "x.twin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
