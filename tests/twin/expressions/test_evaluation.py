from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import arithmetic
from twin.expressions import ExpressionError, Range, Result, evaluate, iterate, names_in, parse

NAMES: dict[str, Result] = {"floors": 3, "heating": "gas", "on": True, "ratio": 0.5, "nothing": None, "few": (1, "x")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0..floors - 1", Range(0, 2)),
        ("3..1", Range(3, 1)),
        ("1 + 2 * 3", 7),
        ("-(1 + 2)", -3),
        ("7 / 2", 3.5),
        ("6 / 2", 3),
        ("7 // 2", 3),
        ("-7 % 3", 2),
        ("1.5 * 2", 3.0),
        ('heating == "gas"', True),
        ("heating != 'gas'", False),
        ("nothing == 'gas'", False),
        ("floors > 2 and not (floors >= 4)", True),
        ("'a' < 'b' or floors", True),
        ("on or nothing", True),
        ("floors in 1..3", True),
        ("floors not in 1..3", False),
        ("2.5 in 1..3", True),
        ("heating in ['oil', 'gas']", True),
        ("1 in ['1', true]", False),
        ("[1, 2 + 3]", (1, 5)),
        ("[]", ()),
        ("true and false", False),
        ("'it is \"so\"'", 'it is "so"'),
        ("notable or inner", True),
    ],
)
def test_what_an_expression_is_worth(text: str, value: Result) -> None:
    found = evaluate(parse(text), {**NAMES, "notable": False, "inner": True})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("floor + 1", "name.unknown", "floor"),
        ("1 + heating", "expression.type", "heating"),
        ("on + 1", "expression.type", "on"),
        ("not floors", "expression.type", "floors"),
        ("floors and on", "expression.type", "floors"),
        ("floors == '3'", "expression.type", "floors == '3'"),
        ("on == 1", "expression.type", "on == 1"),
        ("on < on", "expression.type", "on < on"),
        ("1 < 'a'", "expression.type", "1 < 'a'"),
        ("nothing + 1", "expression.type", "nothing"),
        ("1 in 'abc'", "expression.type", "'abc'"),
        ("'a' in 1..3", "expression.type", "'a'"),
        ("1.5..3", "expression.type", "1.5"),
        ("[1..2]", "expression.type", "1..2"),
        ("1 / (floors - 3)", "expression.division", "1 / (floors - 3)"),
        ("1 % 0", "expression.division", "1 % 0"),
        ("1 // 0.0", "expression.division", "1 // 0.0"),
        ("9007199254740992 + 1", "expression.large", "9007199254740992 + 1"),
        ("9007199254740992 * 9007199254740992", "expression.large", "9007199254740992 * 9007199254740992"),
        ("1 / 1e-99", "expression.large", "1 / 1e-99"),
        ("0..100000", "expression.large", "0..100000"),
    ],
)
def test_what_has_no_value_is_placed(text: str, code: str, at: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(parse(text), NAMES)
    start, end = caught.value.span
    assert (caught.value.code, text[start:end]) == (code, at)


def test_iteration_is_over_ranges_and_lists() -> None:
    assert iterate(parse("1..floors"), NAMES) == (1, 2, 3)
    assert iterate(parse("2..1"), NAMES) == ()
    assert iterate(parse("few"), NAMES) == (1, "x")
    with pytest.raises(ExpressionError):
        iterate(parse("floors"), NAMES)


def test_an_expression_says_which_names_it_speaks_of() -> None:
    found = names_in(parse("a + b > -c and d in [e, 1]"))
    assert [name.name for name in found] == ["a", "b", "c", "d", "e"]


@given(arithmetic, st.integers(0, 9), st.integers(0, 9))
def test_arithmetic_is_python_s(text: str, a: int, b: int) -> None:
    try:
        expected: object = eval(text, {"__builtins__": {}}, {"a": a, "b": b})  # noqa: S307 - the strategy spells only sums
    except ZeroDivisionError:
        expected = "expression.division"
    try:
        found: object = evaluate(parse(text), {"a": a, "b": b})
    except ExpressionError as error:
        found = error.code
    assert found in {expected, "expression.large"}
