from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import ONTOLOGY, Walk, changeset, entity, mirror_of, type_of, words
from twin.events import Subscriber
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.model import (
    Change,
    Computed,
    Create,
    Delete,
    Entity,
    Entry,
    Link,
    Move,
    Recast,
    Relation,
    Unlink,
    Update,
)
from twin.graph.readings import Reading, order_key
from twin.graph.rules import parse_rule
from twin.ontology.model import Ontology
from twin.state.current import Current, ReadingChanged
from twin.units import convert

Point = tuple[str, str]


def reading(value: Any, time: int = 1) -> Reading:
    return Reading(value, time, time, order_key(0, time, 0, value))


def listen(current: Current) -> Subscriber[ReadingChanged]:
    return current.readings.subscribe(
        Subscriber(wants=lambda _: True, key=lambda _: None, ready=lambda: None, bound=10_000)
    )


def naive(mirror: Mirror, current: Current, owner: Entity, point: str) -> tuple[Any, int] | None:
    """What a computed point says and since when, by looking at everything."""
    computed = owner.computed[point]
    anchor = {"within": owner} if owner.kind == "view" else {"under": owner}
    rule = None if computed.rule is None else parse_rule(computed.rule, ONTOLOGY)
    heard: list[tuple[str, Any, int]] = []
    for device in query.select(mirror, kinds=["device"], **anchor).items:
        for name in device.points:
            kind, found = ONTOLOGY.types[device.type].points[name], current.read(device.id, name)
            if kind.measures == computed.of and found and (rule is None or rule.fits(device, mirror.views)):
                own = ONTOLOGY.types[owner.type].points[point].unit
                value = found.value if None in {kind.unit, own} else convert(found.value, kind.unit, own)
                heard.append((device.id, value, found.time))
    if not heard:
        return None
    values = [value for _, value, _ in heard]
    functions: dict[str, Any] = {
        "sum": lambda: math.fsum(values),
        "avg": lambda: float(sum(map(Fraction, values)) / len(values)),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "any": lambda: any(values),
        "all": lambda: all(values),
        "count": lambda: len({device for device, value, _ in heard if value is not False}),
    }
    return functions[computed.function](), max(time for _, _, time in heard)


def everything(mirror: Mirror, current: Current) -> dict[Point, tuple[Any, int] | None]:
    said = {}
    for owner in mirror.entities.values():
        for point in owner.computed:
            found = current.read(owner.id, point)
            said[owner.id, point] = None if found is None else (found.value, found.time)
    return said


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), asked=st.integers(0, 30))
def test_a_computed_point_says_what_its_devices_say(seed: int, asked: int) -> None:
    chance = random.Random(seed)
    walk = Walk(chance)
    mirror = walk.mirror
    mirror.adopt(ONTOLOGY)
    current = Current(mirror, ONTOLOGY)
    subscriber = listen(current) if chance.random() < 0.7 else None
    before: dict[Point, Any] = {}
    for number in range(60):
        points = [(each.id, name) for each in mirror.entities.values() for name in each.points]
        if points and chance.random() < 0.5:
            point = chance.choice(points)
            value = chance.random() < 0.5 if point[1] == "present" else chance.choice([1, 2.5, -0.1, 1e9])
            current.offer(*point, reading(value, number))
        else:
            current.follow(walk.apply(walk.step()), ONTOLOGY)
        told = {(each.entity_id, each.point): each.reading.value for each in (subscriber.take() if subscriber else ())}
        if number < asked:
            continue
        now = everything(mirror, current)
        for (owner, name), said in now.items():
            assert said == naive(mirror, current, mirror.entities[owner], name)
            was = before.get((owner, name))
            if subscriber is not None and number > asked:
                assert told.get((owner, name)) == (said[0] if said and (not was or was[0] != said[0]) else None)
        before = now
    again = Current(mirror, ONTOLOGY)
    again.load(current.take_dirty())
    assert everything(mirror, again) == everything(mirror, current)


