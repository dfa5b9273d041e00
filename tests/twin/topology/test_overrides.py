from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.source import Diagnostics, Source
from twin.topology.desired import Desired, DesiredEntity
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology

BLOCK = """topology: block
version: 1.0.0
uses: { connected-home: ^1.0 }
parameters: { floors: { type: integer, default: 2 }, name: { type: string, default: Top } }
site: { type: Residence }
spaces:
  "floor-${f}":
    each: { f: 1..floors }
    type: Floor
    spaces:
      "flat-${f}${n:02}": { each: { n: 1..2 }, use: flat, with: { rooms: 1, note: "${n}" }, title: Flat }
views:
  first: { type: Zone, members: [floor-1/flat-101, floor-1/flat-102] }
fragments:
  flat:
    parameters: { rooms: { type: integer, range: 1..6 }, note: { type: string } }
    type: Flat
    title: Any flat
    properties: { area: 50, volume: "${rooms * 100}" }
    spaces:
      "room-${r}":
        each: { r: 1..rooms }
        type: Room
        title: "Room ${r} ${note}"
        status: { temperature: { from: climate.temperature } }
        devices: { climate: { type: ClimateSensor } }
overrides:
  floor-1/flat-102: { with: { rooms: 3 }, title: Corner, properties: { area: 90 } }
  floor-1/flat-102/room-2: { type: Kitchen, has: [co2] }
  floor-1/flat-102/room-3/climate: { asset: X1, lacks: [humidity] }
  floor-2/flat-201: { absent: true }
  "floor-${floors}": { title: "${name}" }
"""


def expanded(text: str = BLOCK, **parameters: str | float) -> Desired:
    return expand(read_topology(Source("block.yaml", text), find), "hugo", parameters)


def at(desired: Desired, path: str) -> DesiredEntity:
    return next(entity for entity in desired.entities if entity.path == path)


def test_an_override_changes_one_entity_and_no_other() -> None:
    desired = expanded()
    corner, plain = at(desired, "hugo/floor-1/flat-102"), at(desired, "hugo/floor-1/flat-101")
    assert (corner.title, corner.properties) == ({"": "Corner"}, {"area": 90, "volume": 300})
    assert (plain.title, plain.properties) == ({"": "Flat"}, {"area": 50, "volume": 100})
    assert at(desired, "hugo/floor-2").title == {"": "Top"}


def test_values_of_an_override_reach_the_fragment_beside_those_of_the_entry() -> None:
    desired = expanded()
    assert at(desired, "hugo/floor-1/flat-102/room-3").title == {"": "Room 3 2"}
    assert not any(entity.path == "hugo/floor-1/flat-101/room-2" for entity in desired.entities)


def test_what_stands_in_a_fragment_is_overridden_by_path() -> None:
    desired = expanded()
    kitchen = at(desired, "hugo/floor-1/flat-102/room-2")
    assert (kitchen.type, kitchen.points) == ("connected-home/Kitchen", ("temperature", "co2"))
    climate = at(desired, "hugo/floor-1/flat-102/room-3/climate")
    assert (climate.serial, climate.points) == ("X1", ("temperature",))


def test_what_is_absent_is_not_there_with_all_in_it_and_may_be_named() -> None:
    text = BLOCK.replace("floor-1/flat-102]", "floor-2/flat-201/room-1]")
    desired = expanded(text)
    assert not any(entity.path.startswith("hugo/floor-2/flat-201") for entity in desired.entities)
    assert [each.target for each in desired.relations if each.source == "hugo/first"] == ["hugo/floor-1/flat-101"]


def test_an_override_of_nothing_is_a_mistake() -> None:
    with pytest.raises(AuthoringError) as caught:
        expanded(floors=1)
    (found,) = caught.value.diagnostics
    assert (found.code, found.help) == ("path.unknown", "did you mean 'floor-1'?")
    assert BLOCK.splitlines()[found.place.line - 1].lstrip().startswith("floor-2/flat-201")


def test_overrides_are_checked_without_parameters_where_all_have_defaults() -> None:
    check_topology(read_topology(Source("block.yaml", BLOCK), find), Diagnostics())
    with pytest.raises(AuthoringError) as caught:
        check_topology(read_topology(Source("block.yaml", BLOCK.replace("room-2: {", "room-9: {")), find))
    assert [found.code for found in caught.value.diagnostics] == ["path.unknown"]
