from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.telemetry.decode import Undecodable, udmi
from twin.telemetry.decode.udmi import instant, pointset

if TYPE_CHECKING:
    from pathlib import Path

STAMP = '"timestamp":"2018-08-26T21:39:29.364Z"'
TIME = 1_535_319_569_364_000


def values(payload: bytes) -> dict[str, Any]:
    return {name: datum.value for name, datum in pointset(payload).points.items()}


def test_a_message_as_it_should_be() -> None:
    found = pointset(
        b'{"version":"1.5.7",%s,"points":{"a":{"present_value":21.5},"b":{"present_value":true}}}' % STAMP.encode()
    )
    assert found.time == TIME
    assert {name: (datum.value, datum.unit) for name, datum in found.points.items()} == {
        "a": (21.5, None),
        "b": (True, None),
    }


def test_the_verdicts_of_udmi_itself(shared_data: Path) -> None:
    cases = sorted((shared_data / "udmi" / "tests" / "events_pointset").glob("*.json"))
    assert cases
    for case in cases:
        payload = case.read_bytes()
        if case.with_suffix(".out").read_bytes():
            with pytest.raises(Undecodable):
                pointset(payload)
        else:
            points = json.loads(payload)["points"]
            assert values(payload) == {name: point["present_value"] for name, point in points.items()}


@pytest.mark.parametrize(
    ("point", "value", "unit"),
    [
        ('{"present_value":1,"unit":"Cel"}', 1, "Cel"),
        ('{"present_value":1,"units":"Cel"}', 1, "Cel"),
        ('{"present_value":1,"unit":null,"units":"Cel"}', 1, "Cel"),
        ('{"present_value":1,"unit":7}', 1, "7"),
        ('{"present_value":1,"status":{"level":300},"unit_of":"x"}', 1, None),
        ('{"present_value":null}', None, None),
        ('{"present_value":[1]}', [1], None),
        ('{"present_value":{"a":1}}', {"a": 1}, None),
        ('{"present_value":1e400}', float("inf"), None),
        ('{"present_value":123456789012345678901234567890}', 123456789012345678901234567890, None),
        ('{"present_value":%s}' % ("9" * 5000), float("inf"), None),
        ('{"present_value":"present_value\\" \\u00e9"}', 'present_value" é', None),
        ("{}", msgspec.UNSET, None),
        ("21.5", msgspec.UNSET, None),
        ("null", msgspec.UNSET, None),
    ],
)
def test_what_a_point_may_say(point: str, value: Any, unit: str | None) -> None:
    found = pointset(b'{%s,"points":{"a":%s}}' % (STAMP.encode(), point.encode()))
    assert found.time == TIME
    assert (found.points["a"].value, found.points["a"].unit) == (value, unit)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "payload.not_json"),
        (b"21.5", "payload.not_object"),
        (b"null", "payload.not_object"),
        (b"[]", "payload.not_object"),
        (b"{", "payload.not_json"),
        (b'{"points":{}} x', "payload.not_json"),
        (b"\xff", "payload.not_utf8"),
        (b'{"points":{"a":{"present_value":"\xff"}}}', "payload.not_utf8"),
        (b'{"points":{"a":{"present_value":"\\ud800"}}}', "payload.not_json"),
        (b'{"points":{"\\udc00":{"present_value":1}}}', "payload.not_json"),
        (b'{"points":{"a":{"present_value":NaN}}}', "payload.not_json"),
        (b'{"points":{"a":{"present_value":-Infinity}}}', "payload.not_json"),
        (b'\xef\xbb\xbf{"points":{}}', "payload.not_json"),
        ('{"points":{}}'.encode("utf-16-le"), "payload.not_json"),
        (b'{"points":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "payload.too_deep"),
        (b'{"points":{"a":{"present_value":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_002 + b"}", "payload.too_deep"),
        (b"{}", "payload.no_points"),
        (b'{"points":null}', "payload.no_points"),
        (b'{"points":[]}', "payload.no_points"),
        (b'{"points":{"a":{"present_value":1},"a":{"present_value":2}}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":1},"a":{"present\\u005fvalue":2}}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":1},"a":{}}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":1,"present_value":2}}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":1,"unit":"Cel","unit":"K"}}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":1}},"points":{}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":1}},"points":{"b":{"present_value":1}}}', "payload.repeated_name"),
        (b'{"timestamp":null,"timestamp":null,"points":{}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":{"x":1,"x":2}}}}', "payload.repeated_name"),
        (b'{"points":{"a":{"present_value":[{"x":{"y":1,"y":2}}]}}}', "payload.repeated_name"),
        (b'{"timestamp":1535319569,"points":{}}', "time.invalid"),
        (b'{"timestamp":"yesterday","points":{}}', "time.invalid"),
        (b'{"timestamp":"2018-08-26T21:39:29","points":{}}', "time.no_zone"),
    ],
)
def test_what_cannot_be_decoded_has_a_code(payload: bytes, code: str) -> None:
    with pytest.raises(Undecodable) as refused:
        pointset(payload)
    assert refused.value.code == code
    assert refused.value.why
    assert len(refused.value.why) < 200


