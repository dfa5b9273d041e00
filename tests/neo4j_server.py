"""The Neo4j of the tests: one that is named by ``TWIN_TEST_NEO4J_URI``, or one that a run starts for itself."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from twin.errors import BackendError
from twin.store.neo4j import Address, Neo4jStore
from twin.store.neo4j.connection import Connection
from twin.store.neo4j.local import LocalServer, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OURS = "Entity|_Log|_State|_Change|_Document|_Base|_BaseEntity|_BaseRelation|_BaseDocument"
_FOREIGN = f"MATCH (n) WHERE NOT n:({_OURS}) RETURN count(n)"
_WIPE = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


@contextmanager
def running(folder: Path) -> Iterator[Address]:
    """A Neo4j until the block ends; the test is skipped where there is none, saying how to get it."""
    named = os.environ.get("TWIN_TEST_NEO4J_URI")
    if named:
        address = Address.parse(named, os.environ.get("TWIN_NEO4J_PASSWORD", ""))
        _refuse_foreign(address)
        yield address
        return
    server = LocalServer(folder)
    try:
        server.hold()
    except BackendError as error:
        pytest.skip(_missing(error))
    try:
        yield server.address
    finally:
        server.release()


def needs_local() -> None:
    """Skip what starts a Neo4j of its own where none can be had, or where one is named instead."""
    if os.environ.get("TWIN_TEST_NEO4J_URI"):
        pytest.skip("TWIN_TEST_NEO4J_URI names a Neo4j: none is started here")
    try:
        fetch()
    except BackendError as error:
        pytest.skip(_missing(error))


def _missing(error: BackendError) -> str:
    return f"no Neo4j: {error} ({error.help}); make test fetches one, or name yours: TWIN_TEST_NEO4J_URI"


def wipe(address: Address) -> None:
    """Empty the database."""
    connection = Connection(address)
    try:
        connection.alone(_WIPE)
    finally:
        connection.close()


def fresh_store(address: Address) -> Neo4jStore:
    """A store in an empty database."""
    wipe(address)
    return Neo4jStore(address)


def _refuse_foreign(address: Address) -> None:
    """The tests empty the database: it must be the twin's, or have nothing in it."""
    connection = Connection(address)
    try:
        count = connection.run(lambda transaction: transaction.run(_FOREIGN).single(strict=True)[0])
    finally:
        connection.close()
    if count:
        pytest.exit(f"TWIN_TEST_NEO4J_URI names a database that holds {count} nodes that are no twin's", returncode=4)
