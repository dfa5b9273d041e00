from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.telemetry import entity_type, ontology, point_type
from twin.events import Subscriber
from twin.graph.mirror import Mirror
from twin.graph.model import Actor, Change, ChangeSet, Create, Delete, Entity, Recast, Update
from twin.graph.readings import Reading, order_key
from twin.state.current import Current, ReadingChanged

if TYPE_CHECKING:
    from twin.graph.model import Entry
    from twin.ontology.model import EntityType


def type_(name: str, **units: str | None) -> EntityType:
    return entity_type(name, *(point_type(point, unit=unit) for point, unit in units.items()))


ONTOLOGY = ontology(type_("Sensor", temperature="Cel", humidity="%"), type_("Room", warmth="[degF]", temperature="Cel"))


class Graph(Mirror):
    """A mirror that takes its changes one after another."""

    def __init__(self, entities: dict[str, Entity]) -> None:
        super().__init__()
        self.load(head=0, timeline="", documents=(), entities=entities.values(), relations=())

    def follow(self, *entries: Entry) -> Change:
        change = Change(self.head + 1, ChangeSet(op_id="", actor=Actor("", ""), at=0, entries=entries))
        self.apply(change)
        return change


def entity(name: str, type_name: str = "Sensor", **fields: Any) -> Entity:
    return Entity(id=name, kind="device", type=type_name, key=name, path=f"site/{name}", site="site", **fields)


def reading(value: float | str, time: int = 1) -> Reading:
    return Reading(value, time, time, order_key(0, time, 0, value))


@pytest.fixture
def graph() -> Graph:
    sensor = entity("sensor")
    room = entity(
        "room", "Room", sources={"warmth": ("sensor", "temperature"), "temperature": ("sensor", "temperature")}
    )
    return Graph({each.id: each for each in (sensor, room)})


@pytest.fixture
def current(graph: Graph) -> Current:
    return Current(graph, ONTOLOGY)


def listen(current: Current) -> Subscriber[ReadingChanged]:
    return current.readings.subscribe(Subscriber(wants=lambda _: True, key=lambda _: None, ready=lambda: None))


def test_the_newest_source_time_stays(current: Current) -> None:
    assert current.read("sensor", "temperature") is None
    assert current.offer("sensor", "temperature", reading(20.0, 5)) == "applied"
    assert current.offer("sensor", "temperature", reading(21.0, 4)) == "late"
    assert current.offer("sensor", "temperature", reading(20.0, 5)) == "duplicate"
    assert current.offer("sensor", "humidity", reading(20.0, 1)) == "applied"
    assert current.read("sensor", "temperature") == reading(20.0, 5)


@given(
    messages=st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.floats(allow_nan=False) | st.text(max_size=2)),
        max_size=12,
    ),
    again=st.integers(0, 3),
    chance=st.randoms(use_true_random=False),
)
def test_any_permutation_duplication_and_batching_ends_in_the_same_state(
    messages: list[tuple[str, int, Any]], again: int, chance: random.Random
) -> None:
    graph = Graph({"sensor": entity("sensor")})
    states = []
    for _ in range(2):
        current, stored = Current(graph, ONTOLOGY), {}
        for point, time, value in messages:
            current.offer("sensor", point, reading(value, time))
            if chance.random() < 0.3:
                stored |= current.take_dirty()
        stored |= current.take_dirty()
        assert stored == {("sensor", p): r for p in "ab" if (r := current.read("sensor", p)) is not None}
        states.append(stored)
        messages = messages * again + messages
        chance.shuffle(messages)
    assert states[0] == states[1]


def test_a_point_follows_another_in_its_own_unit(current: Current) -> None:
    assert current.read("room", "warmth") is None
    current.offer("sensor", "temperature", reading(20.0))
    assert current.read("room", "temperature") is current.read("sensor", "temperature")
    followed = current.read("room", "warmth")
    assert followed is not None
    assert followed.value == pytest.approx(68)
    assert (followed.time, followed.received) == (1, 1)
    assert current.take_dirty().keys() == {("sensor", "temperature")}


