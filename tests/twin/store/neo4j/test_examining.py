"""What `twin doctor` says of a Neo4j: one that is well, and one thing after the other that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.graphs import changeset, entity
from tests.neo4j_server import fresh_store, wipe
from twin.graph.model import Create
from twin.store import StateBatch, Watermark
from twin.store.findings import Finding
from twin.store.neo4j import Address
from twin.store.neo4j.connection import Connection
from twin.store.neo4j.examining import examine, journal_of, seconds_of
from twin.store.neo4j.schema import FORMAT

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def twin(neo4j_address: Address) -> Address:
    """A database with a home of two rooms in it."""
    store = fresh_store(neo4j_address)
    home = entity("home", "site")
    store.commit([changeset(*map(Create, (home, *(entity(f"home/{n}", "space", home) for n in range(2)))))], 0)
    store.write_states(StateBatch({}, Watermark("j-1", 7)))
    store.close()
    return neo4j_address


@pytest.fixture
def change(neo4j_address: Address) -> Iterator[Callable[[str], None]]:
    """Change something by hand."""
    connection = Connection(neo4j_address)
    yield connection.alone
    connection.close()


def said(address: Address) -> dict[str, Finding]:
    return {each.about: each for each in examine(address)}


def wrong(address: Address) -> list[str]:
    found = said(address).values()
    assert all(each.help for each in found if each.verdict == "wrong")
    return [each.about for each in found if each.verdict == "wrong"]


def test_one_that_is_well(twin: Address, change: Callable[[str], None]) -> None:
    found = said(twin)
    looked_at = {"reachable", "version", "clock", "may write", "may make constraints", "indexes", "log", "tree"}
    assert {f"neo4j: {name}" for name in looked_at} <= found.keys()
    assert {each.about for each in found.values() if each.verdict != "ok"} <= {"neo4j: disk"}
    assert found["neo4j: log"].said == "the log stands at 1"
    assert twin.password not in str(found)
    assert journal_of(twin) == ("j-1", 7)


BY_HAND = [
    (
        "neo4j: tree",
        "MATCH (:Entity)-[c:CONTAINS]->(:Entity {key: '0'}) DELETE c",
        "MATCH (h:Site) MATCH (e:Entity {key: '0'}) CREATE (h)-[:CONTAINS]->(e)",
    ),
    ("neo4j: log", "MATCH (c:_Change) SET c.seq = 9", "MATCH (c:_Change) SET c.seq = 1"),
    ("neo4j: log", "MATCH (log:_Log) SET log.format = 99", f"MATCH (log:_Log) SET log.format = {FORMAT}"),
    ("neo4j: log", "MATCH (log:_Log) SET log.filling = true", "MATCH (log:_Log) REMOVE log.filling"),
    ("neo4j: log", "CREATE (:_Log {id: 'other'})", "MATCH (log:_Log {id: 'other'}) DELETE log"),
    ("neo4j: log", "MATCH (log:_Log) REMOVE log:_Log SET log:Gone", "MATCH (log:Gone) REMOVE log:Gone SET log:_Log"),
]


def test_what_somebody_did_by_hand_is_said(twin: Address, change: Callable[[str], None]) -> None:
    for about, by_hand, back in BY_HAND:
        change(by_hand)
        assert wrong(twin) == [about], by_hand
        change(back)
    assert wrong(twin) == []


def test_an_index_that_is_missing_is_said(twin: Address, change: Callable[[str], None]) -> None:
    change("DROP INDEX twin_entity_path")
    assert said(twin)["neo4j: indexes"].said == "missing: Entity.path"
    change("CREATE RANGE INDEX twin_entity_path FOR (n:Entity) ON (n.path)")
    change("CALL db.awaitIndexes(60)")
    assert wrong(twin) == []


def test_one_that_is_not_there_is_said() -> None:
    address = Address("bolt://127.0.0.1:1", "neo4j", "neo4j", "s3cret")
    (found,) = examine(address, Connection(address, patience=0.1))
    assert (found.about, found.verdict) == ("neo4j: reachable", "wrong")
    assert "s3cret" not in str(found)


def test_a_wrong_password_is_said(twin: Address) -> None:
    assert wrong(Address(twin.uri, twin.database, twin.user, "wrong")) == ["neo4j: reachable"]


def test_an_empty_one_is_left_empty(neo4j_address: Address) -> None:
    wipe(neo4j_address)
    connection = Connection(neo4j_address)
    try:
        assert wrong(neo4j_address) == []
        assert (
            connection.run(lambda transaction: transaction.run("MATCH (n) RETURN count(n)").single(strict=True)[0]) == 0
        )
    finally:
        connection.close()
    assert journal_of(neo4j_address) is None


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("1m30s", 90), ("500ms", 0.5), ("2h", 7200), ("soon", None)])
def test_durations_are_read(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds
