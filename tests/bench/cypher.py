"""The seven queries of the building-metadata literature in Cypher, beside ours: the same campus in a Neo4j that was
started for the run, asked over Bolt as somebody who knows it well would ask.

Each begins at an entity by its indexed id, goes along typed relations, and names labels; it runs on one session that
stays open, with all rows in one fetch. What lies under a building is asked in two ways, along CONTAINS and by the
indexed path, and the faster counts. Both sides are warm. As the round trip of a query that does nothing is a part of
what the peer needs, and none of what we do, each figure comes a second time without it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import neo4j

from tests.bench.queries import QUESTIONS, Ours, campus
from tests.bench.report import in_turn
from tests.graphs import changeset
from tests.neo4j_server import fresh_store, running
from twin.graph import query
from twin.graph.model import Create, Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.queries import Answer
    from tests.bench.report import Report
    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet, Entity
    from twin.store.neo4j import Address

SIZE = 100_000
_ENTRIES = 5_000
_WARM_SECONDS = 2.0
_FEEDS = "-[:feeds]->(z:Entity) RETURN v.id, z.id"
QUERIES = {
    "boxes_and_zones": (
        f"MATCH (:Entity {{id: $block}})-[:CONTAINS*]->(v:Vav){_FEEDS}",
        f"MATCH (v:Entity) WHERE v.path STARTS WITH $path AND v:Vav MATCH (v){_FEEDS}",
    ),
    "sensors_in_a_building": (
        "MATCH (:Entity {id: $block})-[:CONTAINS*]->(g:Gauge) RETURN g.id",
        "MATCH (g:Entity) WHERE g.path STARTS WITH $path AND g:Gauge RETURN g.id",
    ),
    "downstream": ("MATCH (:Entity {id: $ahu})-[:feeds*]->(fed:Entity) RETURN DISTINCT fed.id",),
    "upstream": (
        "MATCH (:Entity {id: $room})<-[:CONTAINS|INCLUDES|feeds*0..]-()<-[:feeds]-(m:Device) RETURN DISTINCT m.id",
    ),
    "devices_of_a_zone": (
        "MATCH (:Entity {id: $zone})-[:INCLUDES]->(:Space)-[:CONTAINS*]->(d:Device) RETURN DISTINCT d.id",
    ),
    "floors_of_a_building": (
        "MATCH (:Entity {id: $block})-[:CONTAINS*]->(f:Floor) RETURN f.id",
        "MATCH (f:Entity) WHERE f.path STARTS WITH $path AND f:Floor RETURN f.id",
    ),
    "shortest_way": (
        """MATCH way = shortestPath((:Entity {id: $ahu})-[:feeds|INCLUDES*]->(:Entity {id: $room}))
        UNWIND tail(nodes(way)) AS node RETURN node.id""",
    ),
    "members": ("MATCH (:Entity {id: $zone})-[:INCLUDES]->(m:Entity) RETURN m.id",),
}
UNDER = (
    "MATCH (:Entity {{id: $id}})-[:CONTAINS*]->(d:{label}) RETURN {answer}",
    "MATCH (d:Entity) WHERE d.path STARTS WITH $path AND d:{label} RETURN {answer}",
    "MATCH (d:{label}) WHERE d.path STARTS WITH $path RETURN {answer}",
)
"""Every device of a type under a space: along CONTAINS, by path, and where the server may choose."""


class Asked:
    """The same questions, asked of Neo4j."""

    def __init__(self, session: neo4j.Session, given: dict[str, str]) -> None:
        self._session = session
        self._given = given

    def answer(self, cypher: str) -> Answer:
        """What a query answers."""
        rows = self._session.run(cast("Any", cypher), self._given).values()
        return {tuple(row) if len(row) > 1 else row[0] for row in rows}

    def of(self, space: Entity) -> Asked:
        """Asked about a space."""
        return Asked(self._session, {"id": space.id, "path": f"{space.path}/"})

    def nothing(self) -> None:
        """The round trip alone."""
        self._session.run("RETURN 1").consume()


def run(report: Report) -> None:
    """Each question, of 100,000 entities."""
    mirror, at = campus(SIZE)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as address:
        _fill(address, mirror)
        with (
            neo4j.GraphDatabase.driver(address.uri, auth=address.auth) as driver,
            driver.session(database=address.database, fetch_size=-1) as session,
        ):
            given = {name: each.id for name, each in at.items()} | {"path": f"{at['block'].path}/"}
            ours, asked = Ours(mirror, at), Asked(session, given)
            _under(report, mirror, at, asked)
            for name, method in QUESTIONS.items():
                _compare(report, f"{name}, {SIZE:,}", getattr(ours, method), asked, QUERIES[method])


def _under(report: Report, mirror: Mirror, at: dict[str, Entity], asked: Asked) -> None:
    """Every device of a type under a space, for answers of different sizes, and counted."""
    room = at["room"]
    spaces = {"a room": room, "a floor": mirror.entities[room.parent or ""], "a building": at["block"]}
    for name, space in spaces.items():
        queries = tuple(each.format(label="Sensor", answer="d.id") for each in UNDER)
        ours = partial(_selected, mirror, "t/Sensor", space)
        _compare(report, f"devices of a type under {name}, {SIZE:,}", ours, asked.of(space), queries)
    queries = tuple(each.format(label="Gauge", answer="d.id") for each in UNDER)
    ours = partial(_selected, mirror, "t/Gauge", at["site"])
    _compare(report, f"devices of a type under the campus, {SIZE:,}", ours, asked.of(at["site"]), queries)
    queries = tuple(each.format(label="Sensor", answer="toString(count(*))") for each in UNDER)
    counted = partial(_counted, mirror, "t/Sensor", at["site"])
    _compare(report, f"devices of a type under the campus, counted, {SIZE:,}", counted, asked.of(at["site"]), queries)


def _selected(mirror: Mirror, type_: str, under: Entity) -> Answer:
    return {each.id for each in query.select(mirror, types=frozenset({type_}), under=under).items}


def _counted(mirror: Mirror, type_: str, under: Entity) -> Answer:
    return {str(query.select(mirror, types=frozenset({type_}), under=under, first=0).total)}


def _fill(address: Address, mirror: Mirror) -> None:
    """The same graph, as the twin writes it."""
    entries = [*map(Create, mirror.entities.values()), *map(Link, mirror.relations())]
    store = fresh_store(address)
    try:
        for start in range(0, len(entries), 4 * _ENTRIES):
            store.commit(_parts(entries[start : start + 4 * _ENTRIES]), store.head())
    finally:
        store.close()


def _parts(entries: list[Create | Link]) -> list[ChangeSet]:
    return [changeset(*entries[start : start + _ENTRIES]) for start in range(0, len(entries), _ENTRIES)]


def _compare(report: Report, name: str, ours: Callable[[], Answer], asked: Asked, queries: tuple[str, ...]) -> None:
    answer = ours()
    for each in queries:
        assert asked.answer(each) == answer, "the two must agree before they are timed"
    best = min(queries, key=lambda each: _warm(lambda: asked.answer(each)))
    mine, theirs, nothing = in_turn([ours, lambda: asked.answer(best), asked.nothing], seconds=3.0)
    note = f"{len(answer)} found"
    report.times(name, mine, theirs, "Cypher over Bolt", note)
    report.times(
        f"{name}, no round trip", mine, max(theirs - nothing, 0.0), f"less RETURN 1, {nothing * 1e3:.2f} ms", note
    )


def _warm(call: Callable[[], object]) -> float:
    """Have it asked until the server has learned it; the median of the last."""
    until, taken = time.perf_counter() + _WARM_SECONDS, list[float]()
    while time.perf_counter() < until:
        before = time.perf_counter()
        call()
        taken.append(time.perf_counter() - before)
    return statistics.median(taken[len(taken) // 2 :])
