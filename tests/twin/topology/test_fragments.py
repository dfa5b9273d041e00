from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.source import Source
from twin.topology.desired import Desired, DesiredEntity
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology

HEAD = "topology: block\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\nsite: { type: Residence }\n"
BLOCK = (
    HEAD
    + """
parameters:
  floors: { type: integer, range: 1..60 }
  rooms: { type: integer, default: 2 }
  sensor: { type: string, optional: true }
spaces:
  "floor-${f}":
    each: { f: 1..floors }
    type: Floor
    spaces:
      "flat-${f}${n:02}":
        each: { n: 1..2 }
        use: flat
        with: { rooms: "${rooms + n}", serial: "M${f}${n}" }
        title: "Flat ${f}.${n}"
        spaces: { hall: { type: Hall } }
  attic: { use: room, type: Bedroom, with: { number: 7, sensor: "${sensor}" }, properties: { volume: 12 } }
fragments:
  flat:
    parameters: { rooms: { type: integer, range: 1..6 }, serial: { type: string, optional: true } }
    type: Flat
    title: { en: A flat }
    spaces:
      "room-${r}": { each: { r: 1..rooms }, use: room, with: { number: "${r}" } }
    devices:
      meter: { type: HeatMeter, asset: "${serial}", relations: { meters: ["."] } }
  room:
    parameters: { number: { type: integer }, sensor: { type: string, default: SN } }
    type: Room
    title: "Room ${number}"
    properties: { area: "${number * 10}", volume: 30 }
    has: [co2]
    status: { temperature: { from: climate.temperature } }
    devices: { climate: { use: sensor, with: { serial: "${sensor}-${rooms}" } } }
  sensor:
    parameters: { serial: { type: string } }
    type: ClimateSensor
    properties: { model: "${serial}" }
    lacks: [humidity]
"""
)


def expanded(text: str, **parameters: str | float) -> Desired:
    return expand(read_topology(Source("block.yaml", text), find), "hugo", parameters)


def at(desired: Desired, path: str) -> DesiredEntity:
    return next(entity for entity in desired.entities if entity.path == path)


def codes(text: str, **parameters: str | float) -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        expanded(text, **parameters)
    return [found.code for found in caught.value.diagnostics]


def test_an_entity_is_what_its_fragment_says_with_the_values_of_its_use() -> None:
    desired = expanded(BLOCK, floors=2)
    flats = [entity for entity in desired.entities if entity.type.endswith("/Flat")]
    assert [flat.key for flat in flats] == ["flat-101", "flat-102", "flat-201", "flat-202"]
    rooms = [entity.path for entity in desired.entities if entity.path.startswith("hugo/floor-2/flat-202/room")]
    assert [path for path in rooms if path.count("/") == 3] == [f"hugo/floor-2/flat-202/room-{r}" for r in (1, 2, 3, 4)]
    assert at(desired, "hugo/floor-2/flat-201/meter").serial == "M21"
    relations = {(relation.type, relation.source, relation.target) for relation in desired.relations}
    assert ("meters", "hugo/floor-1/flat-102/meter", "hugo/floor-1/flat-102") in relations


def test_what_an_entry_says_itself_comes_first_and_what_stands_in_it_adds_up() -> None:
    desired = expanded(BLOCK, floors=1)
    assert at(desired, "hugo/floor-1/flat-101").title == {"": "Flat 1.1"}
    assert at(desired, "hugo/floor-1/flat-101/hall").type == "connected-home/Hall"
    attic = at(desired, "hugo/attic")
    assert (attic.type, attic.title) == ("connected-home/Bedroom", {"": "Room 7"})
    assert attic.properties == {"area": 70, "volume": 12}
    assert attic.points == ("temperature", "co2")


def test_a_fragment_sees_the_parameters_of_the_topology_and_hides_them_by_its_own() -> None:
    desired = expanded(BLOCK, floors=1, rooms=4)
    climate = at(desired, "hugo/floor-1/flat-101/room-5/climate")
    assert climate.properties == {"model": "SN-4"}
    assert climate.points == ("temperature",)


def test_nothing_given_means_the_default() -> None:
    assert at(expanded(BLOCK, floors=1), "hugo/attic/climate").properties == {"model": "SN-2"}
    assert at(expanded(BLOCK, floors=1, sensor="X"), "hugo/attic/climate").properties == {"model": "X-2"}


def test_a_fragment_does_not_see_the_loops_around_its_use() -> None:
    assert codes(BLOCK.replace('"Room ${number}"', '"Room ${f}"'), floors=1) == ["name.unknown"]


def test_a_point_is_had_or_lacking_as_the_nearest_says() -> None:
    text = (
        HEAD
        + "spaces: { a: { use: room, lacks: [co2], has: [humidity] } }\n"
        + "fragments: { room: { type: Room, has: [co2] } }\n"
    )
    assert at(expanded(text), "hugo/a").points == ("humidity",)


def test_a_value_must_be_there_when_its_parameter_needs_one() -> None:
    text = BLOCK.replace(
        "serial: { type: string } }\n    type: Cl", "serial: { type: string, range: 1..2 } }\n    type: Cl"
    )
    assert codes(text.replace("range: 1..60", "default: 1")) == ["range.unexpected"]
    text = (
        HEAD
        + "parameters: { x: { type: string, optional: true } }\n"
        + 'devices: { d: { use: plug, with: { model: "${x}" } } }\n'
        + "fragments:\n"
        + '  plug: { parameters: { model: { type: string } }, type: Plug, properties: { model: "${model}" } }\n'
    )
    assert codes(text) == ["parameter.missing"]
    assert at(expanded(text, x="12"), "hugo/d").properties == {"model": "12"}


def test_a_template_with_fragments_is_checked_without_parameters() -> None:
    check_topology(read_topology(Source("block.yaml", BLOCK), find))
    with pytest.raises(AuthoringError) as caught:
        check_topology(read_topology(Source("block.yaml", BLOCK.replace("[humidity]", "[humidty]")), find))
    (found,) = caught.value.diagnostics
    assert found.code == "point.unknown"
    assert found.related[-1][1] == "sensor is used here"


def test_many_uses_of_fragments_within_fragments_stay_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.topology.growing.MAX_ENTITIES", 2_000)
    doubled = "".join(
        f"  f{n}: {{ type: Plug, devices: {{ a: {{ use: f{n + 1} }}, b: {{ use: f{n + 1} }} }} }}\n" for n in range(25)
    )
    text = HEAD + "fragments:\n" + doubled + "  f25: { type: Plug }\ndevices: { top: { use: f0 } }\n"
    assert codes(text) == ["topology.large"]
