from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from twin.ids import is_id, is_key, mint, sort_key

KEYS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)


def test_ids_are_opaque_url_safe_and_new() -> None:
    made = {mint() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_id(each) for each in made)
    assert mint(lambda count: b"\0" * count) == "a" * 26


@given(st.binary(min_size=26, max_size=26))
def test_ids_are_128_bits_in_base32(drawn: bytes) -> None:
    made = mint(lambda count: drawn[:count])
    bits = base64.b32decode(f"{made.upper()}======")
    assert len(bits) == 16
    assert base64.b32encode(bits).decode().rstrip("=").lower() == made


def test_keys() -> None:
    assert all(is_key(key) for key in ("floor-1", "0", "a"))
    assert not any(is_key(key) for key in ("", "-a", "Floor", "a_b", "a/b", "a\n"))


def test_numbers_count_as_numbers() -> None:
    paths = ["s/floor-10", "s/floor-2", "s", "s/floor-2/a", "s/floor-02"]
    assert sorted(paths, key=sort_key) == ["s", "s/floor-02", "s/floor-2", "s/floor-2/a", "s/floor-10"]


@given(st.lists(KEYS, min_size=1, max_size=4), st.lists(KEYS, min_size=1, max_size=4))
def test_two_paths_sort_alike_only_when_they_are_one(one: list[str], other: list[str]) -> None:
    assert (sort_key("/".join(one)) == sort_key("/".join(other))) == (one == other)
