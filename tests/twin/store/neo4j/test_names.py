from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twin.store.neo4j.names import DESIRED, JSON, ORDER, RECEIVED, TIME, is_identifier, key_of, name_of

ENDS = (TIME, RECEIVED, ORDER, JSON, DESIRED)
parts = st.sampled_from(["x", "time", "order", "received", "json", "desired", "quality", "id", "rule", "", "1"])
names = st.lists(parts, min_size=1, max_size=5).map("_".join).filter(bool)


def keys(name: str) -> set[str]:
    """All that the node has of a point."""
    return {key_of(name), *(key_of(name) + end for end in ENDS)}


@given(names, names)
@example("x", "x_time")
@example("x_time", "x_time_")
@example("id", "id_")
def test_no_two_names_ever_meet(one: str, other: str) -> None:
    assert one == other or not keys(one) & keys(other)


@given(names)
def test_a_name_is_read_back_from_its_key(name: str) -> None:
    assert name_of(key_of(name)) == name


@pytest.mark.parametrize(
    ("name", "key"),
    [("temperature", "temperature"), ("rule", "rule_"), ("boost_time", "boost_time_"), ("temp@1.4.0", "temp@1.4.0")],
)
def test_plain_names_stay_as_they_are(name: str, key: str) -> None:
    assert key_of(name) == key


@pytest.mark.parametrize("text", ["", "a-b", "a b", "a`b", "1a", "é", "a\n", "a\\u0060", "x" * 65])
def test_only_plain_words_are_identifiers(text: str) -> None:
    assert is_identifier("RadiatorValve")
    assert not is_identifier(text)
