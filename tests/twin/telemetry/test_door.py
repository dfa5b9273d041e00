from __future__ import annotations

import queue
from typing import TYPE_CHECKING

import pytest

from tests.telemetry import World, payload, topic
from twin.access.audit import Deed
from twin.access.principals import Principal
from twin.errors import BackendError, Forbidden, Unauthenticated
from twin.mqtt.door import Admission, Refusal
from twin.mqtt.packets import Connect
from twin.telemetry.door import Owner, Route, TelemetryDoor
from twin.telemetry.hearing import Hearing
from twin.telemetry.journal import Journal
from twin.telemetry.noting import Noting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def principal(sites: frozenset[str] | None = None, scope: str = "telemetry:write") -> Principal:
    return Principal(client="box", subject="box", scopes=frozenset({scope}), sites=sites, generation=1, expires=99)


BOX = Owner("box", "box", 1, "", "")


def verify(token: str) -> Principal:
    if token == "stranger":
        raise Forbidden("nobody here", code="identity.unknown")
    if token == "unknown key":
        raise BackendError("its issuer has to be asked first", code="issuer.waiting")
    if token in {"reader", "writer"}:
        return principal(scope="twin:read" if token == "reader" else "twin:write")
    if token != "good":
        raise Unauthenticated("no")
    return principal()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reports() -> queue.SimpleQueue[Callable[[], None]]:
    return queue.SimpleQueue()


@pytest.fixture
def journal(tmp_path: Path, reports: queue.SimpleQueue[Callable[[], None]]) -> Iterator[Journal]:
    opened = Journal(tmp_path, on_loop=reports.put)
    yield opened
    opened.close()


@pytest.fixture
def door(world: World, journal: Journal, deeds: list[Deed]) -> TelemetryDoor:
    return TelemetryDoor(
        world.mirror,
        journal,
        world.ingest,
        verify,
        world.counts,
        hearing=Hearing(world, lambda _, __: True),
        noting=Noting(deeds.append),
    )


@pytest.fixture
def deeds() -> list[Deed]:
    """What the audit is told."""
    return []


@pytest.mark.parametrize(
    ("password", "answer"),
    [
        (None, Refusal.BAD_CREDENTIALS),
        (b"", Refusal.BAD_CREDENTIALS),
        (b"bad", Refusal.BAD_CREDENTIALS),
        (b"\xff\xfe", Refusal.BAD_CREDENTIALS),
        (b"writer", Refusal.NOT_AUTHORIZED),
        (b"stranger", Refusal.NOT_AUTHORIZED),
        (b"unknown key", Refusal.UNAVAILABLE),
        (b"reader", Admission(principal=principal(scope="twin:read"), expires=99, owner=BOX, address="::1")),
        (b"good", Admission(principal=principal(), expires=99, owner=BOX, address="::1")),
    ],
)
def test_who_comes_in(door: TelemetryDoor, password: bytes | None, answer: object) -> None:
    assert door.admit(Connect("any", password=password), "::1") == answer


def test_a_site_of_others_and_a_site_of_nobody_are_the_same(world: World, door: TelemetryDoor) -> None:
    mine = Admission(principal=principal(frozenset({world.site.id})))
    everyone = Admission(principal=principal(None))
    here = topic(world.sensor).decode()
    assert door.route(mine, here) == Route(world.site.id)
    assert door.route(mine, f"/{here}") == Route(world.site.id)
    assert door.route(mine, "r/flat/whatever") == Route(world.site.id)
    assert door.route(everyone, "r/hotel/d/x/events/pointset") == Route(world.elsewhere.id)
    for denied in ("r/hotel/d/x/events/pointset", "r/castle/d/x/events/pointset", "r/flat", "hello", "$SYS/x", ""):
        assert door.route(mine, denied) is None
    assert door.route(everyone, "r/castle/d/x/events/pointset") is None


def test_who_may_only_hear_sends_nothing_and_the_audit_says_who_came_and_what_was_denied(
    world: World, door: TelemetryDoor, deeds: list[Deed]
) -> None:
    reader = door.admit(Connect("app", password=b"reader"), "::1")
    assert isinstance(reader, Admission)
    here = topic(world.sensor).decode()
    assert door.route(reader, here) is None
    assert door.may_hear(reader, "twin/flat/readings/#")
    assert not door.may_hear(reader, "r/flat/#")
    door.denied(reader, "r/flat/#")
    assert isinstance(door.admit(Connect("app", password=b"bad"), "::2"), Refusal)
    said = [(each.action, each.result, each.client, each.address, each.detail) for each in deeds]
    assert said == [
        ("mqtt.connect", "ok", "box", "::1", "app"),
        ("mqtt.publish", "topic.denied", "box", "::1", here),
        ("mqtt.subscribe", "topic.denied", "box", "::1", "r/flat/#"),
        ("mqtt.connect", "token.invalid", "", "::2", ""),
    ]


def test_who_only_sends_hears_nothing(door: TelemetryDoor) -> None:
    box = door.admit(Connect("box", password=b"good"))
    assert isinstance(box, Admission)
    assert not door.may_hear(box, "twin/flat/readings/#")
    assert not door.may_hear(box, "#")
    assert list(door.retained(box, "#")) == []


def test_what_is_kept_is_worked_in_and_acknowledged(
    world: World, journal: Journal, door: TelemetryDoor, reports: queue.SimpleQueue[Callable[[], None]]
) -> None:
    answers: list[bool] = []
    admission = Admission(principal=principal())
    body = payload({"temperature": 20})
    door.keep(admission, 5, [(Route("x"), topic("SN-1"), body), (Route("x"), topic("nobody"), body)], answers.append)
    assert answers == []
    reports.get(timeout=30)()
    assert answers == [True]
    assert [(m.sender, m.received, m.topic) for m in journal.read(0)] == [
        ("box", 5, topic("SN-1")),
        ("box", 5, topic("nobody")),
    ]
    assert world.ingest.counters.now()["pending"] == 2
    world.take()
    reading = world.current.read(world.other.id, "temperature")
    assert reading is not None
    assert (reading.value, reading.received) == (20, 5)
    taken = world.ingest.take_slice()
    assert taken is not None
    assert [letter.message.number for letter in taken.letters] == [1]


def test_what_cannot_be_kept_is_not_acknowledged(
    world: World,
    journal: Journal,
    door: TelemetryDoor,
    monkeypatch: pytest.MonkeyPatch,
    reports: queue.SimpleQueue[Callable[[], None]],
) -> None:
    monkeypatch.setattr(journal._tail, "write", lambda _: 1 / 0)
    answers: list[bool] = []
    door.keep(Admission(principal=principal()), 5, [(Route("x"), topic("SN-1"), b"{")], answers.append)
    reports.get(timeout=30)()
    assert answers == [False]
    assert world.ingest.counters.now()["journaled"] == 0