def test_a_reading_is_announced_for_its_point_and_for_those_that_follow(current: Current) -> None:
    subscriber = listen(current)
    current.offer("sensor", "temperature", reading(20.0, 2))
    current.offer("sensor", "temperature", reading(20.0, 1))
    current.offer("sensor", "humidity", reading(50.0))
    assert [(event.entity_id, event.point, round(float(event.reading.value), 6)) for event in subscriber.take()] == [
        ("sensor", "temperature", 20.0),
        ("room", "warmth", 68.0),
        ("room", "temperature", 20.0),
        ("sensor", "humidity", 50.0),
    ]


def test_a_listener_that_fails_harms_no_reading(current: Current) -> None:
    current.readings.subscribe(Subscriber(wants=lambda _: bool(1 / 0), key=lambda _: None, ready=lambda: None))
    with capture_logs() as logs:
        assert current.offer("sensor", "temperature", reading(20.0)) == "applied"
    assert current.read("sensor", "temperature") == reading(20.0)
    assert [log["event"] for log in logs] == ["subscriber.failed"]


def test_following_changes_with_the_graph(graph: Graph, current: Current) -> None:
    current.offer("sensor", "temperature", reading(20.0))
    current.follow(
        graph.follow(Update(id="room", fields={"sources": {"temperature": ("other", "temperature")}})), ONTOLOGY
    )
    assert current.read("room", "warmth") is None
    assert current.read("room", "temperature") is None
    current.follow(graph.follow(Create(entity("other"))), ONTOLOGY)
    subscriber = listen(current)
    current.offer("other", "temperature", reading(21.0))
    current.offer("sensor", "temperature", reading(22.0, 2))
    assert [(event.entity_id, event.reading.value) for event in subscriber.take()] == [
        ("other", 21.0),
        ("room", 21.0),
        ("sensor", 22.0),
    ]


def test_a_space_that_is_created_follows_at_once(graph: Graph, current: Current) -> None:
    current.offer("sensor", "temperature", reading(20.0))
    hall = entity("hall", "Room", sources={"temperature": ("sensor", "temperature")})
    current.follow(graph.follow(Create(hall)), ONTOLOGY)
    assert current.read("hall", "temperature") == reading(20.0)


def test_what_is_created_and_deleted_in_one_change_leaves_nothing(graph: Graph, current: Current) -> None:
    hall = entity("hall", "Room", sources={"temperature": ("sensor", "temperature")})
    current.follow(graph.follow(Create(hall), Delete(id="hall")), ONTOLOGY)
    subscriber = listen(current)
    current.offer("sensor", "temperature", reading(20.0))
    assert "hall" not in {event.entity_id for event in subscriber.take()}


def test_an_entity_that_is_gone_has_no_state(graph: Graph, current: Current) -> None:
    current.offer("sensor", "temperature", reading(20.0))
    taken = current.take_dirty()
    current.offer("sensor", "humidity", reading(50.0))
    current.follow(graph.follow(Delete(id="sensor")), ONTOLOGY)
    current.put_back(taken)
    assert current.read("sensor", "temperature") is None
    assert current.read("room", "temperature") is None
    assert current.take_dirty() == {}


def test_what_could_not_be_stored_is_changed_again_unless_newer(current: Current) -> None:
    current.offer("sensor", "temperature", reading(20.0, 1))
    current.offer("sensor", "humidity", reading(50.0, 1))
    taken = current.take_dirty()
    current.offer("sensor", "temperature", reading(21.0, 2))
    current.put_back(taken)
    assert current.take_dirty() == {
        ("sensor", "temperature"): reading(21.0, 2),
        ("sensor", "humidity"): reading(50.0, 1),
    }


def test_what_a_store_kept_is_taken_where_it_still_belongs(current: Current) -> None:
    current.load({("sensor", "temperature"): reading(20.0), ("gone", "temperature"): reading(1.0)})
    assert current.read("room", "temperature") == reading(20.0)
    assert current.read("gone", "temperature") is None
    assert current.take_dirty() == {}
    assert current.offer("sensor", "temperature", reading(19.0, 0)) == "late"


def test_units_follow_the_ontology(graph: Graph, current: Current) -> None:
    current.offer("sensor", "temperature", reading(20.0))
    assert current.read("room", "temperature") == reading(20.0)
    kelvin = ontology(type_("Sensor", temperature="Cel"), type_("Room", warmth="W", temperature="K"))
    current.follow(graph.follow(), kelvin)
    followed = current.read("room", "temperature")
    assert followed is not None
    assert followed.value == pytest.approx(293.15)
    assert current.read("room", "warmth") is None
    subscriber = listen(current)
    current.offer("sensor", "temperature", reading("off", 2))
    assert [event.reading.value for event in subscriber.take()] == ["off", "off", "off"]


