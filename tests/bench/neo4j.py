"""Neo4j: what one transaction holds against one transaction each, and reading back; the server started for the run.

The peers do the same work without grouping: an entity, a reading or a ChangeSet a transaction, as a plain use of the
driver would. Both sides are warm. Reading back has as its peer the same rows by ``execute_query``.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j

from tests.graphs import changeset, entity
from tests.neo4j_server import fresh_store, running
from twin.graph.model import ChangeSet, Create, Link, Relation, Update
from twin.graph.readings import Reading, order_key
from twin.store import StateBatch, Watermark

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.report import Report
    from twin.graph.model import Entity
    from twin.store.neo4j import Address, Neo4jStore

DEVICES = 36_000
_TURNS = 9
_POINTS = ("temperature", "humidity", "battery")
_GROUP = 2_000
_SINGLE = 150


def run(report: Report) -> None:
    """Bulk, readings, ChangeSets and loading."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as address:
        store = fresh_store(address)
        try:
            devices = _bulk(report, store)
            _readings(report, store, devices)
            _changes(report, store, devices)
            _load(report, store, address)
        finally:
            store.close()


def _bulk(report: Report, store: Neo4jStore) -> list[Entity]:
    site = entity("campus", "site")
    store.commit([changeset(Create(site))], 0)
    singles, rates, made = [], [], []
    for turn in range(_TURNS):
        ones = [changeset(Create(entity(f"campus/one-{turn}-{n}", "space", site))) for n in range(_SINGLE)]
        singles.append(_rate(lambda ones=ones: _singly(store, ones)))
        room = entity(f"campus/room-{turn}", "space", site)
        some = [entity(f"{room.path}/device-{n}", "device", room, points=_POINTS) for n in range(DEVICES // _TURNS)]
        feeds = [Link(Relation(type="feeds", source=one.id, target=other.id)) for one, other in zip(some, some[1:])]  # noqa: B905, RUF007 - a chain
        parts = _parts([Create(room), *map(Create, some), *feeds])
        rates.append(_rate(lambda parts=parts, some=some: (store.commit(parts, store.head()), len(some))[1]))
        made += some
    note = f"{len(made):,} entities, as many CONTAINS and feeds, in ChangeSets of {_GROUP:,} entries"
    report.rates("neo4j: entities with relations", max(rates), max(singles), "entities/s", "one a transaction", note)
    return made


def _parts(entries: list[Create | Link]) -> list[ChangeSet]:
    return [changeset(*entries[start : start + _GROUP]) for start in range(0, len(entries), _GROUP)]


def _readings(report: Report, store: Neo4jStore, devices: list[Entity]) -> None:
    keys = [(each.id, point) for each in devices for point in _POINTS][:30_000]

    def write(batch: list[tuple[str, str]], at: int) -> int:
        said = {key: Reading(21.5 + at, at, at, order_key(0, at, 0, 21.5 + at)) for key in batch}
        store.write_states(StateBatch(said, Watermark("bench", at)))
        return len(batch)

    single = _rate(lambda: sum(write([key], 1) for key in keys[:_SINGLE]))
    rates = [
        _rate(lambda at=at: sum(write(keys[start : start + 10_000], at) for start in range(0, len(keys), 10_000)))
        for at in range(2, 6)
    ]
    note = f"{len(keys):,} points, 10,000 a batch, guarded by their order, with the watermark"
    report.rates("neo4j: coalesced readings", max(rates), single, "readings/s", "one a transaction", note)


def _changes(report: Report, store: Neo4jStore, devices: list[Entity]) -> None:
    def changes(count: int, turn: int) -> list[ChangeSet]:
        return [changeset(Update(id=each.id, fields={"properties": {"level": turn}})) for each in devices[:count]]

    single = _rate(lambda: _singly(store, changes(_SINGLE, 1)))
    rates = [_rate(lambda turn=turn: len(store.commit(changes(5_000, turn), store.head()))) for turn in range(2, 10)]
    note = "one entity each, in groups of 5,000; each with its own sequence and op_id"
    report.rates("neo4j: ChangeSets", max(rates), single, "ChangeSets/s", "one a transaction", note)


def _load(report: Report, store: Neo4jStore, address: Address) -> None:
    def ours() -> int:
        return len(list(store.load().entities))

    def peer() -> int:
        with neo4j.GraphDatabase.driver(address.uri, auth=address.auth) as driver:
            found = driver.execute_query("MATCH (e:Entity) RETURN e", database_=address.database).records
            driver.execute_query("MATCH (a:Entity)-[r]->(b) RETURN a.id, type(r), b.id", database_=address.database)
        return len(found)

    mine, theirs = max(_rate(ours) for _ in range(3)), max(_rate(peer) for _ in range(3))
    report.rates("neo4j: load", mine, theirs, "entities/s", "nodes and relations by execute_query", f"{ours():,}")


def _singly(store: Neo4jStore, changesets: list[ChangeSet]) -> int:
    head = store.head()
    for number, each in enumerate(changesets):
        store.commit([each], head + number)
    return len(changesets)


def _rate(job: Callable[[], int]) -> float:
    before = time.perf_counter()
    return job() / (time.perf_counter() - before)
