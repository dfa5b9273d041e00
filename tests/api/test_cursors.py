"""Cursors: what was given out comes back, and nothing else is taken."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import decode, encode
from twin.errors import InvalidValue

PARTS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1)


@given(st.lists(PARTS, min_size=1, max_size=2))
def test_what_was_given_out_comes_back(position: list[str]) -> None:
    cursor = encode(*position)
    assert decode(cursor, len(position)) == tuple(position)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", ["", "x", "cDo", "é", "a" * 1001, encode("a", "b"), encode("a") + "!", encode("")])
def test_what_was_not_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        decode(cursor)
    assert caught.value.code_ == "cursor.invalid"


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(InvalidValue):
        decode(text)


def test_no_cursor_is_no_position() -> None:
    assert decode(None) is None
