"""Every store, for what each of them promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.neo4j_server import fresh_store
from twin.store.memory import MemoryStore
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.store import GraphStore


@pytest.fixture(params=["memory", "sqlite", pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.timeout(300)])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    """An empty one of each kind."""
    made: GraphStore
    match request.param:
        case "memory":
            made = MemoryStore()
        case "sqlite":
            made = SQLiteStore(tmp_path / "twin.sqlite")
        case _:
            made = fresh_store(request.getfixturevalue("neo4j_address"))
    yield made
    made.close()