def test_names_repeated_where_nobody_looks_are_tolerated() -> None:
    payload = b'{"x":{"a":1,"a":2},"points":{"a":{"present_value":1,"note":1,"note":2}},"x":"timestamp"}'
    assert values(payload) == {"a": 1}
    assert values(payload.replace(b"note", b"n\\u006fte")) == {"a": 1}


def test_a_timestamp_may_be_absent() -> None:
    assert pointset(b'{"points":{}}').time is None
    assert pointset(b'{"points":{},"timestamp":null}').time is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-08-26T21:39:29.364Z", TIME),
        ("2018-08-26T23:39:29.364+02:00", TIME),
        ("2018-08-26t21:39:29.364z", TIME),
        ("2018-08-26T21:39:29.364000499Z", TIME),
        ("1970-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ],
)
def test_instants(text: str, expected: int) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2016-12-31T23:59:60Z", "time.leap_second"),
        ("2018-08-26T21:39:29", "time.no_zone"),
        ("0000-01-01T00:00:00Z", "time.invalid"),
        ("0001-01-01T00:00:00Z", "time.absurd"),
        ("0001-01-01T00:00:00+05:00", "time.absurd"),
        ("1969-12-31T23:59:59Z", "time.absurd"),
        ("12018-08-26T21:39:29Z", "time.invalid"),
        ("2018-02-30T00:00:00Z", "time.invalid"),
        ("2018-08-26T24:00:00Z", "time.invalid"),
        ("2018-08-26", "time.invalid"),
        ("1535319569", "time.invalid"),
        ("", "time.invalid"),
        ("x" * 10_000, "time.invalid"),
    ],
)
def test_instants_that_are_none(text: str, code: str) -> None:
    with pytest.raises(Undecodable) as refused:
        instant(text)
    assert refused.value.code == code
    with pytest.raises(Undecodable) as refused:
        pointset(json.dumps({"timestamp": text, "points": {}}).encode())
    assert refused.value.code == code


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone follows
    st.integers(-23 * 60, 23 * 60),
)
def test_instants_are_exact(time: datetime, minutes: int) -> None:
    zoned = time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert instant(zoned.isoformat()) == (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
points = st.dictionaries(
    st.text(max_size=5),
    st.fixed_dictionaries(
        {"present_value": scalars},
        optional={"unit": st.text(max_size=4), "units": st.none() | st.text(max_size=4), "x": scalars},
    )
    | scalars,
)


@given(
    st.fixed_dictionaries({"points": points}, optional={"timestamp": st.just("2018-08-26T21:39:29.364Z"), "x": scalars})
)
def test_both_ways_agree(document: dict[str, Any]) -> None:
    payload = json.dumps(document, ensure_ascii=False).encode(errors="replace")
    quick, careful = pointset(payload), udmi._careful(payload)
    assert quick.time == careful.time
    assert [(name, datum.value, datum.unit or None) for name, datum in quick.points.items()] == [
        (name, datum.value, datum.unit or None) for name, datum in careful.points.items()
    ]


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    with suppress(Undecodable):
        pointset(payload)
