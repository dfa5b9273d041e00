from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.expressions import MAX_DEPTH, MAX_LENGTH, ExpressionError, parse


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("", "expression.empty", ""),
        ("  ", "expression.empty", "  "),
        ("1 = 2", "expression.syntax", "="),
        ("a and", "expression.syntax", "d"),
        ("f(1)", "expression.syntax", "("),
        ("2 ** 3", "expression.syntax", "*"),
        ("a.b", "expression.syntax", "."),
        ("1 2", "expression.syntax", "2"),
        ("a && b", "expression.syntax", "&"),
        ("'abc", "expression.syntax", "'"),
        ("(1", "expression.syntax", "1"),
        ("1 < 2 < 3", "expression.syntax", "<"),
        ("type is Light", "expression.syntax", "is"),
        ('within "/"', "expression.syntax", '"/"'),
        ("9" * 30, "expression.large", "9" * 30),
        ("99999999999999999", "expression.large", "99999999999999999"),
        ("a" * (MAX_LENGTH + 1), "expression.large", "a" * (MAX_LENGTH + 1)),
        ("(" + "-" * (MAX_DEPTH + 5) + "1)", "expression.deep", None),
        ("1" + " + 1" * (MAX_DEPTH + 5), "expression.deep", None),
        ("not " * 400 + "true", "expression.deep", None),
    ],
)
def test_a_mistake_is_placed(text: str, code: str, at: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.code == code
    start, end = caught.value.span
    assert at is None or text[start:end] == at or (not text and (start, end) == (0, 1))


def test_parentheses_may_be_as_many_as_fit() -> None:
    assert parse("(" * 900 + "1" + ")" * 900)


@given(st.text(max_size=60) | st.text("ab01 .+-*/%()[]<>=!&'\"${}:,andorti", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        start, end = error.span
        assert 0 <= start < end <= max(1, len(text))