THINNED = ontology(
    entity_type(
        "Sensor",
        point_type("temperature", unit="Cel", deadband=0.1, every=60.0),
        point_type("humidity", unit="%"),
    ),
    entity_type("Room", point_type("warmth", unit="[degF]"), point_type("temperature", unit="Cel", deadband=0.5)),
)


def heard(current: Current) -> tuple[Subscriber[ReadingChanged], list[tuple[str, str, object]]]:
    told: list[tuple[str, str, object]] = []

    def wants(event: ReadingChanged) -> bool:
        told.append((event.entity_id, event.point, event.reading.value))
        return False

    return Subscriber(wants=wants, key=lambda _: None, ready=lambda: None), told


def test_a_deadband_thins_what_is_announced_and_never_what_is_held(graph: Graph) -> None:
    current = Current(graph, THINNED)
    subscriber, told = heard(current)
    current.readings.subscribe(subscriber)
    values = [20.2, 20.25, 20.3, 20.35, 20.21, 20.19, 21.0]
    for time, value in enumerate(values):
        assert current.offer("sensor", "temperature", reading(value, time)) == "applied"
        held = current.read("sensor", "temperature")
        assert held is not None
        assert held.value == value
    assert [value for entity_id, _, value in told if entity_id == "sensor"] == [20.2, 20.3, 20.19, 21.0]
    assert [value for _, point, value in told if point == "warmth"] == [pytest.approx(v * 1.8 + 32) for v in values]
    assert [value for entity_id, point, value in told if (entity_id, point) == ("room", "temperature")] == [20.2, 21.0]


def test_what_has_been_silent_for_too_long_is_announced_however_near_it_is(graph: Graph) -> None:
    current = Current(graph, THINNED)
    subscriber, told = heard(current)
    current.readings.subscribe(subscriber)
    for seconds in (0, 50, 100, 200):
        current.offer("sensor", "temperature", reading(20.0, seconds * 1_000_000))
    assert len([each for each in told if each[0] == "sensor"]) == 2


def test_what_nobody_heard_is_nothing_to_compare_with(graph: Graph) -> None:
    current = Current(graph, THINNED)
    subscriber, told = heard(current)
    current.readings.subscribe(subscriber)
    current.offer("sensor", "temperature", reading(20.0, 1))
    current.readings.unsubscribe(subscriber)
    current.offer("sensor", "temperature", reading(25.0, 2))
    current.readings.subscribe(subscriber)
    current.offer("sensor", "temperature", reading(20.0, 3))
    assert [value for entity_id, _, value in told if entity_id == "sensor"] == [20.0, 20.0]


def test_another_ontology_may_have_other_deadbands(graph: Graph) -> None:
    current = Current(graph, ONTOLOGY)
    subscriber, told = heard(current)
    current.readings.subscribe(subscriber)
    current.offer("sensor", "temperature", reading(20.0, 1))
    current.follow(graph.follow(), THINNED)
    for time in (2, 3):
        current.offer("sensor", "temperature", reading(20.0, time))
    assert len([each for each in told if each[0] == "sensor"]) == 2
    current.follow(graph.follow(Delete(id="sensor")), THINNED)
    graph.entities["sensor"] = entity("sensor")
    current.offer("sensor", "temperature", reading(20.0, 4))
    assert len([each for each in told if each[0] == "sensor"]) == 3


def test_readings_follow_the_new_names_of_their_points_whether_stored_or_not() -> None:
    sensor = Entity(id="s", kind="device", type="Sensor", key="s", path="h/s", site="h", points=("temperature",))
    graph = Graph({"s": sensor})
    current = Current(graph, ONTOLOGY)
    current.offer("s", "temperature", reading(20.0, 1))
    taken = current.take_dirty()
    change = graph.follow(
        Update(id="s", fields={"points": ("humidity",)}),
        Recast(id="s", point="temperature", to="humidity", factor=2.0),
    )
    current.follow(change, ONTOLOGY)
    assert current.read("s", "temperature") is None
    assert current.read("s", "humidity") == reading(40.0, 1)
    current.put_back(taken)
    assert current.take_dirty() == {("s", "humidity"): reading(40.0, 1)}
