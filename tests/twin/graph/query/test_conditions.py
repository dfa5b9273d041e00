from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, entity, mirror_of, walked
from twin.errors import InvalidValue
from twin.graph import query

if TYPE_CHECKING:
    from twin.graph.model import Entity, Value

WORDS = st.sampled_from(
    [
        "type is Sensor",
        "not (type is Meter)",
        "has warmth",
        "warmth > 20",
        "power >= 3 and type is Device",
        "warmth > power",
        "present",
        "not present",
        "warmth > 20 or power < 3",
        'within "/"',
    ]
)


def said(entity: Entity, name: str) -> Value | None:
    """What a point says in these tests: something of its entity's own, or nothing."""
    number = int(entity.id.rsplit("-", 1)[1])
    if name not in entity.points or number % 4 == 0:
        return None
    return number % 3 == 0 if name == "present" else number % 40


@settings(deadline=None)
@given(st.integers(0, 2**32), WORDS, st.integers(1, 5))
def test_a_condition_leaves_what_asking_each_leaves_page_by_page(seed: int, text: str, size: int) -> None:
    mirror = walked(seed, 40, ONTOLOGY).mirror
    condition = query.where(text, ONTOLOGY, said)
    whole = query.select(mirror)
    asked = [each for each in whole.items if condition.fits(each, mirror.views)]
    page = query.select(mirror, where=condition)
    assert (page.items, page.total) == (asked, len(asked))
    seen: list[Entity] = []
    more = True
    while more:
        page = query.select(mirror, where=condition, after=seen[-1].path if seen else None, first=size)
        seen, more = seen + page.items, page.has_next
        assert page.total == len(asked)
    assert seen == asked


def test_only_what_has_what_is_named_is_asked() -> None:
    site = entity("home", "site")
    lamp = entity("home/meter", "device", site, type="t/Meter", points=("power",))
    probe = entity("home/probe", "device", site, type="t/Sensor", points=("warmth",))
    asked: list[str] = []

    def read(entity: Entity, name: str) -> Value:
        asked.append(entity.path)
        return 21

    condition = query.where("warmth > 20", ONTOLOGY, read)
    assert query.select(mirror_of([site, lamp, probe]), where=condition).items == [probe]
    assert asked == ["home/probe"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("warmth >", "cannot be read"),
        ("warmht > 20", "no type has a property or a point 'warmht'"),
        ("type is Lamp", "nothing is known by the name 'Lamp'"),
        ("warmth > 20 and in view:{x}", "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as refused:
        query.where(text, ONTOLOGY, said)
    assert refused.value.code_ == "where.invalid"


def test_what_is_refused_says_what_was_probably_meant() -> None:
    with pytest.raises(InvalidValue) as refused:
        query.where("warmht > 20", ONTOLOGY, said)
    assert refused.value.help == "did you mean warmth?"
