"""When new readings are told, and how many wait."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.graphs import changeset
from tests.telemetry import World
from tests.twin.mqtt.peers import live, until
from twin.graph.model import Change, Delete
from twin.graph.readings import Reading, order_key
from twin.telemetry import announcing
from twin.telemetry.announcing import Announcing
from twin.telemetry.hearing import Hearing

if TYPE_CHECKING:
    from twin.mqtt.door import Message


class Everyone:
    """Who subscribes to all of it, and is told."""

    def __init__(self) -> None:
        self.subscriptions = 1
        self.wanted = True
        self.asked = 0
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.broken = False

    def wants(self, topic: str) -> bool:
        self.asked += 1
        return self.wanted and topic.startswith("twin/flat/")

    def tell(self, message: Message) -> None:
        if self.broken:
            self.broken = False
            raise ZeroDivisionError
        points = {name: each["value"] for name, each in json.loads(message.payload)["points"].items()}
        self.told.append((message.topic.removeprefix("twin/flat/readings/"), points))


class Stage(World):
    """The flat of the tests of telemetry, and everyone."""

    def __init__(self) -> None:
        super().__init__()
        self.everyone = Everyone()
        self.announcing = Announcing(self, Hearing(self, lambda _, __: True), self.everyone)
        self._number = 0

    def say(self, point: str, value: Any) -> None:
        self._number += 1
        order = order_key(0, self._number, self._number, value)
        self.current.offer(self.sensor.id, point, Reading(value, 1, 1, order))


@live
async def test_the_newest_of_each_point_is_told_once_and_what_follows_it_too() -> None:
    stage = Stage()
    stage.announcing.listen()
    for value in (20.0, 21.0, 22.0):
        stage.say("temperature", value)
    stage.say("level", 7.0)
    await until(lambda: len(stage.everyone.told) == 2)
    assert stage.everyone.told == [("sensor", {"temperature": 22.0, "level": 7.0}), ("room", {"warmth": 71.6})]
    assert stage.everyone.asked == 2
    stage.say("temperature", 23.0)
    await until(lambda: len(stage.everyone.told) == 4)
    assert stage.everyone.asked == 2
    stage.announcing.close()


@live
async def test_nothing_is_made_of_what_nobody_wants_and_nothing_heard_once_nobody_listens() -> None:
    stage = Stage()
    stage.everyone.wanted = False
    stage.announcing.listen()
    stage.say("level", 1.0)
    assert stage.announcing._waking is None
    stage.announcing.rest()
    assert len(stage.current.readings) == 1
    stage.everyone.subscriptions = 0
    stage.announcing.rest()
    assert len(stage.current.readings) == 0
    stage.everyone.wanted, stage.everyone.subscriptions = True, 1
    stage.announcing.listen()
    stage.say("level", 2.0)
    await until(lambda: stage.everyone.told == [("sensor", {"level": 2.0})])
    stage.announcing.close()
    stage.announcing.close()


@live
async def test_what_is_gone_by_then_is_not_told_and_a_bug_takes_nothing_from_others() -> None:
    stage = Stage()
    stage.announcing.listen()
    stage.everyone.broken = True
    stage.say("temperature", 20.0)
    with capture_logs() as logs:
        await until(lambda: len(stage.everyone.told) == 1)
    assert [each["event"] for each in logs] == ["mqtt.untold"]
    assert stage.everyone.told == [("room", {"warmth": 68.0})]
    stage.say("temperature", 30.0)
    stage.mirror.apply(Change(stage.mirror.head + 1, changeset(Delete(id=stage.sensor.id))))
    stage.announcing.moved()
    await asyncio.sleep(0)
    await until(lambda: stage.announcing._waking is None)
    assert len(stage.everyone.told) == 1 + (stage.mirror.get(stage.room.id) is not None)
    stage.announcing.close()


@live
async def test_more_than_can_wait_is_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "_MOST", 2)
    stage = Stage()
    stage.announcing.listen()
    with capture_logs() as logs:
        for point in ("temperature", "level", "count"):
            stage.say(point, 1)
        await until(lambda: stage.announcing.dropped == 1)
    assert [each["event"] for each in logs] == ["mqtt.crowded"]
    stage.say("label", "x")
    await until(lambda: ("sensor", {"label": "x"}) in stage.everyone.told)
    stage.announcing.close()


@live
async def test_much_is_told_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "_TURN", 0.0)
    stage = Stage()
    stage.announcing.listen()
    for point in ("temperature", "level", "open"):
        stage.say(point, 1)
    await until(lambda: len(stage.everyone.told) == 2)
    assert stage.everyone.told[0][0] == "sensor"
    stage.announcing.close()
