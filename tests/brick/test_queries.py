"""The seven queries of the building-metadata literature: of the twin, and in SPARQL of the very files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.brick import sparql
from tests.brick.loading import FILES, Loaded, classes, load, ontology
from twin.graph import query
from twin.graph.query import Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twin.graph.model import Entity

COUNTS = {"soda": (243, 243, 243, 5), "office": (15, 0, 15, 3)}
"""Terminals, rooms, zones and air handlers: what there is to be found."""


@pytest.fixture(scope="module", params=sorted(FILES))
def building(request: pytest.FixtureRequest, shared_data: Path) -> Loaded:
    return load(shared_data / "brick" / FILES[request.param])


def of_type(building: Loaded, short: str, **given: Entity) -> list[Entity]:
    known = ontology().find(short)
    assert known is not None
    return query.select(building.mirror, types=ontology().concrete(known.name), **given).items  # type: ignore[arg-type]


def iris(building: Loaded, entities: Iterable[Entity]) -> set[tuple[str, ...]]:
    back = building.iris
    return {(back[each.id],) for each in entities}


def test_everything_with_a_class_is_loaded_once(building: Loaded) -> None:
    assert building.ids.keys() == classes(building.graph).keys()
    assert len(set(building.ids.values())) == len(building.mirror) == len(building.ids)
    kinds = [len(of_type(building, name)) for name in ("VAV", "Room", "HVACZone", "AHU")]
    assert tuple(kinds) in COUNTS.values()


def test_1_terminals_and_their_zones(building: Loaded) -> None:
    back = building.iris
    mine = {
        (back[vav.id], back[each.entity.id])
        for vav in of_type(building, "VAV")
        for each in query.related(building.mirror, vav, "feeds")
        if each.entity.kind == "view"
    }
    assert mine == sparql.terminals_and_zones(building)
    assert len(mine) in {243, 15}


def test_2_sensors_of_a_kind_in_rooms(building: Loaded) -> None:
    """A temperature is said of a room by what feeds the room's zone; where no rooms are known, of the zone."""
    back, mirror = building.iris, building.mirror
    mine = {
        (back[sensor.id], back[member.id])
        for sensor in of_type(building, "TemperatureSensor")
        for machine in query.ancestors(mirror, sensor)
        for fed in query.related(mirror, machine, "feeds")
        if fed.entity.kind == "view"
        for member in (*query.members(mirror, fed.entity), fed.entity)
    }
    assert mine == sparql.temperatures_of_places(building)
    assert mine


def test_3_downstream_of_an_air_handler(building: Loaded) -> None:
    for handler in of_type(building, "AHU"):
        iri = building.iris[handler.id]
        reached = query.reach(building.mirror, handler, [Step("feeds")], depth=None)
        assert iris(building, (each.entity for each in reached)) == sparql.downstream(building, iri)
        fed = [each.entity for each in query.downstream(building.mirror, handler)]
        places = [each for each in fed if each.kind in {"space", "view"}]
        assert iris(building, places) == sparql.places_fed(building, iri)


def test_3_upstream_of_every_room_and_zone(building: Loaded) -> None:
    machines = ontology().concrete("brick/Equipment")
    places = of_type(building, "Room") or of_type(building, "HVACZone")
    mine = {
        (building.iris[each.entity.id], building.iris[place.id])
        for place in places
        for each in query.upstream(building.mirror, place)
        if each.entity.type in machines
    }
    kind = "Room" if places[0].kind == "space" else "HVAC_Zone"
    assert mine == sparql.machines_of(building, kind)
    assert len(mine) >= len(places)


def test_4_points_of_a_zone(building: Loaded) -> None:
    points, back = ontology().concrete("brick/Point"), building.iris
    mine = {
        (back[each.entity.id], back[point.id], back[zone.id])
        for zone in of_type(building, "HVACZone")
        for each in query.related(building.mirror, zone, "feeds", "IN")
        for point in query.children(building.mirror, each.entity)
        if point.type in points
    }
    assert mine == sparql.points_of_zones(building)


def test_5_floors_and_rooms_of_a_building(building: Loaded) -> None:
    (site,) = query.select(building.mirror, kinds=["site"]).items
    floors = of_type(building, "Floor", under=site)
    mine = {
        (building.iris[floor.id], building.iris[room.id])
        for floor in floors
        for room in of_type(building, "Room", under=floor)
    }
    assert mine == sparql.rooms_of_floors(building)
    assert iris(building, floors) == sparql.floors(building, building.iris[site.id])


def test_6_the_shortest_way_from_an_air_handler(building: Loaded) -> None:
    steps = [Step("feeds"), Step("INCLUDES")]
    for handler in of_type(building, "AHU")[:2]:
        iri = building.iris[handler.id]
        for place in (*of_type(building, "Room")[:40:8], *of_type(building, "HVACZone")[:40:8]):
            found = query.way(building.mirror, handler, place, steps)
            mine = None if found is None else len(found)
            assert mine == sparql.shortest(building, iri, building.iris[place.id])


def test_7_members_of_views(building: Loaded) -> None:
    back = building.iris
    mine = {
        (back[member.id], back[zone.id])
        for zone in of_type(building, "HVACZone")
        for member in query.members(building.mirror, zone)
    }
    assert mine == sparql.members(building)
