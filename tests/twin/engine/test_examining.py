"""What `twin doctor` says of a directory and of a graph in a file; of a Neo4j, see the store's own tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.graphs import changeset, entity
from twin.engine.examining import examine
from twin.engine.home import Home
from twin.engine.lease import Announcement, Lease
from twin.graph.model import Create
from twin.store import StateBatch, Watermark
from twin.store.findings import Finding
from twin.telemetry.journal.segments import Segments


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with a graph, and a journal that has fed it."""
    home = Home(tmp_path / "data")
    journal = Segments(home.journal)
    store = home.open_graph()
    store.commit([changeset(Create(entity("home", "site")))], 0)
    store.write_states(StateBatch({}, Watermark(journal.identity.id, 0)))
    store.close()
    journal.close()
    return home.directory


def said(data: Path, graph: str = "") -> dict[str, Finding]:
    return {each.about: each for each in examine(data, graph)}


def wrong(data: Path, graph: str = "") -> list[str]:
    found = said(data, graph).values()
    assert all(each.help for each in found if each.verdict == "wrong")
    return [each.about for each in found if each.verdict == "wrong"]


def test_all_is_well(data: Path) -> None:
    before = sorted(data.rglob("*"))
    found = said(data)
    assert {each.verdict for each in found.values()} == {"ok"}
    assert found["graph: log"].said == "the log stands at 1"
    assert "fed from the journal here" in found["graph: journal"].said
    assert [path for path in sorted(data.rglob("*")) if path.suffix not in {".sqlite-shm", ".sqlite-wal"}] == before


def test_what_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    assert wrong(tmp_path / "none") == ["directory"]
    assert not (tmp_path / "none").exists()
    assert wrong(tmp_path, f"sqlite:///{tmp_path}/none.sqlite") == ["graph: file"]
    assert not (tmp_path / "none.sqlite").exists()


def test_a_graph_of_another_directory_is_said(data: Path, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    Segments(other.journal).close()
    assert wrong(other.directory, f"sqlite:///{data}/twin.sqlite") == ["graph: journal"]


def test_a_journal_from_an_older_copy_is_said(data: Path) -> None:
    store = Home(data).open_graph()
    _, mark = store.load_states()
    store.write_states(StateBatch({}, Watermark(mark.journal, 5)))
    store.close()
    assert said(data)["graph: journal"].verdict == "unsure"


def test_messages_that_neither_the_graph_nor_the_journal_has_are_said(data: Path) -> None:
    (data / "journal" / f"{7:020d}.journal").touch()
    found = said(data)["graph: journal"]
    assert found.verdict == "wrong"
    assert found.said.startswith("7 messages are missing")


def test_who_serves_it_is_said(data: Path) -> None:
    lease = Lease(data)
    assert lease.take()
    lease.announce(Announcement(os.getpid(), "http://127.0.0.1:1", 1, "mqtt://127.0.0.1:2", 3, "s3cret", "t"))
    found = said(data)
    lease.release()
    assert found["directory: served"].said == f"by process {os.getpid()}, at http://127.0.0.1:1"
    assert "s3cret" not in str(found)


def test_secrets_that_others_may_read_are_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = data / "password"
    file.write_text("s3cret")
    file.chmod(0o644)
    data.chmod(0o755)
    monkeypatch.setenv("TWIN_NEO4J_PASSWORD_FILE", str(file))
    found = said(data, "bolt://neo4j@127.0.0.1:1/neo4j")
    assert (found["graph: password"].verdict, found["graph: password"].help) == ("wrong", f"chmod go= {file}")
    assert found["neo4j: reachable"].verdict == "wrong"
    assert "s3cret" not in str(found)


def test_a_url_that_is_none_and_may_show_a_password_does_not(data: Path) -> None:
    found = said(data, "postgres://ana:s3cret@host/db")
    assert found["graph: address"].verdict == "wrong"
    assert "s3cret" not in str(found)


def test_a_damaged_file_is_said(data: Path) -> None:
    file = data / "twin.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])
    assert "graph: integrity" in wrong(data)
    file.write_bytes(b"no database at all, whatever it is called")
    assert "graph: integrity" in wrong(data)


def test_a_gap_in_the_log_is_said(data: Path) -> None:
    import sqlite3

    with sqlite3.connect(data / "twin.sqlite") as db:
        db.execute("INSERT INTO log VALUES (3, 'by hand', '{}')")
    db.close()
    assert wrong(data) == ["graph: log"]
