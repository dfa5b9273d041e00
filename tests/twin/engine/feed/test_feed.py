"""Both sides of the feed, over real sockets: what an owner applies is what its followers hold."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.graphs import mirror_of
from tests.telemetry import ONTOLOGY, World, message, payload, topic
from tests.twin.mqtt.peers import live, until
from twin.engine.feed import Feed, Listener
from twin.engine.feed.frames import PREFIX, Hello, Join, Readings, Whole, length_of, pack, proof, unpack
from twin.engine.lease import Announcement
from twin.errors import BackendError
from twin.events import Subscriber
from twin.graph.model import Actor, Change, ChangeSet, Delete, Recast, Update
from twin.graph.readings import Reading, order_key
from twin.state.current import ReadingChanged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twin.engine.feed.frames import Frame
    from twin.graph.model import Entry


class Side(World):
    """A world that can go on by itself: a copy of the same graph, as another process has it."""

    def __init__(self, other: Side | None = None) -> None:
        super().__init__()
        if other is not None:
            self.site, self.sensor, self.other, self.room = other.site, other.sensor, other.other, other.room
            self.mirror = mirror_of(other.mirror.entities.values())
            self.revive()

    def apply(self, *entries: Entry) -> None:
        changeset = ChangeSet(op_id=f"op-{self.mirror.head}", actor=Actor("me", "test"), at=1, entries=entries)
        change = Change(self.mirror.head + 1, changeset)
        self.mirror.apply(change)
        self.current.follow(change, ONTOLOGY)
        if hasattr(self, "listener"):
            self.listener.took(change)
        if hasattr(self, "feed"):
            self.feed.moved()

    def say(self, value: float, time: int = 1, point: str = "temperature") -> Reading:
        reading = Reading(value, time, time, order_key(0, time, 0, value))
        self.current.offer(self.sensor.id, point, reading)
        return reading

    def holds(self, point: str = "temperature") -> Any:
        found = self.current.held(self.sensor.id, point)
        return None if found is None else found.value


class Pair:
    """An owner and one that follows it."""

    def __init__(self, **more: Any) -> None:
        self.owner = Side()
        self.follower = Side(self.owner)
        self.moved = 0
        self.followed = 0
        self.silences = 0
        self.fellows: set[str] = set()
        self.announced: Announcement | None = None
        self.owner.feed = self.feed = Feed(
            self.owner.mirror,
            self.owner.current,
            "http://owner",
            on_moved=self._count("moved"),
            on_fellow=self.fellows.add,
            **more,
        )
        self.trusted: set[str] = set()
        self.follower.listener = self.listener = Listener(
            self.follower.mirror,
            self.follower.current,
            "http://follower",
            owner=lambda: self.announced,
            follow=self._count("followed"),
            reach=self._reach,
            on_fellow=self.trusted.add,
            on_silence=self._count("silences"),
        )

    def _count(self, name: str) -> Any:
        return lambda: setattr(self, name, getattr(self, name) + 1)

    async def _reach(self, sequence: int) -> None:
        await until(lambda: self.follower.mirror.head >= sequence)

    def announce(self, port: int, **more: Any) -> Announcement:
        facts = {"secret": self.feed.secret, "timeline": self.owner.mirror.timeline} | more
        return Announcement(pid=1, url="http://owner", port=1, mqtt="", feed=port, **facts)


@asynccontextmanager
async def pair(**more: Any) -> AsyncIterator[Pair]:
    both = Pair(**more)
    both.announced = both.announce(await both.feed.start())
    listening = asyncio.create_task(both.listener.run())
    try:
        yield both
    finally:
        listening.cancel()
        await asyncio.wait((listening,))
        await both.feed.close()


@live
async def test_who_joins_is_told_all_there_is_and_then_what_comes() -> None:
    async with pair() as both:
        both.owner.say(20.0)
        both.owner.say(55, point="count")
        await until(lambda: not both.listener.trouble)
        assert (both.follower.holds(), both.follower.holds("count")) == (20.0, 55)
        both.owner.say(21.0, time=2)
        await until(lambda: both.follower.holds() == 21.0)
        assert both.follower.current.take_dirty() == {}, "the owner stores them"
        assert both.feed.followers == 1
        assert both.listener.connected
        assert (both.fellows, both.trusted) == ({"http://follower"}, {"http://owner", "http://follower"})


@live
async def test_who_listens_there_is_told_what_follows_and_is_computed_too() -> None:
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        bus, ready = both.follower.current.readings, asyncio.Event()
        mailbox: Subscriber[ReadingChanged] = bus.subscribe(
            Subscriber(wants=lambda _: True, key=lambda _: None, ready=ready.set)
        )
        both.owner.take(message(0, topic(both.owner.sensor), payload({"temperature": 20})))
        async with asyncio.timeout(5):
            await ready.wait()
        told = [(event.entity_id, event.point, event.reading.value) for event in mailbox.take()]
        sensor, room = both.follower.sensor.id, both.follower.room.id
        assert told == [(sensor, "temperature", 20.0), (room, "warmth", pytest.approx(68.0))]


@live
async def test_each_point_is_told_once_as_it_is_by_then() -> None:
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        heard: list[Any] = []
        both.follower.current.readings.subscribe(
            Subscriber(wants=lambda event: heard.append(event.reading.value) or False, key=id, ready=lambda: None)
        )
        for number in range(1, 1001):
            both.owner.say(float(number), time=number)
        await until(lambda: both.follower.holds() == 1000.0)
        assert heard[::2] == [1000.0]


@live
async def test_a_large_whole_comes_in_pieces_with_what_comes_meanwhile() -> None:
    """Points of one device are a few: so many devices that there are many frames."""
    both = Pair()
    for number in range(20_000):
        held = Reading(number, number, number, order_key(0, number, 0, number))
        both.owner.current._held[f"device-{number}"] = {"temperature": held}
    told: list[str] = []
    generator = both.feed._all(both.owner.current.entities())
    for part in generator:
        told += [each[0] for each in part]
        if len(told) == 5000:  # somebody speaks for the first time: the dict that is gone through changes
            both.owner.say(20.0)
    assert set(told) == set(both.owner.current.entities())


@live
async def test_the_graph_is_looked_at_when_either_side_has_seen_more_of_it() -> None:
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        both.owner.apply(Update(id=both.owner.room.id, fields={"title": {"": "Office"}}))
        await until(lambda: both.followed > 0 and both.listener.head == 1)
        both.follower.apply(Update(id=both.follower.room.id, fields={"title": {"": "Office"}}))
        both.follower.apply(Update(id=both.follower.room.id, fields={"title": {"": "Bureau"}}))
        await until(lambda: both.moved == 1)


@live
async def test_readings_wait_for_the_graph_they_were_understood_by() -> None:
    entry = Recast(id="", point="temperature", to="level", factor=1.8, offset=32.0)
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        both.owner.say(20.0)
        await until(lambda: both.follower.holds() == 20.0)
        renamed = Recast(id=both.owner.sensor.id, point=entry.point, to=entry.to, factor=1.8, offset=32.0)
        both.owner.apply(renamed)
        both.owner.say(99.0, time=2, point="level")
        await until(lambda: both.followed > 0)
        assert both.follower.holds("level") is None
        both.follower.apply(renamed)
        assert both.follower.holds("level") == 68.0
        await until(lambda: both.follower.holds("level") == 99.0)


@live
async def test_what_was_said_under_a_name_of_before_is_not_taken_under_it() -> None:
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        renamed = Recast(id=both.owner.sensor.id, point="temperature", to="temperature", factor=1.8, offset=32.0)
        both.follower.apply(renamed)
        both.owner.say(100.0)
        both.owner.say(7, point="count")
        both.owner.current.offer(both.owner.other.id, "temperature", Reading(1.0, 1, 1, order_key(0, 1, 0, 1.0)))
        await until(lambda: both.follower.current.held(both.follower.other.id, "temperature") is not None)
        assert both.follower.holds() is None
        both.owner.apply(renamed)
        await until(lambda: both.follower.holds() == 212.0)


@live
async def test_what_is_gone_is_not_heard_of_again() -> None:
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        both.follower.apply(Delete(id=both.follower.sensor.id))
        both.owner.say(20.0)
        both.owner.current.offer(both.owner.other.id, "temperature", Reading(1.0, 1, 1, order_key(0, 1, 0, 1.0)))
        await until(lambda: both.follower.current.held(both.follower.other.id, "temperature") is not None)
        assert both.follower.holds() is None


@live
async def test_silence_is_noticed_and_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.engine.feed.hearing._TICK_SECONDS", 0.02)
    async with pair() as both:
        await until(lambda: not both.listener.trouble)
        with monkeypatch.context() as patched:
            patched.setattr(both.feed, "_turn", lambda: None)
            await until(lambda: both.listener.trouble != "")
            assert "silent" in both.listener.trouble
            assert both.silences == 1
            assert both.listener.connected
        both.feed._running = False
        both.feed.wake()
        await until(lambda: not both.listener.trouble)


@live
async def test_the_next_owner_is_found_and_its_readings_join_what_is_there() -> None:
    async with pair() as both:
        both.owner.say(20.0)
        await until(lambda: both.follower.holds() == 20.0)
        await both.feed.close()
        await until(lambda: not both.listener.connected)
        both.owner.say(21.0, time=2)
        both.feed = Feed(both.owner.mirror, both.owner.current, "http://next", on_moved=int, on_fellow=str)
        both.announced = both.announce(await both.feed.start())
        await until(lambda: both.follower.holds() == 21.0)
        await until(lambda: not both.listener.trouble)


@live
async def test_a_follower_that_does_not_read_is_cut_off_and_the_others_are_not() -> None:
    async with pair(most_waiting=100_000) as both:
        await until(lambda: not both.listener.trouble)
        reader, writer = await joined(both)
        writer.transport.pause_reading()
        assert both.feed.followers == 2
        for number in range(1, 400):
            both.owner.current.offer(
                both.owner.sensor.id, "label", Reading("x" * 50_000, number, number, order_key(0, number, 0, "x"))
            )
            await asyncio.sleep(0.001)
            both.feed.wake()
            if both.feed.followers == 1:
                break
        assert both.feed.followers == 1
        both.owner.say(3.0, time=3)
        await until(lambda: both.follower.holds() == 3.0)
        writer.transport.abort()
        assert reader is not None


async def joined(both: Pair) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A follower that is only a socket."""
    announced = both.announced
    assert announced is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", announced.feed)
    hello = await frame_of(reader)
    assert isinstance(hello, Hello)
    writer.write(pack(Join(b"n", proof(announced.secret, "follower", hello.nonce, b"n"), "http://third")))
    await frame_of(reader)
    return reader, writer


