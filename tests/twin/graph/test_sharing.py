from __future__ import annotations

import msgspec

from tests.graphs import entity
from twin.graph.model import Entity
from twin.graph.sharing import shared

SITE = entity("home", "site", instance="flat")
LAMPS = [
    entity(f"home/lamp-{number}", "device", SITE, points=("on", "power"), title={"": "Lamp"}, instance="flat")
    for number in range(2)
]


def test_what_is_shared_says_the_same() -> None:
    read = msgspec.json.decode(msgspec.json.encode([SITE, *LAMPS]), type=list[Entity])
    assert list(shared(read)) == [SITE, *LAMPS]


def test_what_is_equal_is_one() -> None:
    read = msgspec.json.decode(msgspec.json.encode([SITE, *LAMPS]), type=list[Entity])
    site, one, two = shared(read)
    assert one.parent is site.id
    assert one.type is two.type
    assert one.instance is two.instance is site.instance
    assert one.points is two.points
    assert one.desired is two.desired
    assert one.sources is site.sources
    assert one.title is not two.title
