"""A sample of ``make faults ARGS=neo4j``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.neo4j import killing, pausing
from tests.neo4j_server import needs_local
from twin.store.neo4j.connection import Connection
from twin.store.neo4j.local import LocalServer


@pytest.mark.neo4j
@pytest.mark.timeout(600)
def test_a_kill_and_a_pause_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    needs_local()
    server = LocalServer(tmp_path)
    server.hold()
    try:
        assert killing(server, seed=7, kills=1).startswith("1 kills")
        # the server's own time-out is 10 s: give up after 2, and go on before the settling of it gives up as well
        impatient = Connection(server.address, grace=-8, patience=0)
        assert "unknown" in pausing(server, 12, impatient)
    finally:
        server.release()
