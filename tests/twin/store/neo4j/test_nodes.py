from __future__ import annotations

import orjson
import pytest

from tests.graphs import entity
from twin.store.neo4j.nodes import decode_entity, moment, native, properties_of


def test_a_person_reads_properties_settings_and_titles() -> None:
    valve = entity(
        "home/valve",
        "device",
        title={"fr": "Vanne", "en": "Valve"},
        properties={"vendor": "Velio", "rule": "odd", "area": 7.5},
        points=("temperature", "setpoint"),
        desired={"setpoint": 20, "plan": [1, 2]},
        serial="S1",
    )
    found = properties_of(valve)
    assert decode_entity(found.pop("_entity")) == valve
    assert found == {
        "id": valve.id,
        "kind": "device",
        "type": "t/Sensor",
        "key": "valve",
        "path": "home/valve",
        "site": valve.site,
        "serial": "S1",
        "revision": 1,
        "title": "Valve",
        "points": ["temperature", "setpoint"],
        "vendor": "Velio",
        "rule_": "odd",
        "area": 7.5,
        "setpoint_desired": 20,
        "plan_desired": "[1,2]",
    }


@pytest.mark.parametrize("value", [True, 0, -(2**63), 2**63 - 1, 1.5, "", "[1]"])
def test_what_a_property_can_hold_is_kept_as_it_is(value: object) -> None:
    assert native(value) == (value, False)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [[1.5, "é"], {"on": True}, [], 2**63])
def test_the_rest_is_json(value: object) -> None:
    text, json = native(value)  # type: ignore[arg-type]
    assert json
    assert orjson.loads(text) == value


def test_a_number_beyond_64_bits_is_json_too() -> None:
    assert native(2**70) == (str(2**70), True)


def test_times_before_1970_are_whole_seconds_and_a_rest_that_is_not_negative() -> None:
    assert moment(-1) == (-1, 999_999)
