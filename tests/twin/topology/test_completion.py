from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from tests.authoring import ROOT
from tests.twin.topology.test_schema import plain
from twin.engine.documents import shipped_ontology
from twin.source import Diagnostics, Source, read
from twin.topology.completion import topology_schema

START = "topology: t\nversion: 1\nuses: { connected-home: '*' }\nsite: { type: Residence }\n"


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(topology_schema(shipped_ontology()))


def valid(validator: Any, text: str) -> bool:
    node = read(Source("t.yaml", text), Diagnostics())
    assert node is not None
    found: bool = validator.is_valid(plain(node))
    return found


@pytest.mark.parametrize("name", ["flat", "block"])
def test_the_examples_are_as_their_types_say(validator: Any, name: str) -> None:
    assert valid(validator, (ROOT / "examples" / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "part",
    [
        "devices: { a: { type: Thermostat, has: [humidity], properties: { vendor: Acme } } }",
        "devices: { a: { type: Thermostat, configuration: { setpoint: 20 } } }",
        'devices: { a: { type: Thermostat, configuration: { setpoint: "${warm}" } } }',
        "devices: { a: { type: connected-home/Thermostat } }",
        'spaces: { a: { type: Room, status: { temperature: { from: "b.temperature" } } } }',
        "devices: { a: { type: Radiator, relations: { feeds: [/], controlled_by: b } } }",
        "views: { a: { type: Heating, members: [x] } }",
    ],
)
def test_what_the_types_allow_is_valid(validator: Any, part: str) -> None:
    assert valid(validator, START + part)


@pytest.mark.parametrize(
    "part",
    [
        "devices: { a: { type: Termostat } }",
        "devices: { a: { type: Room } }",
        "devices: { a: { type: Thermostat, has: [humidty] } }",
        "devices: { a: { type: Thermostat, configuration: { setpiont: 20 } } }",
        "devices: { a: { type: Thermostat, configuration: { setpoint: 99 } } }",
        "devices: { a: { type: Thermostat, properties: { vendro: Acme } } }",
        "devices: { a: { type: Radiator, relations: { feeeds: [/] } } }",
        "spaces: { a: { type: Room, status: { warmth: { from: b.temperature } } } }",
        "spaces: { a: { type: Room, status: { temperature: { avg: warmth } } } }",
        "devices: { a: { type: Thermostat, roles: { tenant: { role: Nobody } } } }",
    ],
)
def test_a_slip_in_a_name_or_a_value_is_seen_while_it_is_typed(validator: Any, part: str) -> None:
    assert not valid(validator, START + part)


def test_every_name_says_what_it_means() -> None:
    schema = topology_schema(shipped_ontology())
    types = schema["definitions"]["device"]["properties"]["type"]["anyOf"][0]
    assert len(types["enum"]) == len(types["enumDescriptions"])
    setpoint = schema["definitions"]["Thermostat"]["properties"]["configuration"]["properties"]["setpoint"]
    assert setpoint["description"].endswith("in Cel")
