from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.expressions import ExpressionError, Result, parse_template

NAMES: dict[str, Result] = {"n": 7, "name": "Hugo", "on": True, "half": 0.5, "whole": 2.0, "nothing": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${n}", 7),
        ("${on}", True),
        ("${nothing}", None),
        ("${n}x", "7x"),
        ("flat-${n:02}", "flat-07"),
        ("${n:02}", "07"),
        ("${n:3}", "  7"),
        ("${name:6}!", "  Hugo!"),
        ("${n}${n + 1}", "78"),
        ("${whole} and ${half} and ${on}", "2 and 0.5 and true"),
        ("$${n} costs $5", "${n} costs $5"),
        ("${ 'a}b:c' }", "a}b:c"),
        ("${-n:03}", "-07"),
    ],
)
def test_what_a_text_becomes(text: str, value: Result) -> None:
    found = parse_template(text).value(NAMES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("ab ${n", "expression.unclosed", "${n"),
        ("${'a}", "expression.unclosed", "${'a}"),
        ("ab ${n +} c", "expression.syntax", "+"),
        ("ab ${m} c", "name.unknown", "m"),
        ("${n:x}", "expression.format", "x"),
        ("${n:099}", "expression.format", "099"),
        ("${name:04}", "expression.format", "${name:04}"),
        ("x${nothing}", "expression.type", "${nothing}"),
        ("x${1..3}", "expression.type", "${1..3}"),
        ("${}", "expression.empty", "}"),
        ("${n}" * 3_000, "expression.large", "${n}" * 3_000),
    ],
)
def test_a_mistake_is_placed_in_the_whole_text(text: str, code: str, at: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_template(text).value(NAMES)
    start, end = caught.value.span
    assert (caught.value.code, text[start:end]) == (code, at)


def test_a_text_cannot_grow_without_bound() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_template("${n}" * 20).value({"n": "x" * 1_000})
    assert caught.value.code == "expression.large"


def test_a_text_says_which_names_it_speaks_of_and_where() -> None:
    text = "a ${x} b ${y + x:02}"
    found = parse_template(text).names
    assert [(name.name, text[slice(*name.span)]) for name in found] == [("x", "x"), ("y", "y"), ("x", "x")]
    assert parse_template("plain").constant


@given(st.text("ab${}':\" n+1", max_size=40))
def test_any_text_is_filled_or_refused(text: str) -> None:
    try:
        parse_template(text).value(NAMES)
    except ExpressionError as error:
        start, end = error.span
        assert 0 <= start < end <= max(1, len(text))
