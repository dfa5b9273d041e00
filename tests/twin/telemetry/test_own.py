"""The topics of a box: its own, and those of what it connects."""

from __future__ import annotations

import pytest

from tests.graphs import changeset, entity, mirror_of
from twin.access.principals import Principal
from twin.graph.model import CONNECTS, Change, Delete, Link, Relation, Unlink, Update
from twin.mqtt.door import Admission, Counts
from twin.telemetry.door import Route, TelemetryDoor
from twin.telemetry.noting import Noting
from twin.telemetry.own import own_topics, sends_to
from twin.telemetry.targets import device_named


class World:
    """Two sites; in the first a gateway that connects one sensor of two, and a device that connects by itself."""

    def __init__(self) -> None:
        self.site, self.elsewhere = entity("flat", "site"), entity("hotel", "site")
        self.box = entity("flat/box", "gateway", self.site, serial="BX-1")
        self.near = entity("flat/near", "device", self.site, serial="SN-1")
        self.far = entity("flat/far", "device", self.site, serial="SN-2")
        self.part = entity("flat/near/part", "device", self.near)
        self.stray = entity("hotel/stray", "device", self.elsewhere, serial="SN-1")
        self.wire = Relation(type=CONNECTS, source=self.box.id, target=self.near.id)
        everything = [self.site, self.elsewhere, self.box, self.near, self.far, self.part, self.stray]
        self.mirror = mirror_of(everything, [self.wire])

    def apply(self, *entries: object) -> None:
        self.mirror.apply(Change(self.mirror.head + 1, changeset(*entries)))  # type: ignore[arg-type]

    def door(self) -> TelemetryDoor:
        nothing: object = None
        return TelemetryDoor(
            self.mirror,
            nothing,  # type: ignore[arg-type]
            nothing,  # type: ignore[arg-type]
            lambda _: pytest.fail("nobody asks"),
            Counts(),
            hearing=nothing,  # type: ignore[arg-type]
            noting=Noting(lambda _: None),
        )

    def admission(self, device: str) -> Admission:
        return Admission(
            principal=Principal(
                client="c",
                subject="c",
                scopes=frozenset({"telemetry:write"}),
                sites=frozenset({self.site.id}),
                generation=1,
                expires=99,
                device=device,
            )
        )


@pytest.fixture
def world() -> World:
    return World()


def said(device: str, site: str = "flat", rest: str = "events/pointset") -> str:
    return f"r/{site}/d/{device}/{rest}"


def test_a_gateway_sends_for_itself_and_for_what_it_connects_and_for_nothing_else(world: World) -> None:
    door, mine = world.door(), world.admission(world.box.id)
    for own in (world.box.id, "BX-1", world.near.id, "SN-1"):
        assert door.route(mine, said(own)) == Route(world.site.id)
        assert door.route(mine, f"/{said(own)}") == Route(world.site.id)
    others = [world.far.id, "SN-2", world.part.id, world.stray.id, world.site.id, "nobody", "", "+", "#", "BX-1 "]
    for other in others:
        assert door.route(mine, said(other)) is None
    for site in ("hotel", "nowhere", ""):
        for device in ("BX-1", "SN-1", world.box.id, world.stray.id, "nobody"):
            assert door.route(mine, said(device, site)) is None


def test_a_device_that_connects_by_itself_sends_for_itself_alone(world: World) -> None:
    door, mine = world.door(), world.admission(world.near.id)
    assert door.route(mine, said("SN-1")) == Route(world.site.id)
    for other in ("BX-1", "SN-2", world.part.id, world.box.id):
        assert door.route(mine, said(other)) is None


@pytest.mark.parametrize("rest", ["events/pointset", "events/system", "state", "commands/boost/result"])
def test_what_a_box_says(world: World, rest: str) -> None:
    assert sends_to(world.mirror, world.box.id, world.site, said("BX-1", rest=rest))


@pytest.mark.parametrize(
    "rest", ["config", "config/x", "commands", "commands/boost", "commands/boost/result/x", "", "events//x", "state/"]
)
def test_what_the_twin_says_and_a_box_does_not(world: World, rest: str) -> None:
    assert not sends_to(world.mirror, world.box.id, world.site, said("BX-1", rest=rest))


@pytest.mark.parametrize(
    "topic", ["r/flat/d/BX-1", "r/flat/x/BX-1/state", "x/flat/d/BX-1/state", "r/flat", "", "$SYS/x"]
)
def test_what_is_no_topic_of_a_device(world: World, topic: str) -> None:
    assert not sends_to(world.mirror, world.box.id, world.site, topic)


def test_its_topics_follow_the_graph(world: World) -> None:
    door, mine = world.door(), world.admission(world.box.id)
    world.apply(Unlink(type=CONNECTS, source=world.box.id, target=world.near.id))
    assert door.route(mine, said("SN-1")) is None
    world.apply(Link(Relation(type=CONNECTS, source=world.box.id, target=world.far.id)))
    assert door.route(mine, said("SN-2")) == Route(world.site.id)
    assert list(own_topics(world.mirror, world.box.id)) == [said("BX-1"), said("SN-2")]
    world.apply(Update(id=world.far.id, fields={"serial": "SN-9"}))
    assert door.route(mine, said("SN-2")) is None
    assert door.route(mine, said("SN-9")) == Route(world.site.id)


def test_a_box_that_is_gone_sends_for_nothing(world: World) -> None:
    door, mine = world.door(), world.admission(world.box.id)
    world.apply(Delete(id=world.box.id))
    for device in (world.box.id, "BX-1", "SN-1"):
        assert door.route(mine, said(device)) is None
    assert list(own_topics(world.mirror, world.box.id)) == []


def test_topics_name_serials_and_ids_where_there_is_none(world: World) -> None:
    assert list(own_topics(world.mirror, world.box.id)) == [said("BX-1"), said("SN-1")]
    assert list(own_topics(world.mirror, world.part.id)) == [said(world.part.id)]


def test_a_device_is_called_by_its_id_or_serial_within_its_site(world: World) -> None:
    assert device_named(world.mirror, world.site.id, "SN-1") is world.near
    assert device_named(world.mirror, world.elsewhere.id, "SN-1") is world.stray
    assert device_named(world.mirror, world.site.id, world.stray.id) is None
    assert device_named(world.mirror, world.site.id, world.site.id) is None
