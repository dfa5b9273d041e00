from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.source import Diagnostics, Source
from twin.topology.desired import Desired, DesiredEntity
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology

HEAD = "topology: block\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\n"
SITE = "site: { type: Residence }\n"
BLOCK = (
    HEAD
    + """
parameters:
  name: { type: string }
  floors: { type: integer, range: 1..60 }
  meters: { type: boolean, default: true }
  heating: { type: enum, values: [collective, individual], default: collective }
  height: { type: number, optional: true }
site:
  type: Residence
  title: { en: "Residence ${name}", fr: "Résidence ${name}" }
  timezone: Europe/Paris
  properties: { altitude: "${height}", address: "${floors} rue ${name}" }
spaces:
  boiler-room:
    when: heating == "collective"
    type: Room
    devices:
      boiler: { type: Boiler, relations: { feeds: ["/floor-1"] }, devices: { pump: { type: Plug } } }
  "floor-${f}":
    each: { f: 1..floors }
    type: Floor
    properties: { level: "${f}" }
    spaces:
      "flat-${f}${n:02}":
        each: { n: 1..2, side: [east] }
        type: Flat
        status: { temperature: { from: living/thermostat.temperature } }
        spaces:
          living:
            type: LivingRoom
            status: { temperature: { from: thermostat.temperature } }
            devices:
              radiator: { type: Radiator }
              thermostat:
                type: Thermostat
                has: [humidity]
                lacks: [setpoint]
                asset: "T${f}${n}"
                relations: { controls: [radiator, "."] }
        devices:
          meter: { type: HeatMeter, when: meters }
gateways:
  "box-${f}": { each: { f: 1..floors }, type: Box, connects: ["floor-${f}/flat-${f}01/living/thermostat"] }
views:
  meters: { members: ["floor-1/flat-101/meter", "floor-1/flat-102/meter"] }
  first: { type: Zone, title: First, members: [floor-1] }
"""
)


def expanded(text: str, **parameters: str | float) -> Desired:
    return expand(read_topology(Source("block.yaml", text), find), "hugo", parameters)


def codes(text: str, **parameters: str | float) -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        expanded(text, **parameters)
    return [found.code for found in caught.value.diagnostics]


def at(desired: Desired, path: str) -> DesiredEntity:
    return next(entity for entity in desired.entities if entity.path == path)


def test_a_template_becomes_entities_in_natural_order() -> None:
    desired = expanded(BLOCK, name="Hugo", floors="10")
    paths = [entity.path for entity in desired.entities]
    assert len(paths) == len(set(paths)) == 1 + 3 + 10 * (1 + 2 * 5) + 10 + 2
    assert paths.index("hugo/floor-2") < paths.index("hugo/floor-10")
    for entity in desired.entities[1:]:
        assert entity.parent is not None
        assert entity.path == f"{entity.parent}/{entity.key}"
        assert paths.index(entity.parent) < paths.index(entity.path)
    assert desired.parameters == {"name": "Hugo", "floors": 10, "meters": True, "heating": "collective", "height": None}
    assert [document.name for document in desired.documents] == ["core", "connected-home"]


def test_an_entity_has_what_the_topology_gives_it() -> None:
    desired = expanded(BLOCK, name="Hugo", floors=2, height=12.5)
    site = desired.entities[0]
    assert (site.path, site.kind, site.parent) == ("hugo", "site", None)
    assert site.title == {"en": "Residence Hugo", "fr": "Résidence Hugo"}
    assert site.properties == {"altitude": 12.5, "address": "2 rue Hugo", "timezone": "Europe/Paris"}
    assert site.given == ("properties.address", "properties.altitude", "properties.timezone", "title")
    thermostat = at(desired, "hugo/floor-2/flat-202/living/thermostat")
    assert (thermostat.type, thermostat.serial) == ("connected-home/Thermostat", "T22")
    assert thermostat.points == ("temperature", "humidity")
    assert thermostat.given == ("serial",)
    assert at(desired, "hugo/floor-2").properties == {"level": 2}


def test_a_point_of_a_space_follows_a_device() -> None:
    desired = expanded(BLOCK, name="Hugo", floors=1)
    device = "hugo/floor-1/flat-101/living/thermostat"
    for path in ("hugo/floor-1/flat-101", "hugo/floor-1/flat-101/living"):
        space = at(desired, path)
        assert space.points == ("temperature",)
        assert space.sources == {"temperature": (device, "temperature")}


def test_relations_members_and_connections_are_followed() -> None:
    desired = expanded(BLOCK, name="Hugo", floors=1)
    living = "hugo/floor-1/flat-101/living"
    found = {(relation.type, relation.source, relation.target) for relation in desired.relations}
    assert ("controls", f"{living}/thermostat", f"{living}/radiator") in found
    assert ("controls", f"{living}/thermostat", living) in found
    assert ("CONNECTS", "hugo/box-1", f"{living}/thermostat") in found
    assert ("INCLUDES", "hugo/first", "hugo/floor-1") in found
    assert ("feeds", "hugo/boiler-room/boiler", "hugo/floor-1") in found
    assert at(desired, "hugo/meters").type == "core/Group"


