from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine.feed.frames import (
    LARGEST,
    PREFIX,
    Beat,
    Hello,
    Join,
    Moved,
    Readings,
    Welcome,
    Whole,
    length_of,
    pack,
    proof,
    unpack,
)
from twin.errors import BackendError

INTS = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.booleans() | INTS | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
TOLD = st.tuples(st.text(max_size=26), st.text(max_size=10), VALUES, INTS, INTS, st.binary(max_size=40))
FRAMES = st.one_of(
    st.builds(Hello, st.binary(max_size=16)),
    st.builds(Join, st.binary(max_size=16), st.binary(max_size=32), st.text(max_size=30)),
    st.builds(Welcome, st.binary(max_size=32), st.text(max_size=26)),
    st.builds(Readings, st.integers(0, 2**40), st.lists(TOLD, max_size=5)),
    st.just(Whole()),
    st.builds(Beat, st.integers(0, 2**40), st.lists(st.text(max_size=20), max_size=3)),
    st.builds(Moved, st.integers(0, 2**40)),
)


@given(FRAMES)
def test_what_is_packed_is_unpacked_as_it_was(frame: Any) -> None:
    packed = pack(frame)
    assert length_of(packed[: PREFIX.size]) == len(packed) - PREFIX.size
    found = unpack(packed[PREFIX.size :])
    assert found == frame
    assert type(found) is type(frame)


@given(FRAMES)
def test_types_of_values_stay(frame: Any) -> None:
    found = unpack(pack(frame)[PREFIX.size :])
    if isinstance(frame, Readings) and isinstance(found, Readings):
        assert [type(each[2]) for each in found.told] == [type(each[2]) for each in frame.told]


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_frame_or_refused(body: bytes) -> None:
    with suppress(BackendError):
        unpack(body)


def test_no_more_memory_is_taken_than_a_frame_may_have() -> None:
    with pytest.raises(BackendError, match="bytes"):
        length_of(PREFIX.pack(LARGEST + 1))


def test_a_proof_is_for_one_secret_one_side_and_these_nonces() -> None:
    shown = proof("secret", "owner", b"a", b"b")
    assert shown == proof("secret", "owner", b"a", b"b")
    others = [("other", "owner", b"a", b"b"), ("secret", "follower", b"a", b"b"), ("secret", "owner", b"b", b"a")]
    assert shown not in {proof(secret, who, *nonces) for secret, who, *nonces in others}
