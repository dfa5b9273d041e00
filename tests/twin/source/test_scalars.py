from __future__ import annotations

from math import inf, isnan

import pytest

from twin.source.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("012", 12),
        ("-0", 0),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("2017-03-09", "2017-03-09"),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5e3", -1500.0),
        ("1e3", 1000.0),
        ("1.2.0", "1.2.0"),
        ("1..3", "1..3"),
        ("-20..60", "-20..60"),
        (".", "."),
        ("-", "-"),
        (".inf", inf),
        ("-.INF", -inf),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("٣", "٣"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_float() -> None:
    found = resolve(".nan")
    assert isinstance(found, float)
    assert isnan(found)


@pytest.mark.parametrize("text", ["9" * 21, "1e999", "-1e400", "0x" + "F" * 40])
def test_a_number_that_no_computer_keeps_is_refused(text: str) -> None:
    with pytest.raises(OverflowError):
        resolve(text)
