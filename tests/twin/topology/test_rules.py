from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.source import Diagnostics, Source
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology

HEAD = "topology: block\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\n"
BLOCK = (
    HEAD
    + """
parameters: { floors: { type: integer, default: 2 } }
site: { type: Residence }
gateways:
  all: { type: Box, connects: { rule: within "/" } }
  "box-${f}": { each: { f: 1..floors }, type: Box, connects: { rule: 'within "floor-${f}" and not type is Radiator' } }
devices:
  boiler: { type: Boiler, relations: { feeds: { rule: type is Radiator } }, devices: { plug: { type: Plug } } }
spaces:
  "floor-${f}":
    each: { f: 1..floors }
    type: Floor
    properties: { level: "${f}" }
    spaces:
      hall:
        type: Hall
        properties: { area: "${f * 10}" }
        devices:
          radiator: { type: Radiator }
          valve: { type: RadiatorValve, has: [battery], relations: { controls: { rule: RULE } } }
          climate: { type: ClimateSensor, has: [battery], properties: { vendor: Velio } }
"""
)


def related(rule: str, name: str = "controls", **parameters: str | int) -> list[tuple[str, str]]:
    template = read_topology(Source("block.yaml", BLOCK.replace("RULE", rule)), find)
    return [
        (each.source.removeprefix("block/"), each.target.removeprefix("block/"))
        for each in expand(template, None, parameters).relations
        if each.type == name
    ]


def targets(rule: str) -> list[str]:
    """What the valve on the first floor controls."""
    return [target for source, target in related(rule) if source == "floor-1/hall/valve"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("type is Radiator", ["floor-1/hall/radiator", "floor-2/hall/radiator"]),
        ('within "." and type is Radiator', ["floor-1/hall/radiator"]),
        ('within "/floor-2" and type is HeatingEquipment', ["floor-2/hall/radiator", "floor-2/hall/valve"]),
        ("has battery", ["floor-1/hall/climate", "floor-2/hall/climate", "floor-2/hall/valve"]),
        ("measures relative_humidity", ["floor-1/hall/climate", "floor-2/hall/climate"]),
        ("type is Floor and level == floors", ["floor-2"]),
        ("area > 5 and not area > 15", ["floor-1/hall"]),
        ('\'vendor == "Velio" and (within "." or level in [1, 2])\'', ["floor-1/hall/climate"]),
        ("type is Hall or type is Floor and level < 2", ["floor-1", "floor-1/hall", "floor-2/hall"]),
        ("type is Plug", ["boiler/plug"]),
        ("'within \"/floor-${floors}\" and type is Hall'", ["floor-2/hall"]),
    ],
)
def test_a_rule_finds_what_it_is_true_of(rule: str, found: list[str]) -> None:
    assert targets(rule) == found


def test_a_rule_finds_only_what_may_stand_there_and_never_the_asker() -> None:
    connected = related("type is Radiator", "CONNECTS")
    everything = [target for source, target in connected if source == "all"]
    assert len(everything) == 2 + 2 * 3
    assert [target for source, target in connected if source == "box-2"] == [
        "floor-2/hall/climate",
        "floor-2/hall/valve",
    ]
    assert ("floor-1/hall/valve", "floor-1/hall/valve") not in related("type is RadiatorValve")


def test_what_a_rule_finds_grows_with_the_building() -> None:
    assert len(related("type is Radiator", "feeds", floors=2)) == 2
    assert len(related("type is Radiator", "feeds", floors=9)) == 9


def test_a_rule_that_finds_nothing_is_a_warning() -> None:
    report = Diagnostics()
    template = read_topology(Source("block.yaml", BLOCK.replace("RULE", "type is SmokeDetector")), find)
    check_topology(template, report)
    assert [(found.code, found.severity) for found in report.all] == [("rule.empty", "warning")]


def test_rules_look_at_a_bounded_number_of_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.topology.searching.MAX_LOOKED", 60)
    with pytest.raises(AuthoringError) as caught:
        related("type is Device", floors=20)
    assert {found.code for found in caught.value.diagnostics} == {"topology.large"}


def test_a_rule_in_a_fragment_sees_the_values_of_its_use() -> None:
    text = (
        HEAD
        + "site: { type: Residence }\n"
        + "spaces: { a: { use: room, with: { least: 5 } }, b: { use: room, with: { least: 50 } } }\n"
        + "fragments:\n  room:\n    parameters: { least: { type: number } }\n    type: Room\n"
        + "    properties: { area: 10 }\n"
        + "    devices: { c: { type: ClimateSensor, relations: { monitors: { rule: area > least } } } }\n"
    )
    desired = expand(read_topology(Source("block.yaml", text), find))
    assert [(each.source, each.target) for each in desired.relations] == [
        ("block/a/c", "block/a"),
        ("block/a/c", "block/b"),
    ]


def test_rules_make_a_bounded_number_of_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.topology.linking.MAX_RELATIONS", 30)
    with pytest.raises(AuthoringError) as caught:
        related("type is Device", floors=20)
    assert [found.code for found in caught.value.diagnostics] == ["topology.large"]
