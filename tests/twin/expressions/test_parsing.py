from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.expressions import MAX_DEPTH, MAX_LENGTH, Asked, ExpressionError, names_in, parse, parse_rule


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
        ("in view:north", "expression.syntax", "view"),
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


@pytest.mark.parametrize(
    ("text", "question", "word"),
    [
        ("type is Light", "type", "Light"),
        ("type is home/Light", "type", "home/Light"),
        ('within "floor-1"', "within", '"floor-1"'),
        ("has dimming", "has", "dimming"),
        ("measures occupancy", "measures", "occupancy"),
        ("in view:north-2", "view", "north-2"),
        ("in view:1st", "view", "1st"),
        ("in view:'north'", "view", "'north'"),
    ],
)
def test_a_rule_asks_questions(text: str, question: str, word: str) -> None:
    asked = parse_rule(text)
    assert isinstance(asked, Asked)
    start, end = asked.word.span
    assert (asked.question, text[start:end]) == (question, word)


def test_texts_in_questions_may_speak_of_names() -> None:
    found = names_in(parse_rule('within "floor-${f}" or in view:"north-${n}" or view in [wing]'))
    assert [name.name for name in found] == ["f", "n", "view", "wing"]


@pytest.mark.parametrize(
    ("text", "at"), [("in view lights", "lights"), ("in view:North", "North"), ("x in view:n", ":")]
)
def test_a_view_is_asked_for_by_its_key(text: str, at: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_rule(text)
    start, end = caught.value.span
    assert text[start:end] == at
    assert "in view:" in caught.value.help


def test_parentheses_may_be_as_many_as_fit() -> None:
    assert parse("(" * 900 + "1" + ")" * 900)


@given(st.text(max_size=60) | st.text("ab01 .+-*/%()[]<>=!&'\"${}:,andorti", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        start, end = error.span
        assert 0 <= start < end <= max(1, len(text))
