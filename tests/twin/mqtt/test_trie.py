from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.mqtt.trie import Trie

levels = st.sampled_from(["a", "b", "", "$SYS", "é"])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join)


@st.composite
def filters(draw: st.DrawFn) -> str:
    found = draw(st.lists(st.one_of(levels, st.just("+")), max_size=4))
    if draw(st.booleans()) or not found:
        found.append("#")
    return "/".join(found)


def matches(pattern: str, topic: str) -> bool:
    """MQTT 5, section 4.7, word by word."""
    if topic.startswith("$") and pattern[:1] in "+#":
        return False
    wanted, given = pattern.split("/"), topic.split("/")
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(given) or level not in ("+", given[at]):
            return False
    return len(wanted) == len(given) or wanted[-1] == "#"


def naive(pattern: str, topic: str) -> bool:
    """`#` stands for its parent level too."""
    return matches(pattern, topic) or (pattern.endswith("/#") and matches(pattern[:-2], topic))


@given(st.lists(st.tuples(st.booleans(), filters(), st.integers(0, 2)), max_size=25), st.lists(topics, max_size=6))
def test_it_finds_what_a_naive_matcher_finds_whatever_comes_and_goes(
    steps: list[tuple[bool, str, int]], asked: list[str]
) -> None:
    trie, known = Trie[int](), dict[tuple[str, int], int]()
    for number, (adds, pattern, who) in enumerate(steps):
        if adds:
            trie.add(pattern, who, number)
            known[pattern, who] = number
        elif (pattern, who) in known:
            trie.remove(pattern, who)
            del known[pattern, who]
    for topic in asked:
        expected = sorted((who, wish) for (pattern, who), wish in known.items() if naive(pattern, topic))
        assert sorted(trie.match(topic)) == expected  # type: ignore[type-var]
    for pattern, who in known:
        trie.remove(pattern, who)
    assert not trie
    assert not trie._root.below


@pytest.mark.parametrize(
    ("pattern", "topic", "found"),
    [
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("+/+", "/a", True),
        ("+", "/a", False),
        ("/+", "/a", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/$b/+", "a/$b/c", True),
        ("a/+/c", "a/$b/c", True),
        ("A", "a", False),
    ],
)
def test_the_examples_of_the_specification(pattern: str, topic: str, found: bool) -> None:  # noqa: FBT001
    trie = Trie[int]()
    trie.add(pattern, "who", 1)
    assert list(trie.match(topic)) == [("who", 1)] * found
    assert naive(pattern, topic) is found
