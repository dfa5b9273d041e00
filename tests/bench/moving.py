"""A twin of 100,000 entities moved each way: seconds, with what SQLite and Neo4j do by themselves as peers.

The peers move less: SQLite's own backup copies the graph's pages and nothing else of a twin, and checks nothing; the
read-out in plain Cypher neither keeps what it reads nor is cut at one sequence.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j

from tests.graphs import changeset, entity
from tests.neo4j_server import fresh_store, running
from twin.engine.home import Home
from twin.engine.moving import backup, restore
from twin.graph.model import Create, Link, Relation
from twin.graph.readings import Reading, order_key
from twin.store import StateBatch, Watermark
from twin.store.memory import MemoryStore
from twin.store.moving import counted, read_through
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.report import Report
    from twin.store import GraphStore
    from twin.store.neo4j import Address, Neo4jStore

_ROOMS, _DEVICES = 1_000, 99
_POINTS = ("temperature", "humidity")
_CYPHER = "MATCH (e:Entity) RETURN e"
_CYPHER_EDGES = "MATCH (s:Entity)-[r]->(t:Entity) RETURN s.id, type(r), t.id"
_CYPHER_LOG = "MATCH (c:_Change) RETURN c"


def run(report: Report) -> None:
    """Files first, then Neo4j."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        home = Home(data)
        with closing(home.open_graph()) as store:
            count = _build(store)
        _files(report, Path(folder), count)
        with running(Path(folder) / "neo4j") as address, closing(fresh_store(address)) as graph:
            _graph(report, Path(folder), graph, address, count)


def _build(store: GraphStore) -> str:
    site = entity("campus", "site")
    made = MemoryStore()
    made.commit([changeset(Create(site))], 0)
    said = {}
    for number in range(_ROOMS):
        room = entity(f"campus/room-{number}", "space", site)
        some = [entity(f"{room.path}/d-{each}", "device", room, points=_POINTS) for each in range(_DEVICES)]
        links = [Link(Relation(type="feeds", source=each.id, target=room.id)) for each in some]
        made.commit([changeset(Create(room), *map(Create, some), *links)], number + 1)
        said |= {(each.id, point): Reading(21.5, 1, 1, order_key(0, 1, 0, 21.5)) for each in some for point in _POINTS}
    made.write_states(StateBatch(said, Watermark("bench", 1)))
    with made.dump() as dump:
        store.fill(dump, "bench")
    return f"{_ROOMS * (_DEVICES + 1):,} entities, {_ROOMS * _DEVICES:,} relations, {len(said):,} readings"


def _files(report: Report, folder: Path, count: str) -> None:
    file = folder / "data" / "twin.sqlite"
    size = f"; {file.stat().st_size / 1e6:.0f} MB"
    own = _seconds(lambda: _sqlite_backup(file, folder / "peer.sqlite"))
    vacuum = _seconds(lambda: _vacuum(file, folder / "vacuum.sqlite"))
    backed = _seconds(lambda: backup(folder / "data", folder / "x.twin"))
    packed = f"; the backup has {(folder / 'x.twin').stat().st_size / 1e6:.0f} MB, with SHA-256"
    report.times("move: backup of a file", backed, own, "SQLite's backup API", count + size + packed)
    report.times("move: backup of a file", backed, vacuum, "VACUUM INTO", count)
    restored = _seconds(lambda: restore(folder / "x.twin", folder / "new"))
    report.times("move: restore into a file", restored, own, "SQLite's backup API", count)
    with closing(SQLiteStore(folder / "copy.sqlite")) as target, closing(SQLiteStore(file)) as source:
        copied = _seconds(lambda: _copy(source, target))
    report.times("move: copy, file to file", copied, vacuum, "VACUUM INTO", f"{count}; compared by digests")


def _graph(report: Report, folder: Path, graph: Neo4jStore, address: Address, count: str) -> None:
    with closing(SQLiteStore(folder / "data" / "twin.sqlite")) as source:
        into = _seconds(lambda: _fill(source, graph))
    plain = _seconds(lambda: _read_plainly(address))
    out = _seconds(lambda: graph.save(folder / "saved.sqlite"))
    report.times("move: out of Neo4j, cut at one sequence", out, plain, "plain Cypher, kept nowhere", count)
    rate = _ROOMS * (_DEVICES + 1)
    report.rates("move: into Neo4j", rate / into, _create_plainly(address), "entities/s", "CREATE by UNWIND", count)


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def _sqlite_backup(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _vacuum(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as db:
        db.execute("VACUUM INTO ?", (str(target),))


def _copy(source: GraphStore, target: GraphStore) -> None:
    with source.dump() as dump:
        seen, left = counted(dump)
        target.fill(seen, dump.snapshot.timeline)
    with target.dump() as dump:
        seen, arrived = counted(dump)
        read_through(seen)
    assert left == arrived


def _fill(source: GraphStore, target: GraphStore) -> None:
    with source.dump() as dump:
        target.fill(dump, "bench")


def _read_plainly(address: Address) -> None:
    with (
        neo4j.GraphDatabase.driver(address.uri, auth=address.auth) as driver,
        driver.session(database=address.database, fetch_size=-1) as session,
        session.begin_transaction() as transaction,
    ):
        for query in (_CYPHER, _CYPHER_EDGES, _CYPHER_LOG):
            for record in transaction.run(query):
                assert len(record)


def _create_plainly(address: Address) -> float:
    """Nodes a second, with one label, an id and a name, and no more."""
    rows = [[f"plain-{number}", f"name {number}"] for number in range(20_000)]
    query = "UNWIND $rows AS row CREATE (n:Plain {id: row[0], name: row[1]})"
    with neo4j.GraphDatabase.driver(address.uri, auth=address.auth) as driver:
        seconds = _seconds(
            lambda: [
                driver.execute_query(query, rows=rows[start : start + 5_000], database_=address.database)
                for start in range(0, len(rows), 5_000)
            ]
        )
        driver.execute_query("MATCH (n:Plain) DETACH DELETE n", database_=address.database)
    return len(rows) / seconds
