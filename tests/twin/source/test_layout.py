from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring import GOLDEN, ROOT
from twin.errors import AuthoringError
from twin.source import Source
from twin.source.layout import arranged

SHIPPED = sorted((*(ROOT / "ontologies").glob("*.yaml"), *(ROOT / "examples").glob("*.yaml")))
PLAIN = [path for path in SHIPPED if not re.search(r"[|>][-+]?$", path.read_text(encoding="utf-8"), re.MULTILINE)]
"""Those without texts in which blanks at the end of a line are content."""


def laid_out(text: str) -> str:
    after = arranged(Source("x.yaml", text))
    assert arranged(Source("x.yaml", after)) == after
    return after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:   {b:1 ,c: [ 1,2 ]}   \n", None),
        ("a:   {b: 1 ,c: [ 1,2 ]}   \n", "a: { b: 1, c: [1, 2] }\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a:\n- x\n-   b: 1\n    c: 2\n", "a:\n  - x\n  - b: 1\n    c: 2\n"),
        ("a:\n   - - x\n     - y\n", "a:\n  - - x\n    - y\n"),
        ("a: {}\nb: []\n", "a: {}\nb: []\n"),
        ("a: \"x\"\n\n\n\nb: 'y'", "a: \"x\"\n\nb: 'y'\n"),
        ("a: &n 1\nb: [*n,*n]\n", "a: &n 1\nb: [*n, *n]\n"),
        ("a: !!str   3\n", "a: !!str 3\n"),
        ("\ufeffa: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a: {\n     b: 1,\n  c: {\n d: 2 }\n}\n", "a: {\n  b: 1,\n  c: {\n    d: 2 }\n}\n"),
    ],
)
def test_white_space_is_put_right(before: str, after: str | None) -> None:
    if after is None:
        with pytest.raises(AuthoringError):
            arranged(Source("x.yaml", before + "\t- :"))
    else:
        assert laid_out(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: |\n      one\n        two\n\n      three\nb: 1\n", "a: |\n  one\n    two\n\n  three\nb: 1\n"),
        ("a:\n    b: >-\n     one\n     two\n", "a:\n  b: >-\n    one\n    two\n"),
        ('a:  "one\n       two"\n', 'a: "one\n  two"\n'),
        ("a:\n     one\n      two\n", "a:\n  one\n  two\n"),
        ("a: |2\n    one\n", "a: |2\n    one\n"),
        ("a: |+\n one\n\n\nb: 1\n", "a: |+\n  one\n\n\nb: 1\n"),
    ],
)
def test_texts_of_several_lines_keep_what_they_say(before: str, after: str) -> None:
    assert laid_out(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#top\na: 1    # why\n", "#top\na: 1 # why\n"),
        (
            "a:\n    # of b\n    b: 1\n    # last of a\n# of c\nc: 1\n",
            "a:\n  # of b\n  b: 1\n  # last of a\n# of c\nc: 1\n",
        ),
        ("a: {\n    b: 1, # one\n    # two\n  }\n", "a: {\n  b: 1, # one\n  # two\n}\n"),
        ("ab: 1   # x\nc: 2    # y\n", "ab: 1 # x\nc: 2  # y\n"),
        ("a: |\n  text # no comment\n# one\nb: 1\n", "a: |\n  text # no comment\n# one\nb: 1\n"),
    ],
)
def test_every_comment_stays_with_what_it_is_about(before: str, after: str) -> None:
    assert laid_out(before) == after


def test_what_is_aligned_stays_aligned() -> None:
    aligned = "abc: { x: 1 }\n# about b\nb:   { x: 2 }\n"
    assert laid_out(aligned) == aligned
    assert laid_out("abc:    { x: 1 }\nb:      { x: 2 }\n") == "abc: { x: 1 }\nb:   { x: 2 }\n"
    assert laid_out("abc: { x: 1 }\nb:     { x: 2 }\n") == "abc: { x: 1 }\nb: { x: 2 }\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_is_laid_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert laid_out(text) == text, f"run: twin fmt {path.relative_to(ROOT)}"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_document_that_cannot_be_read_is_left_alone_and_any_other_says_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        after = laid_out(text)
    except AuthoringError:
        return
    assert sorted(re.findall("#.*", after)) == sorted(line.rstrip() for line in re.findall("#.*", text))


TEXTS = st.text(st.sampled_from("ab #:'\"-{}[],&*!|>\n\t"), max_size=12)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "bc", "d-e"]), VALUES, min_size=1), st.sampled_from([None, True, False]))
def test_whatever_is_written_says_the_same(document: dict[str, object], style: bool | None) -> None:  # noqa: FBT001 - Hypothesis gives it
    text = yaml.safe_dump(document, default_flow_style=style, indent=3, width=20)
    try:
        after = laid_out(text)
    except AuthoringError:
        return
    for one, other in pairwise(after.split("\n")):
        assert one == one.rstrip() or '"' in after or "'" in after or "|" in after
        assert one or other or "|" in after or "'" in after or '"' in after or not after.strip()


@settings(deadline=None, max_examples=20)
@given(st.randoms(use_true_random=False), st.sampled_from(PLAIN))
def test_extra_blanks_make_no_difference_to_what_is_said(random: object, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = [line + " " * random.randrange(3) for line in text.split("\n")]  # type: ignore[attr-defined]
    assert laid_out("\n".join(lines)) == laid_out(text)