class Flat:
    """A hall and a room with two sensors and a meter, in a flat whose points are worked out."""

    def __init__(self) -> None:
        worked = {
            "heat": Computed("avg", "temperature"),
            "watts": Computed("sum", "active_power"),
            "busy": Computed("any", "occupancy", 'within "/room"'),
            "devices": Computed("count", "temperature"),
        }
        self.site = entity("flat", "site", computed=worked)
        self.room = entity("flat/room", "space", self.site, computed={"heat": Computed("max", "temperature")})
        self.hall = entity("flat/hall", "space", self.site, type="t/Hall", sources={"heat": (self.site.id, "heat")})
        points = ("warmth", "present")
        self.sensors = [entity(f"{each.path}/sensor", "device", each, points=points) for each in (self.room, self.hall)]
        self.meter = entity("flat/room/meter", "device", self.room, type="t/Meter", points=("power",))
        self.mirror = mirror_of([self.site, self.room, self.hall, *self.sensors, self.meter], ontology=ONTOLOGY)
        self.current = Current(self.mirror, ONTOLOGY)
        self.subscriber = listen(self.current)

    def say(self, device: Entity, point: str, value: Any, time: int = 1) -> list[tuple[str, str, Any]]:
        self.current.offer(device.id, point, reading(value, time))
        return self.told()

    def follow(self, *entries: Entry, ontology: Ontology = ONTOLOGY) -> list[tuple[str, str, Any]]:
        change = Change(self.mirror.head + 1, changeset(*entries))
        self.mirror.apply(change)
        self.mirror.adopt(ontology)
        self.current.follow(change, ontology)
        return self.told()

    def told(self) -> list[tuple[str, str, Any]]:
        keys = {each.id: each.key for each in (self.site, self.room, self.hall, *self.sensors, self.meter)}
        return [(keys.get(each.entity_id, "a view"), each.point, each.reading.value) for each in self.subscriber.take()]

    def read(self, owner: Entity, point: str) -> Any:
        found = self.current.read(owner.id, point)
        return None if found is None else found.value


@pytest.fixture
def flat() -> Flat:
    return Flat()


def test_computed_points_are_told_after_their_device_in_their_own_unit(flat: Flat) -> None:
    assert flat.read(flat.site, "heat") is None
    assert flat.say(flat.sensors[0], "warmth", 20) == [
        ("sensor", "warmth", 20),
        ("flat", "heat", 68.0),
        ("hall", "heat", 68.0),
        ("flat", "devices", 1),
        ("room", "heat", 68.0),
    ]
    assert flat.say(flat.sensors[1], "warmth", 20, 7) == [("sensor", "warmth", 20), ("flat", "devices", 2)]
    found = flat.current.read(flat.site.id, "heat")
    assert found is not None
    assert (found.time, found.received) == (7, 7)
    assert flat.say(flat.meter, "power", 1500) == [("meter", "power", 1500), ("flat", "watts", 1.5)]
    assert flat.say(flat.sensors[1], "present", True) == [("sensor", "present", True)]
    assert flat.say(flat.sensors[0], "present", False) == [("sensor", "present", False), ("flat", "busy", False)]


def test_nothing_of_it_is_stored_and_all_of_it_is_there_after_a_restart(flat: Flat) -> None:
    flat.say(flat.sensors[0], "warmth", 20)
    kept = flat.current.take_dirty()
    assert kept.keys() == {(flat.sensors[0].id, "warmth")}
    assert flat.read(flat.room, "heat") == 68
    flat.current.load({})
    assert flat.read(flat.room, "heat") is None
    flat.current.load(kept)
    assert flat.read(flat.room, "heat") == 68


def test_devices_join_and_leave(flat: Flat) -> None:
    flat.say(flat.sensors[0], "warmth", 20)
    flat.say(flat.sensors[1], "warmth", 30)
    assert flat.follow(Move(id=flat.sensors[1].id, parent=flat.room.id, key="other")) == [("room", "heat", 86.0)]
    assert flat.follow(Update(id=flat.sensors[0].id, fields={"points": ("present",)})) == [
        ("flat", "heat", 86.0),
        ("hall", "heat", 86.0),
        ("flat", "devices", 1),
    ]
    assert flat.follow(Delete(id=flat.sensors[1].id)) == []
    assert flat.read(flat.site, "heat") is None
    assert flat.say(flat.sensors[0], "warmth", 25, 2) == [("sensor", "warmth", 25)]
    told = flat.follow(Update(id=flat.sensors[0].id, fields={"points": ("warmth",)}))
    assert told == [("room", "heat", 77.0), ("flat", "heat", 77.0), ("hall", "heat", 77.0), ("flat", "devices", 1)]


