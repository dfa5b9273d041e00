"""Relations as rows, and how many rows travel to SQLite at once.

Every row that is bound lets other threads in, and next to a busy loop comes back late: ten thousand then take a hundred
times as long as one JSON document of them all (``json_each``). Where no other thread runs, SQLite takes rows that are
bound in half the time that it needs to read the document.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import orjson

from twin.graph.model import Held, Relation

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["RELATIONS", "Into", "bring_along", "into", "relation", "relation_fields", "relation_row", "write"]

RELATIONS = "SELECT source, target, type, instance, roles FROM relations"
_roles = msgspec.json.Decoder(tuple[Held, ...]).decode
_encode = msgspec.json.Encoder().encode

_FEW = 4
"""So many rows are bound in any case."""


class Into(NamedTuple):
    """One statement in two ways."""

    each: str
    """For one row, bound."""
    whole: str
    """For one JSON document of all rows."""


def into(table: str, columns: Sequence[str], then: str = "") -> Into:
    """An ``INSERT``; ``then`` is what follows it: ``ON CONFLICT …``."""
    start = f"INSERT INTO {table} ({', '.join(columns)})"
    marks = ", ".join("?" * len(columns))
    values = ", ".join(f"value ->> {number}" for number in range(len(columns)))
    whole = f"{start} SELECT {values} FROM json_each(?) WHERE true {then}"  # noqa: S608 - names of our own
    return Into(f"{start} VALUES ({marks}) {then}", whole)


def write(db: sqlite3.Connection, statement: Into, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows the way that is quicker here and now."""
    if len(rows) <= _FEW or threading.active_count() == 1:
        db.executemany(statement.each, rows)
    else:
        db.execute(statement.whole, (orjson.dumps(rows).decode(),))


def relation_row(relation: Relation) -> tuple[Any, ...]:
    """A relation as a row: the columns of `RELATIONS`."""
    roles = _encode(relation.roles).decode() if relation.roles else None
    return (*relation.key, relation.instance, roles)


def relation(row: tuple[Any, ...]) -> Relation:
    """A relation, from a row of `RELATIONS`."""
    source, target, name, instance, roles = relation_fields(row)
    return Relation(source=source, target=target, type=name, instance=instance, roles=roles or ())


def relation_fields(row: tuple[Any, ...]) -> tuple[str, str, str, str | None, tuple[Held, ...] | None]:
    """What a row of `RELATIONS` says: source, target, type, instance, roles."""
    return row if row[4] is None else (*row[:4], _roles(row[4]))


def bring_along(db: sqlite3.Connection) -> None:
    """Give the tables of an older file the columns that they lack: since version 2, relations say roles, and entities
    by which record of the log they were created.
    """
    if "roles" not in {row[1] for row in db.execute("PRAGMA table_info(relations)")}:
        db.execute("ALTER TABLE relations ADD COLUMN roles TEXT")
    if "born" not in {row[1] for row in db.execute("PRAGMA table_info(entities)")}:
        db.execute("ALTER TABLE entities ADD COLUMN born INTEGER")
