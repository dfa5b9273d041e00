"""The demo on a Neo4j, and a person who reads along in plain Cypher."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.neo4j_server import wipe
from tests.running import ROOT, done, running
from twin.store.neo4j import Address
from twin.store.neo4j.connection import Connection

pytestmark = [pytest.mark.demo, pytest.mark.neo4j, pytest.mark.timeout(300)]
WARM = "MATCH (r:Kitchen)-[:CONTAINS]->(s:TemperatureSensor) WHERE s.temperature > -50 RETURN r.path, s.temperature"


def test_the_demo_runs_on_neo4j_and_is_found_there_again(
    neo4j_address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wipe(neo4j_address)
    monkeypatch.setenv("TWIN_NEO4J_PASSWORD", neo4j_address.password)
    url = neo4j_address.uri.replace("://", f"://{neo4j_address.user}@") + f"/{neo4j_address.database}"
    person = Connection(neo4j_address)

    def ask(query: str) -> list[list[Any]]:
        return person.run(lambda transaction: transaction.run(query).values())

    with running(tmp_path / "data", "--graph", url) as twin:
        answer = twin.graphql(twin.facts["query"], token=twin.facts["token"])
        assert "errors" not in answer
        until = time.monotonic() + 60
        while not (found := ask(WARM)) and time.monotonic() < until:
            time.sleep(0.1)
        assert [row[0] for row in found] == ["flat/kitchen"]
        queries = _queries_of_the_readme()
        assert len(queries) == 5
        while (silent := [each for each in queries if not ask(each)]) and time.monotonic() < until:
            time.sleep(0.5)
        assert silent == []
    person.close()
    assert not (tmp_path / "data" / "twin.sqlite").exists()
    shown = done("show", "--data", tmp_path / "data")
    assert "flat/kitchen" in str(shown)


def _queries_of_the_readme() -> list[str]:
    """Each ends where a comment says what it answered."""
    (block,) = re.findall(r"^```cypher\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    return [each.strip() for each in re.split(r"^//.*$", block, flags=re.MULTILINE) if each.strip()]
