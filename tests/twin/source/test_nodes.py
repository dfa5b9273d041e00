from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import prose
from twin.source import Diagnostics, MapNode, Scalar, Source, read

MARK = "${mark}"


def scalar(text: str) -> Scalar:
    node = read(Source("a.yaml", text), Diagnostics())
    assert isinstance(node, MapNode)
    found = node.scalar("key")
    assert found is not None
    return found


def pointed_at(found: Scalar) -> str:
    start = found.text.index(MARK)
    place = found.within(start, start + len(MARK))
    return found.source.lines()[place.line - 1][place.column - 1 : place.end - 1]


@given(before=prose, after=prose, style=st.sampled_from(["'", '"', "|", ">"]), width=st.integers(10, 80))
def test_a_place_inside_a_text_is_found_through_quotes_escapes_and_folds(
    before: str, after: str, style: str, width: int
) -> None:
    text = (
        yaml.safe_dump({"key": f"{before} {MARK} {after}"}, default_style=style, width=width, allow_unicode=True)
        .replace("'key'", "key")
        .replace('"key"', "key")
        .replace("? |-\n  key\n", "? key\n")
        .replace("? >-\n  key\n", "? key\n")
    )
    assert pointed_at(scalar(text)) == MARK


@pytest.mark.parametrize(
    "text",
    [
        "key: plain ${mark} text",
        "key: 'it''s ${mark}'",
        r'key: "tab\t and \u00e9 and \x41 ${mark} end"',
        "key: |\n    first\n      ${mark}\n    last\n",
        "key: >-\n  folded\n  text ${mark}\n\n  more",
        "key: !!str '${mark}'",
        "key: &name '${mark}'",
        "{ key: ${mark}x }".replace("${mark}x", "'${mark}'"),
        'key: "one \\\n  two ${mark}"',
    ],
)
def test_a_place_inside_a_text(text: str) -> None:
    assert pointed_at(scalar(text)) == MARK


def test_getters_give_nothing_for_what_is_absent_or_of_another_kind() -> None:
    node = read(Source("a.yaml", "a: [1]\nb: {c: 2}\nd: text\ne: true\n"), Diagnostics())
    assert isinstance(node, MapNode)
    assert node.scalar("a") is None
    assert node.map("d") is None
    assert node.text("zzz") is None
    assert node.number("d") is None
    assert node.words("b") == ()
    assert node.under("a") == ()
    assert node.flag("e")
    assert not node.flag("zzz")
    assert [word.text for word in node.words("d")] == ["text"]
    assert node.place_of("zzz") == node.place
