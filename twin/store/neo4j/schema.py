"""What a database must have to hold a twin: constraints and an index, the log's node and the state's; made once,
checked at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.errors import BackendError
from twin.ids import mint
from twin.store.neo4j import trimming

if TYPE_CHECKING:
    import neo4j

    from twin.store.neo4j.connection import Connection

__all__ = ["FORMAT", "OLDEST", "Key", "found_indexes", "prepare", "version_of", "wanted_indexes"]

FORMAT = 2
"""2: records of the log are joined to what they are about."""
OLDEST = (5, 26)
_UNIQUE = {
    "twin_entity_id": ("Entity", "id"),
    "twin_log_id": ("_Log", "id"),
    "twin_state_id": ("_State", "id"),
    "twin_change_seq": ("_Change", "seq"),
    "twin_change_op_id": ("_Change", "op_id"),
    "twin_document_name": ("_Document", "name"),
}
_UNIQUE |= trimming.UNIQUE
_INDEXES = {"twin_entity_path": ("Entity", "path"), **trimming.INDEXES}
_VERSION = "CALL dbms.components() YIELD name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0]"
_FOREIGN = """
OPTIONAL MATCH (log:_Log {id: 'log'})
RETURN log IS NULL AND (EXISTS { MATCH (:Entity) } OR EXISTS { MATCH (:_Change) })
"""
_SHOW = """
SHOW INDEXES YIELD labelsOrTypes, properties, type, state, owningConstraint
WHERE type = 'RANGE' AND size(labelsOrTypes) = 1 AND size(properties) = 1
RETURN labelsOrTypes[0], properties[0], owningConstraint IS NOT NULL, state
"""
_FILLING = "MATCH (log:_Log {id: 'log'}) RETURN log.filling"
_LOG = """
MERGE (log:_Log {id: 'log'}) ON CREATE SET log.timeline = $timeline, log.seq = 0, log.format = $format
MERGE (state:_State {id: 'state'})
RETURN log.format
"""


_RENEW = "MATCH (log:_Log {id: 'log'}) SET log.format = $format"


def prepare(connection: Connection, *, unfinished: bool = False) -> None:
    """Make what is not there yet, and check the rest. ``unfinished``: also where filling it was broken off.

    Raises:
        BackendError: the server is too old, the database holds something else, or was made by a newer twin.
    """
    _check_version(connection)
    if connection.run(lambda transaction: _one(transaction, _FOREIGN)):
        raise _refused(
            connection,
            "holds entities that are no twin's",
            code="store.foreign",
            help_="name a database of the twin's own",
        )
    found = connection.run(found_indexes)
    missing = [statement for key, statement in wanted_indexes().items() if found.get(key) != "ONLINE"]
    if missing:
        for statement in missing:
            connection.alone(statement)
        connection.alone("CALL db.awaitIndexes(300)")
        _check(connection)
    written = connection.run(lambda transaction: _one(transaction, _LOG, timeline=mint(), format=FORMAT))
    if written is None or written > FORMAT:
        raise _refused(
            connection,
            f"was written by a newer twin (its format is {written}, ours {FORMAT})",
            code="store.too_new",
            help_="run the twin that wrote it, or a newer one",
        )
    if written < FORMAT:
        trimming.index_log(connection)
        connection.run(lambda transaction: transaction.run(_RENEW, format=FORMAT).consume())
    if not unfinished and connection.run(lambda transaction: _one(transaction, _FILLING)):
        raise _refused(
            connection,
            "was being filled, and that was broken off",
            code="store.unfinished",
            help_="copy or restore into it again: it begins anew; nothing else may use it before",
        )


Key = tuple[str, str, bool]
"""Label, property, and whether it is unique."""


def wanted_indexes() -> dict[Key, str]:
    """What there must be, and the statement that makes it."""
    unique = {
        (label, name, True): f"CREATE CONSTRAINT {called} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"
        for called, (label, name) in _UNIQUE.items()
    }
    plain = {
        (label, name, False): f"CREATE RANGE INDEX {called} IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
        for called, (label, name) in _INDEXES.items()
    }
    return {**unique, **plain}


def found_indexes(transaction: neo4j.Transaction) -> dict[Key, str]:
    """The state of every index over one property."""
    return {(label, name, unique): state for label, name, unique, state in transaction.run(_SHOW).values()}


def _check(connection: Connection) -> None:
    """A statement with IF NOT EXISTS does nothing where something else has the name."""
    found = connection.run(found_indexes)
    for key in wanted_indexes():
        if found.get(key) != "ONLINE":
            what = f"{'a unique constraint' if key[2] else 'a range index'} on {key[0]}.{key[1]}"
            state = found.get(key, "absent").lower()
            raise _refused(
                connection,
                f"needs {what}, which is {state}",
                code="store.schema",
                help_="SHOW INDEXES tells what has its place",
            )


def _check_version(connection: Connection) -> None:
    version = str(connection.run(lambda transaction: _one(transaction, _VERSION)))
    if version_of(version) < OLDEST:
        raise _refused(
            connection,
            f"is a Neo4j {version}",
            code="store.too_old",
            help_="Neo4j 5.26 or newer is needed; 5.26 is the LTS release",
        )


def version_of(said: str) -> tuple[int, int]:
    """``5.26.29`` or ``2025.06.0-extra`` as two numbers that can be compared."""
    major, minor = said.split("-", 1)[0].split(".")[:2]
    return int(major), int(minor)


def _one(transaction: neo4j.Transaction, query: str, **parameters: Any) -> Any:
    record = transaction.run(query, parameters).single()
    return None if record is None else record[0]


def _refused(connection: Connection, why: str, *, code: str, help_: str) -> BackendError:
    address = connection.address
    return BackendError(f"{address.uri}, database {address.database}, {why}", code=code, help=help_)
