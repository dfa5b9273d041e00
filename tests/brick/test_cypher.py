"""The seven queries of the building-metadata literature as a person writes them in the Neo4j browser, of two real
buildings as the twin keeps them there: labels of the types, typed relations, ids. The answers are those of SPARQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.brick import sparql
from tests.brick.loading import FILES, Loaded, load, ontology
from tests.graphs import changeset
from tests.neo4j_server import fresh_store
from twin.graph.model import Create, Link
from twin.store.neo4j import Address
from twin.store.neo4j.connection import Connection

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]

_ENTRIES = 2_000


@dataclass(frozen=True)
class Asked:
    """A building in Neo4j, and somebody with a Cypher shell."""

    building: Loaded
    connection: Connection

    def __call__(self, cypher: str, **given: Any) -> sparql.Rows:
        """The ids that a query answers, as IRIs."""
        rows = self.connection.run(lambda transaction: transaction.run(cypher, given).values())
        iris = self.building.iris
        return {tuple(iris[each] for each in row) for row in rows}

    def handlers(self) -> list[str]:
        """The ids of the air handlers."""
        return [self.building.ids[iri] for (iri,) in sorted(self("MATCH (a:AHU) RETURN a.id"))]


@pytest.fixture(scope="module", params=sorted(FILES))
def asked(request: pytest.FixtureRequest, shared_data: Path, neo4j_address: Address) -> Iterator[Asked]:
    building = load(shared_data / "brick" / FILES[request.param])
    entries = [*map(Create, building.mirror.entities.values()), *map(Link, building.mirror.relations())]
    parts = [changeset(*entries[start : start + _ENTRIES]) for start in range(0, len(entries), _ENTRIES)]
    store = fresh_store(neo4j_address)
    store.commit([changeset(documents=ontology().documents), *parts], 0)
    store.close()
    connection = Connection(neo4j_address)
    yield Asked(building, connection)
    connection.close()


def test_1_terminals_and_their_zones(asked: Asked) -> None:
    found = asked("MATCH (v:VAV)-[:feeds]->(z:HVACZone) RETURN v.id, z.id")
    assert found == sparql.terminals_and_zones(asked.building)
    assert len(found) in {243, 15}


def test_2_sensors_of_a_kind_in_rooms(asked: Asked) -> None:
    found = asked(
        "MATCH (s:TemperatureSensor)<-[:CONTAINS*]-()-[:feeds]->(:HVACZone)-[:INCLUDES*0..1]->(place) "
        "RETURN DISTINCT s.id, place.id"
    )
    assert found == sparql.temperatures_of_places(asked.building)


def test_3_downstream_of_an_air_handler(asked: Asked) -> None:
    for id_ in asked.handlers():
        iri = asked.building.iris[id_]
        fed = asked("MATCH (:AHU {id: $id})-[:feeds*]->(fed) RETURN DISTINCT fed.id", id=id_)
        assert fed == sparql.downstream(asked.building, iri)
        places = asked(
            "MATCH (:AHU {id: $id})-[:CONTAINS*0..1]->()-[:feeds*]->()-[:CONTAINS|INCLUDES*0..1]->(place) "
            "WHERE place:Room OR place:HVACZone RETURN DISTINCT place.id",
            id=id_,
        )
        assert places == sparql.places_fed(asked.building, iri)


@pytest.mark.parametrize(("label", "kind"), [("Room", "Room"), ("HVACZone", "HVAC_Zone")])
def test_3_upstream_of_every_room_and_zone(asked: Asked, label: str, kind: str) -> None:
    found = asked(
        f"MATCH (m:Equipment)-[:feeds*]->()-[:CONTAINS|INCLUDES*0..1]->(place:{label}) RETURN DISTINCT m.id, place.id"
    )
    assert found == sparql.machines_of(asked.building, kind)


def test_4_points_of_a_zone(asked: Asked) -> None:
    found = asked("MATCH (z:HVACZone)<-[:feeds]-(m)-[:CONTAINS]->(p:Point) RETURN m.id, p.id, z.id")
    assert found == sparql.points_of_zones(asked.building)


def test_5_floors_and_rooms_of_a_building(asked: Asked) -> None:
    rooms = asked("MATCH (:Building)-[:CONTAINS]->(f:Floor)-[:CONTAINS]->(r:Room) RETURN f.id, r.id")
    assert rooms == sparql.rooms_of_floors(asked.building)
    ((site,),) = asked("MATCH (b:Building) RETURN b.id")
    floors = asked("MATCH (:Building)-[:CONTAINS]->(f:Floor) RETURN f.id")
    assert floors == sparql.floors(asked.building, site)


def test_6_the_shortest_way_from_an_air_handler(asked: Asked) -> None:
    ways = "MATCH way = shortestPath((:AHU {id: $start})-[:feeds|INCLUDES*]->(:Entity {id: $end})) RETURN length(way)"
    places = sorted(asked("MATCH (p:HVACZone) RETURN p.id"))[:40:8] + sorted(asked("MATCH (p:Room) RETURN p.id"))[:40:8]
    for id_ in asked.handlers()[:2]:
        for (place,) in places:
            given = {"start": id_, "end": asked.building.ids[place]}
            found = asked.connection.run(lambda transaction, given=given: transaction.run(ways, given).values())
            mine = found[0][0] if found else None
            assert mine == sparql.shortest(asked.building, asked.building.iris[id_], place)


def test_7_members_of_views(asked: Asked) -> None:
    found = asked("MATCH (z:HVACZone)-[:INCLUDES]->(member) RETURN member.id, z.id")
    assert found == sparql.members(asked.building)
