"""What a connection does when things go wrong for a moment, against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import TransientError

from tests.graphs import changeset, entity
from tests.neo4j_server import fresh_store, wipe
from twin.errors import BackendError, OutcomeUnknown
from twin.graph.model import Create
from twin.store import StateBatch, Watermark
from twin.store.neo4j import Address, Neo4jStore
from twin.store.neo4j.connection import Connection

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]


@pytest.fixture
def connection(neo4j_address: Address) -> Iterator[Connection]:
    wipe(neo4j_address)
    made = Connection(neo4j_address)
    yield made
    made.close()


def test_of_two_that_wait_for_each_other_one_is_tried_again(connection: Connection, neo4j_address: Address) -> None:
    connection.alone("CREATE (:Lock {id: 1, by: []}), (:Lock {id: 2, by: []})")
    both, tries = threading.Barrier(2), list[int]()

    def lock(mine: Connection, first: int, second: int) -> None:
        def job(transaction: neo4j.Transaction) -> None:
            tries.append(first)
            transaction.run("MATCH (l:Lock {id: $id}) SET l.by = l.by + $id", id=first).consume()
            if tries.count(first) == 1:
                both.wait(30)
            transaction.run("MATCH (l:Lock {id: $id}) SET l.by = l.by + $by", id=second, by=first).consume()

        mine.run(job)

    other = Connection(neo4j_address)
    threads = [threading.Thread(target=lock, args=each) for each in ((connection, 1, 2), (other, 2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    rows = connection.run(lambda transaction: transaction.run("MATCH (l:Lock) RETURN l.id, l.by").values())
    assert {id_: sorted(by) for id_, by in rows} == {1: [1, 2], 2: [1, 2]}
    assert len(tries) >= 3


def test_what_is_transient_for_too_long_is_given_up(neo4j_address: Address) -> None:
    connection, tries = Connection(neo4j_address, patience=0.3), list[int]()

    def job(transaction: neo4j.Transaction) -> None:
        tries.append(1)
        raise TransientError("busy")

    with pytest.raises(BackendError) as caught:
        connection.run(job)
    connection.close()
    assert caught.value.code_ == "store.unavailable"
    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(tries) >= 2


def test_the_server_itself_ends_what_takes_too_long(connection: Connection) -> None:
    tries = list[int]()

    def job(transaction: neo4j.Transaction) -> None:
        tries.append(1)
        transaction.run("UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN n").consume()

    with pytest.raises(BackendError) as caught:
        connection.run(job, 0.5)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(tries) == 3
    assert connection.run(lambda transaction: transaction.run("RETURN 1").single(strict=True)[0]) == 1


def test_a_job_that_fails_changes_nothing(connection: Connection) -> None:
    def job(transaction: neo4j.Transaction) -> None:
        transaction.run("CREATE (:Lock)").consume()
        message = "a bug"
        raise ValueError(message)

    with pytest.raises(ValueError, match="a bug"):
        connection.run(job)
    assert (
        connection.run(lambda transaction: transaction.run("MATCH (l:Lock) RETURN count(l)").single(strict=True)[0])
        == 0
    )


def test_whatever_a_store_asks_names_its_database(neo4j_address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    named, session = list[object](), neo4j.Driver.session

    def opened(driver: neo4j.Driver, **config: Any) -> neo4j.Session:
        named.append(config.get("database"))
        return session(driver, **config)

    store = fresh_store(neo4j_address)
    monkeypatch.setattr(neo4j.Driver, "session", opened)
    again = Neo4jStore(neo4j_address)
    again.commit([changeset(Create(entity("home", "site")))], 0)
    again.write_states(StateBatch({}, Watermark("j", 1)))
    again.load()
    again.load_states()
    again.changes(0)
    again.sums()
    again.close()
    store.close()
    assert len(named) > 6
    assert set(named) == {neo4j_address.database}
