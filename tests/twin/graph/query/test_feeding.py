from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, entity, mirror_of, walked
from twin.graph import query
from twin.graph.model import CONNECTS, CONTAINS, INCLUDES, Relation

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity


def machine(mirror: Mirror, one: str) -> set[str]:
    device = mirror.entities[one].kind == "device"
    wholes = [each for each in mirror.line(one) if mirror.entities[each].kind == "device"]
    return {each for each in mirror.entities if wholes[-1] in mirror.line(each)} if device else set()


def fed_with(mirror: Mirror, one: str) -> set[str]:
    """The definition, word by word, from the edges of the graph alone."""
    kind, site = mirror.entities[one].kind, mirror.entities[one].site
    found = machine(mirror, one) if kind == "device" else {one} if kind == "view" else set(mirror.line(one))
    while True:
        views = {
            source
            for source, target, key in mirror.graph.edges(keys=True)
            if key == INCLUDES and target in found and source not in found
        }
        # views of what contains a place count; those of a machine's place, or of a view's site, do not
        if not views:
            return found | ({site} if kind == "view" else set())
        found |= views


def naive_upstream(mirror: Mirror, one: str) -> dict[str, int]:
    """Level by level, looking at every edge each time."""
    flows = [(source, target) for source, target, key in mirror.graph.edges(keys=True) if key in query.FLOW]
    ends, seen, found, depth = fed_with(mirror, one), set[str](), dict[str, int](), 0
    while ends - seen:
        seen |= ends
        depth += 1
        sources = {source for source, target in flows if target in ends}
        for source in sources:
            wholes = {each for each in mirror.line(source) if mirror.entities[each].kind == "device"}
            for each in {source} | (wholes if mirror.entities[source].kind == "device" else set()):
                found.setdefault(each, depth)
        ends = {each for source in sources for each in fed_with(mirror, source)}
    found.pop(one, None)
    return found


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_what_feeds_and_what_is_fed_are_as_defined_and_each_other_turned_round(seed: int) -> None:
    mirror = walked(seed, 50, ONTOLOGY).mirror
    up = {one: naive_upstream(mirror, one) for one in mirror.entities}
    for one, each in mirror.entities.items():
        assert {found.entity.id: found.depth for found in query.upstream(mirror, each)} == up[one]
        down = {other: depths[one] for other, depths in up.items() if one in depths}
        assert {found.entity.id: found.depth for found in query.downstream(mirror, each)} == down


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_a_depth_leaves_out_what_is_farther(seed: int, depth: int) -> None:
    mirror = walked(seed, 40, ONTOLOGY).mirror
    for each in mirror.entities.values():
        whole = query.upstream(mirror, each)
        assert query.upstream(mirror, each, depth=depth) == [found for found in whole if found.depth <= depth]


def office() -> tuple[Mirror, dict[str, Entity]]:
    site = entity("office", "site")
    floor = entity("office/floor", "space", site)
    room = entity("office/floor/room", "space", floor)
    zone = entity("office/zone", "view", site)
    ahu = entity("office/ahu", "device", site)
    fan, coil = (entity(f"office/ahu/{key}", "device", ahu) for key in ("fan", "coil"))
    boiler, vav, heater = (entity(f"office/{key}", "device", site) for key in ("boiler", "vav", "heater"))
    made = [site, floor, room, zone, ahu, fan, coil, boiler, vav, heater]
    at = {each.key: each for each in made}
    feeds = [("boiler", "coil"), ("fan", "vav"), ("vav", "zone"), ("heater", "floor")]
    relations = [Relation(type="feeds", source=at[one].id, target=at[other].id) for one, other in feeds]
    return mirror_of(made, [*relations, Relation(type=INCLUDES, source=zone.id, target=room.id)]), at


def test_a_room_is_fed_through_its_zone_its_floor_and_the_parts_of_machines() -> None:
    mirror, at = office()
    found = query.upstream(mirror, at["room"])
    assert [(each.entity.key, each.depth) for each in found] == [
        ("heater", 1),
        ("vav", 1),
        ("ahu", 2),
        ("fan", 2),
        ("boiler", 3),
    ]
    fed = query.downstream(mirror, at["boiler"])
    assert {each.entity.key for each in fed} == {"ahu", "fan", "coil", "vav", "zone", "room"}
    assert query.upstream(mirror, at["room"], sites=set()) == []


def test_a_gateway_connects_its_devices_with_all_their_parts() -> None:
    site = entity("home", "site")
    box = entity("home/box", "gateway", site)
    lamp = entity("home/lamp", "device", site)
    bulb = entity("home/lamp/bulb", "device", lamp)
    made = [site, box, lamp, bulb, entity("home/other", "device", site)]
    links = [Relation(type=CONNECTS, source=box.id, target=each.id) for each in (lamp, bulb)]
    mirror = mirror_of(made, links)
    assert query.connected(mirror, box) == [lamp, bulb]
    assert query.connected(mirror, box, sites=set()) == []
    assert mirror.graph.has_edge(lamp.id, bulb.id, CONTAINS)
