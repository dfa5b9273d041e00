from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry import field_type, point_type
from twin.engine.documents import shipped_ontology
from twin.telemetry.rules import accept
from twin.telemetry.simulation import value_at

WHERE = {
    "x": field_type("x", unit="m", minimum=0, maximum=10),
    "kind": field_type("kind", "enum", values=("a", "b")),
    "tags": field_type("tags", "list", items=field_type("", "string"), optional=True),
}
POINTS = [
    point_type("t", unit="Cel", measures="air_temperature", minimum=-20, maximum=60),
    point_type("n", "integer", minimum=0, maximum=5),
    point_type("on", "boolean"),
    point_type("mode", "enum", values=("off", "eco")),
    point_type("name", "string"),
    point_type("since", "timestamp"),
    point_type("where", "object", fields=WHERE),
    point_type("levels", "list", items=field_type("", minimum=1)),
    point_type("energy", unit="W.h", minimum=0, maximum=1e9, accumulates=True),
    point_type("pulses", "integer", accumulates=True),
    point_type("litres", unit="L", minimum=5, maximum=1000, accumulates=True),
]


@given(st.sampled_from(POINTS), st.integers(1_600_000_000, 2_000_000_000), st.text(max_size=5))
def test_what_is_simulated_is_what_the_point_accepts(point: Any, seconds: int, device: str) -> None:
    value = value_at(device, point, seconds)
    assert accept(point)(value, None) == value
    assert value_at(device, point, seconds) == value


@pytest.mark.parametrize("name", ["energy", "pulses"])
def test_what_accumulates_rises(name: str) -> None:
    point = next(point for point in POINTS if point.name == name)
    values: list[Any] = [value_at("d", point, 1_700_000_000 + hours * 3600) for hours in range(0, 200, 7)]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_an_index_that_may_rise_no_further_starts_again() -> None:
    point = next(point for point in POINTS if point.name == "litres")
    values: list[Any] = [value_at("d", point, 1_700_000_000 + hours * 3600) for hours in range(200)]
    assert any(after < before for before, after in pairwise(values))
    assert all(5 <= value <= 1000 for value in values)


def test_every_device_that_is_shipped_can_be_simulated() -> None:
    devices = [each for each in shipped_ontology().types.values() if each.kind == "device" and not each.abstract]
    for device in devices:
        for point in device.points.values():
            value = value_at(f"home/{device.short}", point, 1_700_000_000)
            assert accept(point)(value, None) == value, (device.name, point.name)


def test_no_alarm_goes_off_on_an_ordinary_day() -> None:
    smoke = point_type("smoke", "boolean", measures="smoke")
    assert not any(value_at("d", smoke, 1_700_000_000 + seconds) for seconds in range(0, 300, 7))
