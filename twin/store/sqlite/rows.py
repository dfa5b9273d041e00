"""How many rows travel to SQLite at once.

Every row that is bound lets other threads in, and next to a busy loop comes back late: ten thousand then take a hundred
times as long as one JSON document of them all (``json_each``). Where no other thread runs, SQLite takes rows that are
bound in half the time that it needs to read the document.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["Into", "into", "write"]

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
