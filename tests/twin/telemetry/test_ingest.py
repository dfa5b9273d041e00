from __future__ import annotations

import itertools
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.graphs import changeset
from tests.telemetry import NOW, World, balanced, extent, message, payload, topic
from twin.graph.model import Change, Update
from twin.graph.readings import Reading, order_key
from twin.store import Watermark
from twin.telemetry import ingest as ingest_module
from twin.telemetry.decode.udmi import pointset

THEN = "2023-11-14T22:13:00Z"
THEN_US = NOW - 20_000_000


@pytest.fixture
def world() -> World:
    return World()


def test_a_message_becomes_readings_with_its_own_time(world: World) -> None:
    said = {"temperature": {"present_value": 68, "unit": "[degF]"}, "open": True, "mode": "eco", "count": 3.0}
    counters = world.take(message(0, topic(world.sensor), payload(said, THEN)))
    assert world.values() == {"temperature": 20.0, "open": True, "mode": "eco", "count": 3}
    reading = world.current.read(world.sensor.id, "temperature")
    assert reading == Reading(20.0, THEN_US, NOW, order_key(0, THEN_US, 0, 20.0))
    assert (counters["decoded"], counters["applied"]) == (1, 4)
    assert world.letters() == []


def test_an_object_is_the_same_in_whatever_order_its_fields_come(world: World) -> None:
    on = topic(world.sensor)
    first = {"place": {"present_value": {"x": 1, "room": "hall"}}, "tags": {"present_value": ["a", "b"]}}
    again = {"place": {"present_value": {"room": "hall", "x": 1.0}}, "tags": {"present_value": ["b", "a"]}}
    counters = world.take(message(0, on, payload(first, THEN)), message(1, on, payload(again, THEN)))
    assert world.values() == {"place": {"room": "hall", "x": 1.0}, "tags": ["b", "a"]}
    assert (counters["applied"], counters["duplicate"]) == (3, 1)
    refused = {"place": {"present_value": {"x": 1}}, "tags": {"present_value": "a"}}
    world.take(message(2, on, payload(refused, THEN)))
    assert world.letters() == [("value.field", "place"), ("value.type", "tags")]


def test_without_a_time_the_receipt_is_it(world: World) -> None:
    world.take(message(0, topic("SN-1"), payload({"temperature": 20}), received=NOW + 5))
    reading = world.current.read(world.other.id, "temperature")
    assert reading is not None
    assert (reading.time, reading.received) == (NOW + 5, NOW + 5)


def test_each_reading_has_its_own_fate(world: World) -> None:
    on = topic(world.sensor)
    world.take(message(0, on, payload({"temperature": 20, "level": 1, "count": 1}, THEN)))
    counters = world.take(
        message(1, on, payload({"temperature": 20, "level": 2, "count": -1, "colour": "red"}, THEN)),
        message(2, on, payload({"level": 9}, "2020-01-01T00:00:00Z")),
    )
    assert {fate: counters[fate] for fate in ("applied", "late", "duplicate", "quarantined", "dead")} == {
        "applied": 4,
        "late": 1,
        "duplicate": 1,
        "quarantined": 0,
        "dead": 2,
    }
    assert world.values() == {"temperature": 20.0, "level": 2.0, "count": 1}
    assert world.letters() == [("value.range", "count"), ("point.unknown", "colour")]


def test_a_clock_in_the_far_future_cannot_freeze_a_point(world: World) -> None:
    on = topic(world.sensor)
    within, beyond = "2023-11-14T22:18:20Z", "2023-11-14T22:18:20.000001Z"
    counters = world.take(
        message(0, on, payload({"temperature": 20, "colour": 1}, beyond)),
        message(1, on, payload({"temperature": 99}, "9999-12-31T23:59:59Z")),
        message(2, on, payload({"temperature": 21}, within)),
    )
    assert (counters["quarantined"], counters["dead"], counters["applied"]) == (1, 2, 1)
    assert world.values() == {"temperature": 21.0}
    assert world.letters() == [
        ("time.future", "temperature"),
        ("point.unknown", "colour"),
        ("value.range", "temperature"),
    ]


def test_what_cannot_be_used_is_a_dead_letter_with_its_reason(world: World) -> None:
    good = payload({"temperature": 20, "level": 1})
    counters = world.take(
        message(0, topic(world.sensor), b"{"),
        message(1, b"r/flat/d/x/state", good),
        message(2, topic("nobody"), good),
        message(3, b"r/castle/d/x/events/pointset", good),
        message(4, topic(world.sensor), payload({}, "2016-12-31T23:59:60Z")),
        message(5, topic(world.sensor), payload({})),
    )
    assert (counters["decoded"], counters["undecodable"], counters["dead"]) == (3, 3, 4)
    assert counters["applied"] == 0
    taken = world.ingest.take_slice()
    assert taken is not None
    assert [(letter.code, letter.point, letter.site) for letter in taken.letters] == [
        ("payload.not_json", None, world.site.id),
        ("topic.unsupported", None, world.site.id),
        ("device.unknown", None, world.site.id),
        ("site.unknown", None, None),
        ("time.leap_second", None, world.site.id),
    ]
    assert taken.letters[2].message.payload == good
    assert taken.letters[2].why == "no device or gateway of flat has the id or serial 'nobody'"


