from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry import point_type
from twin.telemetry.rules import LONGEST, Refused, accept

TEMPERATURE = point_type("t", unit="Cel", minimum=-20, maximum=60)
ENERGY = point_type("t", unit="kW.h")
COUNT = point_type("t", "integer", minimum=0, maximum=10)
FLOW = point_type("t", "integer", unit="W")
OPEN = point_type("t", "boolean")
MODE = point_type("t", "enum", values=("off", "eco"))
LABEL = point_type("t", "string")
SINCE = point_type("t", "timestamp")
LEVEL = point_type("t")


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
    point=st.sampled_from([TEMPERATURE, ENERGY, COUNT, FLOW, OPEN, MODE, LABEL, SINCE, LEVEL]),
    value=json_values,
    unit=st.none() | st.sampled_from(["Cel", "kW", "no_units", "%"]) | st.text(max_size=4),
)
def test_anything_is_taken_or_refused(point: Any, value: Any, unit: str | None) -> None:
    try:
        taken = accept(point)(value, unit)
    except Refused:
        return
    assert isinstance(taken, str | int | float | bool)
    assert not isinstance(taken, float) or abs(taken) < float("inf")
