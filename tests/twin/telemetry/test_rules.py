from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry import field_type, point_type
from twin.graph.readings import order_head, order_key
from twin.telemetry.rules import LARGEST, LONGEST, Refused, accept

TEMPERATURE = point_type("t", unit="Cel", minimum=-20, maximum=60)
ENERGY = point_type("t", unit="kW.h")
COUNT = point_type("t", "integer", minimum=0, maximum=10)
FLOW = point_type("t", "integer", unit="W")
OPEN = point_type("t", "boolean")
MODE = point_type("t", "enum", values=("off", "eco"))
LABEL = point_type("t", "string")
SINCE = point_type("t", "timestamp")
LEVEL = point_type("t")
WHERE = point_type(
    "where",
    "object",
    fields={
        "y": field_type("y", unit="m"),
        "x": field_type("x", unit="m", maximum=100),
        "floor": field_type("floor", "integer", default=0),
        "room": field_type("room", "string", optional=True),
        "tags": field_type("tags", "list", optional=True, items=field_type("", "enum", values=("a", "b"))),
    },
)
LEVELS = point_type("levels", "list", items=field_type("", unit="Cel", minimum=0))


@pytest.mark.parametrize(
    ("point", "value", "unit", "kept"),
    [
        (TEMPERATURE, 21, None, 21.0),
        (TEMPERATURE, 21.5, "Cel", 21.5),
        (TEMPERATURE, 68, "[degF]", 20.0),
        (TEMPERATURE, 140, "degrees_fahrenheit", 60.0),
        (TEMPERATURE, -0.0, None, 0.0),
        (ENERGY, 123456789.123456, "W.h", 123456.789123456),
        (LEVEL, 1e308, None, 1e308),
        (LEVEL, 5, "no_units", 5.0),
        (COUNT, 3, None, 3),
        (COUNT, 3.0, None, 3),
        (FLOW, 2, "kW", 2000),
        (FLOW, 2**63 - 1, None, 2**63 - 1),
        (OPEN, True, None, True),
        (OPEN, False, "no_units", False),
        (MODE, "eco", None, "eco"),
        (LABEL, "x" * LONGEST, None, "x" * LONGEST),
        (SINCE, "2024-01-01T01:00:00.5+01:00", None, "2024-01-01T00:00:00.500000Z"),
        (WHERE, {"y": 1, "x": 2}, None, {"floor": 0, "x": 2.0, "y": 1.0}),
        (WHERE, {"room": None, "y": 1.5, "x": 2, "floor": 3}, None, {"floor": 3, "x": 2.0, "y": 1.5}),
        (WHERE, {"tags": ["b", "a"], "y": -0.0, "x": 2}, None, {"floor": 0, "tags": ["b", "a"], "x": 2.0, "y": 0.0}),
        (LEVELS, [], None, []),
        (LEVELS, [32, 50], "[degF]", [0.0, 10.0]),
    ],
)
def test_what_is_taken(point: Any, value: Any, unit: str | None, kept: Any) -> None:
    taken = accept(point)(value, unit)
    assert taken == kept
    assert type(taken) is type(kept)
    assert str(taken) == str(kept)


