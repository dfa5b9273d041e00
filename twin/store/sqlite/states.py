"""Readings as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from twin.graph.readings import Reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

__all__ = ["put_states", "state", "states_in", "take_states"]

_Point = tuple[str, str]
_PUT = """
INSERT INTO states (entity, point, value, time, received, "order")
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(?) WHERE EXISTS (SELECT 1 FROM entities WHERE id = value ->> 0)
ON CONFLICT (entity, point) DO UPDATE SET
  value = excluded.value, time = excluded.time, received = excluded.received, "order" = excluded."order"
WHERE excluded."order" > states."order"
"""
_TAKE = """
DELETE FROM states WHERE (entity, point) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
RETURNING entity, point, value, time, received, "order"
"""


def put_states(db: sqlite3.Connection, readings: Iterable[tuple[_Point, Reading]]) -> None:
    """Keep the greatest order per point of what exists."""
    rows = [
        [*point, orjson.dumps(reading.value).decode(), reading.time, reading.received, reading.order.hex()]
        for point, reading in readings
    ]
    db.execute(_PUT, (orjson.dumps(rows).decode(),))


def take_states(db: sqlite3.Connection, points: Iterable[_Point]) -> list[tuple[_Point, Reading]]:
    """What these points say; they say nothing any more."""
    return list(map(state, db.execute(_TAKE, (orjson.dumps(list(points)).decode(),)).fetchall()))


def states_in(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[_Point, Reading]]:
    """The same of many rows: what was said at one time says so with one number."""
    texts: dict[str, str] = {}
    times: dict[int, int] = {}
    same, at = texts.setdefault, times.setdefault
    for entity, point, value, time, received, order in rows:
        reading = Reading(orjson.loads(value), at(time, time), at(received, received), bytes.fromhex(order))
        yield (same(entity, entity), same(point, point)), reading


def state(row: tuple[Any, ...]) -> tuple[_Point, Reading]:
    """A point and its reading, from a row of ``states``."""
    entity, point, value, time, received, order = row
    return (entity, point), Reading(orjson.loads(value), time, received, bytes.fromhex(order))
