from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.graphs import Walk, changeset, entity
from twin.cli.check import _text
from twin.engine.verifying import Wrong, verify
from twin.graph.model import Create
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("trimmed", [0, 30])
def test_a_graph_is_what_its_log_says(tmp_path: Path, trimmed: int) -> None:
    store, walk = SQLiteStore(tmp_path / "graph"), Walk(random.Random(4))
    for _ in range(60):
        change = walk.apply(walk.step())
        store.commit([change.changeset], change.sequence - 1)
    store.trim(trimmed)
    found = verify(store)
    assert (found.wrong, found.since, found.sequence) == ([], trimmed, 60)
    assert found.entities == len(walk.mirror)
    assert _text(found).startswith("The graph is what")
    store.close()


def test_what_somebody_else_has_written_is_found(tmp_path: Path) -> None:
    store, home = SQLiteStore(tmp_path / "graph"), entity("home", "site")
    rooms = [entity(f"home/r{number}", "space", home) for number in range(4)]
    store.commit([changeset(*map(Create, (home, *rooms)))], 0)
    with sqlite3.connect(tmp_path / "graph") as db:
        db.execute("DELETE FROM entities WHERE path = 'home/r0'")
        db.execute("UPDATE entities SET body = replace(body, 'revision', 'ignored') WHERE path = 'home/r1'")
        body = "SELECT 'x', kind, type, site, 'home/x', 1, replace(body, id, 'x') FROM entities WHERE path = 'home/r2'"
        db.execute(f"INSERT INTO entities (id, kind, type, site, path, revision, body) {body}")
        db.execute("INSERT INTO relations (source, target, type) VALUES (?, ?, 'feeds')", (rooms[2].id, rooms[3].id))
    db.close()
    found = verify(store)
    (wrong,) = found.wrong
    assert wrong in {Wrong(home.id, "home", 1, 1, 0, 1), Wrong(home.id, "home", 1, 1, 1, 1)}
    assert "WRONG  home: 1 entities missing, 1 too many" in _text(found)
    store.close()