def test_a_bug_on_one_message_harms_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = world.current.offer

    def fail_on_level(entity: str, point: str, reading: Any) -> Any:
        return offer(entity, point, reading) if point != "level" else 1 / 0

    monkeypatch.setattr(world.current, "offer", fail_on_level)
    monkeypatch.setattr("twin.telemetry.fates.pointset", fail_on(b"BUG"))
    with capture_logs() as logs:
        counters = world.take(
            message(0, topic(world.sensor), payload({"level": 1, "temperature": 20})),
            message(1, topic(world.sensor), b"BUG"),
            message(2, topic(world.sensor), payload({"temperature": 21}, "2023-11-14T22:14:00Z")),
        )
    assert (counters["decoded"], counters["undecodable"]) == (2, 1)
    assert (counters["applied"], counters["late"], counters["dead"]) == (2, 0, 1)
    assert world.letters() == [("ingest.failed", "level"), ("ingest.failed", None)]
    assert [log["event"] for log in logs] == ["ingest.failed", "ingest.failed"]


def fail_on(bad: bytes) -> Any:
    return lambda body: pointset(body) if body != bad else 1 / 0


def test_a_device_that_is_created_is_heard_from_then_on(world: World) -> None:
    on = topic("SN-9")
    world.take(message(0, on, payload({"temperature": 20})))
    world.mirror.apply(Change(1, changeset(Update(id=world.other.id, fields={"serial": "SN-9"}))))
    world.take(message(1, on, payload({"temperature": 21})))
    reading = world.current.read(world.other.id, "temperature")
    assert reading is not None
    assert reading.value == 21
    assert world.letters() == [("device.unknown", None)]


def test_turns_end_with_their_budget() -> None:
    ticks = itertools.count()
    work: list[str] = []
    world = World(clock=lambda: float(next(ticks)), on_work=lambda: work.append("work"))
    world.ingest.add(message(n, topic("SN-1"), payload({"temperature": n})) for n in range(5))
    world.ingest.add([message(5, topic("SN-1"), payload({"temperature": 5}))])
    assert work == ["work"]
    assert world.ingest.run(3)
    assert world.ingest.counters.now()["pending"] == 3
    assert not world.ingest.run(30)
    assert world.ingest.counters.now()["pending"] == 0
    world.ingest.add([])
    assert work == ["work"]


def test_pressure_comes_and_goes_with_what_waits() -> None:
    pressed: list[bool] = []
    world = World(on_pressure=pressed.append, queue_bytes=2000)
    messages = [message(n, topic("SN-1"), payload({"temperature": n})) for n in range(5)]
    world.ingest.add(messages[:2])
    assert pressed == []
    world.ingest.add(messages[2:])
    assert pressed == [True]
    world.take()
    assert pressed == [True, False]


def test_letters_that_are_not_stored_hold_the_work_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "_LETTERS", 2)
    work: list[str] = []
    world = World(on_work=lambda: work.append("work"))
    world.ingest.add(message(n, topic("nobody"), payload({"temperature": 1})) for n in range(3))
    assert not world.ingest.run(1)
    taken = world.ingest.take_slice()
    assert taken is not None
    assert len(taken.letters) == 2
    assert work == ["work"]
    world.ingest.confirm(taken)
    assert work == ["work", "work"]
    assert not world.ingest.run(1)
    assert world.ingest.counters.now()["pending"] == 0


def test_one_slice_at_a_time_and_none_when_nothing_came(world: World) -> None:
    first = world.ingest.take_slice()
    assert first is not None
    assert world.ingest.take_slice() is None
    world.ingest.confirm(first)
    assert world.ingest.take_slice() is None
    world.counts.received += 1
    world.counts.denied += 1
    denied = world.ingest.take_slice()
    assert denied is not None
    assert denied.states.watermark.counters["denied"] == 1
    assert balanced(denied.states.watermark.counters)


def test_a_slice_that_could_not_be_stored_comes_again_with_what_came_since(world: World) -> None:
    world.take(message(0, topic(world.sensor), payload({"temperature": 20, "colour": 1}, THEN)))
    lost = world.ingest.take_slice()
    assert lost is not None
    world.take(message(1, topic(world.sensor), payload({"temperature": 21, "smell": 1})))
    world.ingest.put_back(lost)
    again = world.ingest.take_slice()
    assert again is not None
    assert [letter.point for letter in again.letters] == ["colour", "smell"]
    assert [reading.value for reading in again.states.readings.values()] == [21.0]
    assert again.states.watermark.offset == 2


def test_a_watermark_of_another_journal_says_nothing_about_this_one(world: World) -> None:
    counters = {"received": 9, "journaled": 9, "decoded": 9, "undecodable": 0, "applied": 9}
    assert world.ingest.resume(extent(9), Watermark("journal", 9, counters)) == (9, 9, 0, ())
    found = world.ingest.resume(extent(9), Watermark("another", 9, counters))
    assert (found.since, found.next, found.missing) == (0, 9, 0)
    taken = world.ingest.take_slice()
    assert taken is not None
    assert (taken.states.watermark.journal, taken.states.watermark.offset) == ("journal", 0)
    assert world.take(message(0, topic("SN-1"), payload({"temperature": 1})))["applied"] == 10
