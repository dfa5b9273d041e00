"""A Neo4j of one's own, by its commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.neo4j_server import needs_local
from tests.running import done
from twin.store.location import local_server
from twin.store.neo4j import Neo4jStore
from twin.store.neo4j.local import LocalServer


@pytest.mark.neo4j
@pytest.mark.timeout(400)
def test_it_is_started_found_again_and_stopped(tmp_path: Path) -> None:
    needs_local()
    server = local_server(tmp_path)
    facts: dict[str, Any] = done("neo4j", "start", "--data", tmp_path)
    try:
        assert (facts["url"], facts["pid"], facts["started"]) == (server.url, server.pid, True)
        assert server.password_file.stat().st_mode & 0o777 == 0o600
        assert server.directory.stat().st_mode & 0o777 == 0o700
        assert done("neo4j", "start", "--data", tmp_path)["started"] is False
        Neo4jStore(server.address).close()
    finally:
        assert done("neo4j", "stop", "--data", tmp_path) == {"stopped": True}
    assert server.pid is None
    assert done("neo4j", "stop", "--data", tmp_path) == {"stopped": False}


def test_another_process_of_that_number_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_bytes(orjson.dumps({"pid": os.getpid(), "port": 1}))
    assert LocalServer(tmp_path).pid is None
    assert not LocalServer(tmp_path).stop()
