"""Readings as properties of the nodes they belong to: written by MATCH, guarded by their order, never by MERGE."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import orjson

from twin.graph.readings import Reading, recast
from twin.store import HeadMovedError, Watermark
from twin.store.neo4j.names import JSON, ORDER, RECEIVED, TIME, key_of, name_of
from twin.store.neo4j.nodes import moment, native

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import neo4j

    from twin.graph.model import Recast
    from twin.store import StateBatch

__all__ = [
    "BULK",
    "all_states",
    "load_states",
    "put_states",
    "read_watermark",
    "recast_states",
    "states_of",
    "take_states",
    "write_batch",
]

_NODES_A_STATEMENT = 5_000

States = dict[tuple[str, str], Reading]
"""(entity id, point) -> reading."""

_PUT = f"""
UNWIND $rows AS row
MATCH (e:Entity {{id: row[0]}})
UNWIND row[1] AS r
WITH e, r, r[0] + '{ORDER}' AS ordered
WHERE e[ordered] IS NULL OR e[ordered] < r[3]
SET e[r[0]] = r[1], e[r[0] + '{JSON}'] = r[2], e[ordered] = r[3],
    e[r[0] + '{TIME}'] = datetime({{epochSeconds: r[4], microsecond: r[5]}}),
    e[r[0] + '{RECEIVED}'] = datetime({{epochSeconds: r[6], microsecond: r[7]}})
"""
_FOUND = f"""
RETURN e.id, key, e[key], e[key + '{JSON}'], e[key + '{ORDER}'],
  e[key + '{TIME}'].epochSeconds, e[key + '{TIME}'].microsecond,
  e[key + '{RECEIVED}'].epochSeconds, e[key + '{RECEIVED}'].microsecond
"""
_SAID = f"""
UNWIND keys(e) AS ordered
WITH e, ordered WHERE ordered ENDS WITH '{ORDER}'
WITH e, left(ordered, size(ordered) - {len(ORDER)}) AS key
{_FOUND}
"""
_ALL = f"MATCH (e:Entity) {_SAID}"
_OF = f"UNWIND $rows AS id MATCH (e:Entity {{id: id}}) {_SAID}"
_SOME = f"""
UNWIND $rows AS row MATCH (e:Entity {{id: row[0]}}) WHERE e[row[1] + '{ORDER}'] IS NOT NULL
WITH e, row[1] AS key
{_FOUND}
"""
_CLEAR = f"""
UNWIND $rows AS row MATCH (e:Entity {{id: row[0]}})
SET e[row[1]] = null, e[row[1] + '{JSON}'] = null, e[row[1] + '{ORDER}'] = null,
    e[row[1] + '{TIME}'] = null, e[row[1] + '{RECEIVED}'] = null
"""
BULK = (_PUT, _SOME, _CLEAR)
"""Statements that take rows, of which there may be none."""
_MARK = """
MATCH (state:_State {id: 'state'})
SET state.journal = $journal, state.offset = $offset, state.counters = $counters
WITH state RETURN coalesce(state.recast, 0)
"""
_READ_MARK = "MATCH (state:_State {id: 'state'}) RETURN state.journal, state.offset, state.counters"
_RECAST_AT = "MATCH (state:_State {id: 'state'}) SET state.recast = $sequence"
_HEAD = "MATCH (log:_Log {id: 'log'}) RETURN log.seq"


def write_batch(transaction: neo4j.Transaction, batch: StateBatch) -> None:
    """Keep the greatest order per point of what exists, and the watermark. The state's node is locked first: a
    ChangeSet that gives readings other names locks it too.
    """
    mark = batch.watermark
    counters = orjson.dumps(mark.counters).decode()
    found = transaction.run(_MARK, journal=mark.journal, offset=mark.offset, counters=counters).single(strict=True)
    if batch.head is not None and batch.head < found[0]:
        raise HeadMovedError(transaction.run(_HEAD).single(strict=True)[0])
    put_states(transaction, batch.readings)


def put_states(transaction: neo4j.Transaction, readings: Mapping[tuple[str, str], Reading]) -> None:
    """Keep those that are newer than what is there."""
    by_entity = groupby(sorted(readings.items(), key=lambda item: item[0][0]), key=lambda item: item[0][0])
    rows = ([entity, [_row(point, reading) for (_, point), reading in of]] for entity, of in by_entity)
    while some := list(islice(rows, _NODES_A_STATEMENT)):
        transaction.run(_PUT, rows=some).consume()


def load_states(transaction: neo4j.Transaction) -> tuple[States, Watermark]:
    """Every point's last reading, and the watermark: read first, so that it never claims what was not read."""
    watermark = read_watermark(transaction)
    return dict(all_states(transaction)), watermark


def read_watermark(transaction: neo4j.Transaction) -> Watermark:
    """How far the journal was worked in."""
    journal, offset, counters = transaction.run(_READ_MARK).single(strict=True)
    return Watermark() if journal is None else Watermark(journal, offset, orjson.loads(counters))


def all_states(transaction: neo4j.Transaction) -> Iterator[tuple[tuple[str, str], Reading]]:
    """Every point's last reading, as it comes."""
    return _states(transaction.run(_ALL))


def states_of(transaction: neo4j.Transaction, ids: Sequence[str]) -> Iterator[tuple[tuple[str, str], Reading]]:
    """The last readings of some entities."""
    return _states(transaction.run(_OF, rows=ids))


def take_states(transaction: neo4j.Transaction, points: Iterable[tuple[str, str]], sequence: int) -> States:
    """Take the readings of some points away: they are about to get other names, at a sequence of the log."""
    transaction.run(_RECAST_AT, sequence=sequence).consume()
    rows = [[entity, key_of(point)] for entity, point in points]
    taken = dict(_states(transaction.run(_SOME, rows=rows)))
    transaction.run(_CLEAR, rows=rows).consume()
    return taken


def recast_states(transaction: neo4j.Transaction, taken: States, entries: Sequence[Recast]) -> None:
    """Put what was taken back under its new names, in its new units."""
    for entry in entries:
        reading = taken.get((entry.id, entry.point))
        if reading is not None:
            put_states(transaction, {(entry.id, entry.to): recast(reading, entry)})


def _row(point: str, reading: Reading) -> list[Any]:
    value, json = native(reading.value)
    return [
        key_of(point),
        value,
        json or None,
        reading.order.hex(),
        *moment(reading.time),
        *moment(reading.received),
    ]


def _states(result: neo4j.Result) -> Iterator[tuple[tuple[str, str], Reading]]:
    for entity, key, value, json, order, seconds, rest, received, received_rest in result:
        said = orjson.loads(value) if json else value
        reading = Reading(said, seconds * 1_000_000 + rest, received * 1_000_000 + received_rest, bytes.fromhex(order))
        yield (entity, name_of(key)), reading
