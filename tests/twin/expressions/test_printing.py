from __future__ import annotations

import pytest
from hypothesis import assume, given

from tests.strategies import expressions
from twin.expressions import ExpressionError, Literal, parse, parse_rule, printed


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("a+b*c", "a + b * c"),
        ("(a + b) * c", "(a + b) * c"),
        ("a - (b - c)", "a - (b - c)"),
        ("((a)) == - 1", "a == -1"),
        ("not (a or b) and c", "not (a or b) and c"),
        ("level not in 0 .. f-1", "not level in 0..f - 1"),
        ("x in ['a', \"b's\"]", 'x in ["a", "b\'s"]'),
        ("meters [ 'a' ] . serial", 'meters["a"].serial'),
        ("'n-${f:02}'", '"n-${f:02}"'),
        ("'a $${b'", '"a $${b"'),
        ("type is Light and within '/f' or has x", 'type is Light and within "/f" or has x'),
        ("in view:north or measures occupancy", 'in view:"north" or measures occupancy'),
    ],
)
def test_an_expression_is_printed(text: str, again: str) -> None:
    assert printed(parse_rule(text)) == again


@given(expressions(rules=True))
def test_what_is_printed_parses_to_the_same(text: str) -> None:
    try:
        found = parse_rule(text)
    except ExpressionError:
        assume(False)
    assert parse_rule(printed(found)) == found


@given(expressions())
def test_so_it_is_without_questions(text: str) -> None:
    try:
        found = parse(text)
    except ExpressionError:
        assume(False)
    assert parse(printed(found)) == found


def test_a_text_with_both_kinds_of_quotes_cannot_be_written() -> None:
    with pytest.raises(ExpressionError) as caught:
        printed(Literal('it\'s "so"', (3, 7)))
    assert (caught.value.code, caught.value.span) == ("expression.quote", (3, 7))
