from __future__ import annotations

import msgspec

from tests.graphs import entity
from twin.graph.model import Entity
from twin.graph.sharing import Sharing

SITE = entity("home", "site", instance="flat")
LAMPS = [
    entity(f"home/lamp-{number}", "device", SITE, points=("on", "power"), title={"": "Lamp"}, instance="flat")
    for number in range(2)
]


def test_what_is_shared_says_the_same() -> None:
    read = msgspec.json.decode(msgspec.json.encode([SITE, *LAMPS]), type=list[Entity])
    assert list(map(Sharing().entity, read)) == [SITE, *LAMPS]


def test_what_is_equal_is_one() -> None:
    read = msgspec.json.decode(msgspec.json.encode([SITE, *LAMPS]), type=list[Entity])
    site, one, two = map(Sharing().entity, read)
    assert one.parent is site.id
    assert one.type is two.type
    assert one.instance is two.instance is site.instance
    assert one.points is two.points
    assert one.desired is two.desired
    assert one.sources is site.sources
    assert one.title is two.title
    assert one.created is two.created


def test_what_is_only_almost_equal_stays_apart() -> None:
    several = [entity(f"home/room-{n}", "space", SITE, properties={"level": n}) for n in (1, 1.0, True)]
    read = msgspec.json.decode(msgspec.json.encode(several), type=list[Entity])
    assert [repr(each.properties) for each in map(Sharing().entity, read)] == [
        repr(each.properties) for each in several
    ]