async def frame_of(reader: asyncio.StreamReader) -> Frame:
    async with asyncio.timeout(5):
        return unpack(await reader.readexactly(length_of(await reader.readexactly(PREFIX.size))))


@live
@pytest.mark.parametrize(
    "said",
    [
        pack(Join(b"n", b"guessed", "http://third")),
        pack(Whole()),
        pack(Readings(0, [])),
        PREFIX.pack(1 << 30),
        PREFIX.pack(3) + b"abc",
    ],
)
async def test_a_stranger_is_sent_away_and_hears_nothing(said: bytes) -> None:
    async with pair() as both:
        both.owner.say(20.0)
        await until(lambda: not both.listener.trouble)
        assert both.announced is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", both.announced.feed)
        assert isinstance(await frame_of(reader), Hello)
        writer.write(said)
        async with asyncio.timeout(5):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await reader.readexactly(1)
        assert both.feed.followers == 1
        writer.transport.abort()


@live
@pytest.mark.parametrize(("changed", "said"), [({"secret": "x"}, ""), ({"timeline": "y"}, "another graph")])
async def test_what_is_no_owner_of_this_twin_is_not_believed(changed: dict[str, str], said: str) -> None:
    async with pair() as both:
        announced = both.announced
        assert announced is not None
        both.owner.mirror.timeline = changed.get("timeline", both.owner.mirror.timeline)
        both.announced = both.announce(announced.feed, **changed)
        both.owner.say(20.0)
        await until(lambda: said in both.listener.trouble)
        assert both.listener.trouble
        assert both.follower.holds() is None


def test_a_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(Announcement(1, "", 1, "", 1, "s3cret", ""))


@live
async def test_a_port_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Pair()
    monkeypatch.setattr("twin.engine.feed.telling.HOST", "203.0.113.1")
    with pytest.raises(BackendError) as caught:
        await both.feed.start()
    assert caught.value.code_ == "feed.unavailable"