def test_points_become_computed_and_cease_to_be(flat: Flat) -> None:
    flat.say(flat.meter, "power", 3)
    watts = {"watts": Computed("max", "active_power")}
    assert flat.follow(Update(id=flat.room.id, fields={"computed": watts})) == [("room", "watts", 0.003)]
    assert flat.read(flat.room, "heat") is None
    flat.follow(Update(id=flat.room.id, fields={"computed": {}}))
    assert flat.read(flat.room, "watts") is None
    assert flat.say(flat.meter, "power", 5, 2) == [("meter", "power", 5), ("flat", "watts", 0.005)]


def test_a_view_is_worked_out_from_all_that_is_in_it(flat: Flat) -> None:
    flat.say(flat.sensors[0], "warmth", 20)
    flat.say(flat.sensors[1], "warmth", 30)
    heat = {"heat": Computed("sum", "temperature")}
    rooms = entity("flat/rooms", "view", flat.site, rule="type is Hall", computed=heat)
    outer = entity("flat/outer", "view", flat.site, computed={"heat": Computed("min", "temperature")})
    site = {"heat": Computed("avg", "temperature", "in view:outer")}
    flat.follow(Create(rooms), Create(outer), Update(id=flat.site.id, fields={"computed": site}))

    def said() -> list[Any]:
        return [flat.read(each, "heat") for each in (rooms, outer, flat.site)]

    assert said() == [86, None, None]
    nested = {"type": "INCLUDES", "source": outer.id, "target": rooms.id}
    flat.follow(Link(Relation(**nested)))
    assert said() == [86, 86, 86]
    flat.follow(Update(id=rooms.id, fields={"rule": "type is Room"}))
    assert said() == [154, 68, 77]
    flat.follow(Update(id=flat.hall.id, fields={"type": "t/Gone"}))
    assert said() == [68, 68, 68]
    flat.follow(Move(id=rooms.id, parent=flat.site.id, key="chambers"), Move(id=outer.id, parent=flat.site.id, key="x"))
    assert said() == [68, 68, None]
    flat.follow(Unlink(**nested))
    assert said() == [68, None, None]
    flat.follow(Delete(id=rooms.id), Delete(id=outer.id))
    flat.say(flat.sensors[0], "warmth", 21, 2)
    assert flat.read(flat.site, "heat") is None


def test_what_cannot_be_converted_is_left_out(flat: Flat) -> None:
    flat.say(flat.sensors[0], "warmth", 20)
    watts = type_of("device", "Sensor", "t/Device", warmth="active_power", present="temperature")
    others = words([*(each for each in ONTOLOGY.types.values() if each.short != "Sensor"), watts], "temperature")
    flat.follow(ontology=others)
    assert flat.read(flat.site, "heat") is None
    flat.say(flat.sensors[0], "present", 5)
    assert flat.read(flat.site, "heat") == 41
    flat.follow(ontology=words([]))
    assert flat.read(flat.site, "heat") is None
    flat.follow()
    assert flat.read(flat.site, "heat") == 68


def test_readings_under_another_name_or_unit_are_taken_at_once(flat: Flat) -> None:
    flat.say(flat.sensors[0], "warmth", 20)
    flat.say(flat.sensors[1], "warmth", 30)
    told = flat.follow(*(Recast(id=each.id, point="warmth", to="warmth", factor=2) for each in flat.sensors))
    assert [each for each in told if each[0] != "sensor"] == [
        ("flat", "heat", 122.0),
        ("hall", "heat", 122.0),
        ("room", "heat", 104.0),
    ]


def test_a_site_is_worked_out_when_somebody_listens_unless_it_is_being_built() -> None:
    mirror = mirror_of([], ontology=ONTOLOGY)
    current = Current(mirror, ONTOLOGY)
    site = entity("flat", "site", hidden=True, computed={"heat": Computed("avg", "temperature")})
    sensor = entity("flat/sensor", "device", site, points=("warmth",))
    subscriber = listen(current)

    def follow(*entries: Entry) -> None:
        change = Change(mirror.head + 1, changeset(*entries))
        mirror.apply(change)
        current.follow(change, ONTOLOGY)

    follow(Create(site), Create(sensor))
    follow(Update(id=site.id, fields={"hidden": False}))
    current.offer(sensor.id, "warmth", reading(20))
    assert [(each.entity_id, each.reading.value) for each in subscriber.take()] == [(sensor.id, 20), (site.id, 68.0)]
    follow(Delete(id=sensor.id), Delete(id=site.id))
    follow(Create(entity("flat", "site")))
    assert subscriber.take() == []