@pytest.mark.parametrize(
    ("point", "value", "unit", "code", "said"),
    [
        (TEMPERATURE, 61, None, "value.range", "'t' is within -20..60 Cel, and this is 61.0 Cel"),
        (TEMPERATURE, -4.1, "[degF]", "value.range", "-20.055"),
        (TEMPERATURE, True, None, "value.type", "takes a number, and this is true"),
        (TEMPERATURE, "21", None, "value.type", "takes a number, and this is '21'"),
        (TEMPERATURE, [1], None, "value.type", "[1]"),
        (WHERE, 5, None, "value.type", "'where' takes an object of floor, room, tags, x, y, and this is 5"),
        (WHERE, None, None, "value.missing", "'where' is named without a present_value"),
        (WHERE, {"x": 1}, None, "value.field", "'where' lacks its field 'y'"),
        (WHERE, {"x": 1, "y": 2, "z": 3}, None, "value.field", "'where' has no field 'z'; it has floor, room"),
        (WHERE, {"x": 101, "y": 2}, None, "value.range", "'where.x' is within ..100 m"),
        (WHERE, {"x": 1, "y": 2, "tags": ["c"]}, None, "value.enum", "'where.tags[]' is one of a, b, and this is 'c'"),
        (WHERE, {"x": 1, "y": 2}, "m", "unit.incompatible", "'where' is in no unit, and this is in m"),
        (LEVELS, {"a": 1}, None, "value.type", "'levels' takes a list"),
        (LEVELS, [1, -1], None, "value.range", "'levels[]' is within 0.."),
        (LEVELS, [1.25] * (LARGEST // 4), None, "value.too_long", "'levels' is larger than 16384 bytes"),
        (LEVELS, [1] * LARGEST, None, "value.too_long", "'levels' is larger than 16384 bytes"),
        (TEMPERATURE, {"a": 1}, None, "value.type", "a number"),
        (TEMPERATURE, None, None, "value.missing", "without a present_value"),
        (TEMPERATURE, msgspec.UNSET, None, "value.missing", "without a present_value"),
        (LEVEL, float("inf"), None, "value.type", "too large"),
        (LEVEL, 10**400, None, "value.type", "too large"),
        (LEVEL, 1, "Cel", "unit.incompatible", "no unit"),
        (TEMPERATURE, 1, "kW", "unit.incompatible", "'t' is in Cel, and this is in kW"),
        (TEMPERATURE, 1, "kw.H", "unit.unknown", "did you mean kW.h?"),
        (TEMPERATURE, 1, "furlong", "unit.unknown", "'furlong', which is no unit"),
        (COUNT, 2.5, None, "value.type", "whole numbers, and this is 2.5"),
        (COUNT, -1, None, "value.range", "0..10"),
        (COUNT, 1e300, None, "value.range", "0..10"),
        (COUNT, True, None, "value.type", "a number"),
        (FLOW, 2**63, None, "value.range", "9223372036854775808"),
        (point_type("t", "integer", maximum=1e30), 2**64, None, "value.range", "18446744073709551616"),
        (FLOW, 0.1, "kW.h", "unit.incompatible", "in W"),
        (OPEN, 1, None, "value.type", "true or false, and this is 1"),
        (OPEN, True, "Cel", "unit.incompatible", "no unit"),
        (MODE, "on", None, "value.enum", "'t' is one of off, eco, and this is 'on'"),
        (MODE, 1, None, "value.type", "a word"),
        (LABEL, "x" * (LONGEST + 1), None, "value.too_long", "4097 characters"),
        (LABEL, 5, None, "value.type", "a text"),
        (SINCE, "yesterday", None, "value.type", "'yesterday' is not a date and time"),
        (SINCE, 5, None, "value.type", "RFC 3339"),
    ],
)
def test_what_is_refused_says_why(point: Any, value: Any, unit: str | None, code: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        accept(point)(value, unit)
    assert refused.value.code == code
    assert said in refused.value.why


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(
    point=st.sampled_from([TEMPERATURE, ENERGY, COUNT, FLOW, OPEN, MODE, LABEL, SINCE, LEVEL, WHERE, LEVELS]),
    value=json_values,
    unit=st.none() | st.sampled_from(["Cel", "kW", "no_units", "%"]) | st.text(max_size=4),
)
def test_anything_is_taken_or_refused(point: Any, value: Any, unit: str | None) -> None:
    try:
        taken = accept(point)(value, unit)
    except Refused:
        return
    assert isinstance(taken, str | int | float | bool | list | dict)
    assert not isinstance(taken, float) or abs(taken) < float("inf")
    assert accept(point)(taken, None) == taken


@given(st.permutations(list({"y": 1, "x": 2, "floor": 1, "room": "r"}.items())))
def test_what_means_the_same_has_the_same_bytes(pairs: list[tuple[str, Any]]) -> None:
    taken = accept(WHERE)(dict(pairs), None)
    assert orjson.dumps(taken) == b'{"floor":1,"room":"r","x":2.0,"y":1.0}'
    assert order_key(0, 1, 0, dict(pairs)) == order_head(0, 1, 0) + orjson.dumps(dict(sorted(pairs)))
