from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.graphs import changeset, entity
from twin.errors import BackendError
from twin.graph.model import Create, Link, Relation
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_of_a_newer_twin_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twin.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(BackendError) as caught:
        SQLiteStore(path)
    assert caught.value.code_ == "store.too_new"


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twin.sqlite"
    path.write_text("not a database, however long it goes on " * 100)
    with pytest.raises(BackendError) as caught:
        SQLiteStore(path)
    assert caught.value.code_ == "store.damaged"


def test_what_another_version_wrote_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twin.sqlite"
    store = SQLiteStore(path)
    store.commit([changeset(Create(entity("home", "site")))], 0)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE entities SET body = '{\"id\": 7}'")
    db.close()
    with pytest.raises(BackendError) as caught:
        store.load()
    assert caught.value.code_ == "store.unreadable"
    store.close()


def test_a_file_from_before_relations_said_roles_is_brought_along(tmp_path: Path) -> None:
    path = tmp_path / "twin.sqlite"
    store = SQLiteStore(path)
    home, other = entity("home", "site"), entity("home-2", "site")
    feeds = Relation(type="feeds", source=home.id, target=other.id)
    store.commit([changeset(Create(home), Create(other), Link(feeds))], 0)
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE relations DROP COLUMN roles")
        db.execute("PRAGMA user_version = 1")
    db.close()
    store = SQLiteStore(path)
    (kept,) = store.load().relations
    assert (kept.type, kept.roles) == ("feeds", ())
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "twin.sqlite")
    store.close()
    with pytest.raises(BackendError) as caught:
        store.head()
    assert caught.value.code_ == "store.closed"


_WRITER = """
import os, pathlib, signal, sys
from tests.graphs import changeset, entity
from twin.graph.model import Create
from twin.store.sqlite import SQLiteStore
store = SQLiteStore(pathlib.Path(sys.argv[1]))
for head in range(1000):
    store.commit([changeset(Create(entity(f"home-{head}", "site")), op_id=f"op-{head}")], head)
    print(head + 1, flush=True)
"""


def test_every_commit_that_returned_is_there_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "twin.sqlite"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        returned = 0
        for line in writer.stdout:
            returned = int(line)
            if returned == 40:
                writer.kill()
                break
        returned = max([returned, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    store = SQLiteStore(path)
    head = store.head()
    assert head >= returned
    assert len(list(store.load().entities)) == head
    store.commit([changeset(Create(entity("after", "site")))], head)
    store.close()


def test_two_processes_share_a_file_and_the_head_decides(tmp_path: Path) -> None:
    one, two = SQLiteStore(tmp_path / "twin.sqlite"), SQLiteStore(tmp_path / "twin.sqlite")
    one.commit([changeset(Create(entity("home", "site")))], 0)
    assert two.head() == 1
    two.commit([changeset(Create(entity("cabin", "site")))], 1)
    assert [change.sequence for change in one.changes(1)] == [2]
    one.close()
    two.close()