def test_what_when_leaves_out_may_be_named() -> None:
    desired = expanded(BLOCK, name="Hugo", floors=1, meters="false", heating="individual")
    assert not any("meter" in entity.key and entity.kind == "device" for entity in desired.entities)
    assert not any(relation.source == "hugo/meters" for relation in desired.relations)
    assert not any("boiler" in entity.path for entity in desired.entities)


def test_a_point_whose_device_is_left_out_is_not_there() -> None:
    text = (
        HEAD
        + SITE
        + (
            "spaces:\n  hall:\n    type: Hall\n    status: { temperature: { from: t.temperature } }\n"
            "    devices: { t: { type: Thermostat, when: false } }\n"
        )
    )
    hall = at(expanded(text), "hugo/hall")
    assert (hall.points, hall.sources) == ((), {})


def test_a_value_that_is_only_an_expression_keeps_its_kind() -> None:
    room = '  "r-${n}": { each: { n: [1, 3, x] }, when: "n == 1", type: Room, properties: { area: "${n}" } }\n'
    assert codes(HEAD + SITE + "spaces:\n" + room) == ["expression.type"]
    desired = expanded(HEAD + SITE + "spaces:\n" + room.replace(", x]", "]"))
    assert at(desired, "hugo/r-1").properties == {"area": 1.0}


def test_an_optional_parameter_that_is_not_given_leaves_nothing() -> None:
    text = (
        HEAD
        + "parameters: { serial: { type: string, optional: true } }\n"
        + SITE
        + ('devices: { lamp: { type: Light, asset: "${serial}", properties: { model: "${serial}" } } }\n')
    )
    lamp = at(expanded(text), "hugo/lamp")
    assert (lamp.serial, lamp.properties, lamp.given) == (None, {}, ())
    lamp = at(expanded(text, serial="X1"), "hugo/lamp")
    assert (lamp.serial, lamp.properties, lamp.given) == ("X1", {"model": "X1"}, ("properties.model", "serial"))


def test_a_template_is_checked_without_parameters() -> None:
    report = Diagnostics()
    check_topology(read_topology(Source("block.yaml", BLOCK), find), report)
    assert not report.all
    broken = BLOCK.replace("type: Thermostat", "type: Thermostta").replace("type: Boiler", "type: Boyler")
    with pytest.raises(AuthoringError) as caught:
        check_topology(read_topology(Source("block.yaml", broken), find))
    assert [found.code for found in caught.value.diagnostics] == ["type.unknown", "type.unknown"]


def test_a_mistake_in_a_repeated_part_is_reported_once() -> None:
    text = BLOCK.replace("controls: [radiator,", "controls: [radiatr,")
    assert codes(text, name="Hugo", floors=40) == ["path.unknown"]


def test_warnings_are_left_in_the_report() -> None:
    report = Diagnostics()
    text = HEAD + "parameters: { floors: { type: integer, default: 1 } }\n" + SITE
    expand(read_topology(Source("block.yaml", text), find), "hugo", {}, report)
    assert [found.code for found in report.all] == ["parameter.unused"]


def test_the_site_has_the_key_it_is_given() -> None:
    template = read_topology(Source("block.yaml", HEAD + SITE), find)
    assert expand(template).site == "block"
    with pytest.raises(AuthoringError) as caught:
        expand(template, "Not A Key")
    assert [found.code for found in caught.value.diagnostics] == ["key.invalid"]


@pytest.mark.parametrize(
    "rest",
    [
        "spaces: { hall: { type: Hal, devices: { t: { type: Light } } } }\nviews: { v: { members: [hall/t] } }\n",
        "spaces: { Hall: { type: Hall } }\nviews: { v: { members: [Hall] } }\n",
        'spaces: { "h${x}": { type: Hall } }\nviews: { v: { members: [hall] } }\n',
        "spaces: { hall: { type: Hall, use: x } }\nviews: { v: { members: [hall/t] } }\n",
        "spaces: { hall: 5 }\nviews: { v: { members: [hall] } }\n",
        "spaces: { h: { type: Hall, each: { n: 1..x } } }\nviews: { v: { members: [hall] } }\n",
        "spaces: { h: { type: Hall, status: { co2: { from: t.co2 } }, devices: { t: { type: Ligth } } } }\n",
    ],
)
def test_one_mistake_is_one_diagnostic(rest: str) -> None:
    assert len(codes(HEAD + SITE + rest)) == 1


def test_nothing_grows_beyond_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.topology.growing.MAX_ENTITIES", 50)
    text = HEAD + SITE + 'spaces: { "f-${n}": { each: { n: 1..100 }, type: Floor } }\n'
    assert codes(text) == ["topology.large"]
    monkeypatch.setattr("twin.topology.growing.MAX_ROUNDS", 90)
    assert codes(text.replace("type: Floor", "type: Floor, when: n < 0")) == ["topology.large"]
