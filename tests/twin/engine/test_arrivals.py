from __future__ import annotations

import asyncio

import pytest

from tests.twin.mqtt.peers import live
from twin.engine.arrivals import Arrivals
from twin.engine.positions import Positions
from twin.errors import BackendError
from twin.graph.mirror import Mirror

POSITIONS = Positions(bytes(range(64)))


@live
async def test_who_waits_goes_on_when_the_mirror_is_there() -> None:
    mirror = Mirror()
    looks: list[None] = []
    arrivals = Arrivals(mirror, lambda: looks.append(None), POSITIONS)
    order: list[int] = []

    async def wait(sequence: int) -> None:
        await arrivals.reach(sequence)
        order.append(sequence)

    async with asyncio.TaskGroup() as group:
        for sequence in (3, 1, 2, 2):
            group.create_task(wait(sequence))
        await asyncio.sleep(0)
        assert looks
        assert order == []
        for head in (1, 3):
            mirror.head = head
            arrivals.came()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert sorted(order[:1]) == [1]
    assert sorted(order) == [1, 2, 2, 3]


@live
async def test_who_gives_up_is_forgotten_and_holds_up_nobody() -> None:
    mirror = Mirror()
    arrivals = Arrivals(mirror, lambda: None, POSITIONS)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await arrivals.reach(1)
    waiting = asyncio.create_task(arrivals.reach(2))
    await asyncio.sleep(0)
    mirror.head = 2
    arrivals.came()
    await waiting
    assert not arrivals._waiting


@live
async def test_what_is_there_is_not_waited_for() -> None:
    mirror = Mirror()
    mirror.head = 5
    await Arrivals(mirror, lambda: pytest.fail("nothing to look for"), POSITIONS).reach(5)


@live
async def test_a_position_that_does_not_come_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror()
    mirror.timeline, mirror.head = "t", 5
    arrivals = Arrivals(mirror, lambda: None, POSITIONS)
    position = arrivals.position()
    await arrivals.reached(position)
    mirror.head = 4
    monkeypatch.setattr("twin.engine.arrivals._REACH_SECONDS", 0)
    with pytest.raises(BackendError) as caught:
        await arrivals.reached(position)
    assert caught.value.code_ == "position.unreached"
