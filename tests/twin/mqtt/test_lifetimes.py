"""How connections begin, how they end, and what is said then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.twin.mqtt.doubles import OpenDoor
from tests.twin.mqtt.peers import BOTH, listening, live, until
from twin.mqtt.endpoint import Limits, Refusal
from twin.mqtt.packets import V5, V311, Ack, Connack, Connect, Disconnect, Kind, Property, Publish, Reason, Will

versions = pytest.mark.parametrize("version", BOTH)


class Clock:
    """A time that a test sets, as seconds or as microseconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def seconds(self) -> float:
        return self.now

    def microseconds(self) -> int:
        return int(self.now * 1_000_000)

    @property
    def both(self) -> dict[str, Any]:
        return {"clock": self.microseconds, "monotonic": self.seconds, "sweep": 0.01}


# CONNECT


@live
async def test_a_client_of_mqtt_5_is_told_what_can_be_done_here() -> None:
    async with listening() as site:
        _, welcome = await site.ask(Connect("", properties={Property.SESSION_EXPIRY_INTERVAL: 60}))
        assigned = welcome.properties[Property.ASSIGNED_CLIENT_IDENTIFIER]
        assert len(assigned) > 20
        assert welcome == Connack(
            properties={
                Property.RECEIVE_MAXIMUM: 2000,
                Property.MAXIMUM_QOS: 1,
                Property.RETAIN_AVAILABLE: 0,
                Property.MAXIMUM_PACKET_SIZE: 262_144,
                Property.TOPIC_ALIAS_MAXIMUM: 10,
                Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
                Property.ASSIGNED_CLIENT_IDENTIFIER: assigned,
            }
        )
        _, named = await site.ask(Connect("me", clean_start=False))
        assert not named.session_present
        assert Property.ASSIGNED_CLIENT_IDENTIFIER not in named.properties
        assert Property.SESSION_EXPIRY_INTERVAL not in named.properties


@live
async def test_the_door_sees_the_password_and_nobody_else() -> None:
    async with listening() as site:
        await site.join("c", username="u", password=b"token")
        assert site.door.connects[0].password == b"token"
        assert "token" not in repr(site.door.connects[0])


REFUSALS = [
    (Refusal.BAD_CREDENTIALS, Reason.BAD_USER_NAME_OR_PASSWORD, 4),
    (Refusal.NOT_AUTHORIZED, Reason.NOT_AUTHORIZED, 5),
    (Refusal.CLIENT_IDENTIFIER, Reason.CLIENT_IDENTIFIER_NOT_VALID, 2),
    (Refusal.UNAVAILABLE, Reason.SERVER_UNAVAILABLE, 3),
    (Refusal.BUSY, Reason.SERVER_BUSY, 3),
]


@pytest.mark.parametrize(("refusal", "reason", "code"), REFUSALS)
@live
async def test_a_refusal_is_told_as_each_version_can(refusal: Refusal, reason: Reason, code: int) -> None:
    door = OpenDoor()
    door.refuse = refusal
    async with listening(door) as site:
        peer, answer = await site.ask(Connect("c"))
        assert answer == Connack(reason)
        assert await peer.hears_nothing_more()
        old = await site.dial(V311)
        old.say(Connect("c", V311))
        assert await old.reader.read() == bytes((0x20, 2, 0, code))
        assert site.endpoint.connections == 0


@pytest.mark.parametrize(
    ("connect", "reason"),
    [
        (Connect("c", properties={Property.AUTHENTICATION_METHOD: "K"}), Reason.BAD_AUTHENTICATION_METHOD),
        (Connect("c", will=Will("t", b"", 2)), Reason.QOS_NOT_SUPPORTED),
        (Connect("c", will=Will("t", b"", 1, retain=True)), Reason.RETAIN_NOT_SUPPORTED),
        (Connect("c", will=Will("denied/t", b"")), Reason.NOT_AUTHORIZED),
        (Connect("c", V311, will=Will("denied/t", b"")), Reason.NOT_AUTHORIZED),
        (Connect("", V311, clean_start=False), Reason.CLIENT_IDENTIFIER_NOT_VALID),
        (Connect("c", properties={Property.MAXIMUM_PACKET_SIZE: 20}), Reason.PACKET_TOO_LARGE),
    ],
)
@live
async def test_what_is_not_possible_here_is_refused(connect: Connect, reason: Reason) -> None:
    async with listening() as site:
        peer, answer = await site.ask(connect)
        assert answer.reason is reason
        assert await peer.hears_nothing_more()
        assert site.endpoint.connections == 0


@live
async def test_a_will_of_qos_2_has_no_return_code_in_mqtt_3() -> None:
    async with listening() as site:
        peer = await site.dial(V311)
        peer.say(Connect("c", V311, will=Will("t", b"", 2)))
        assert await peer.hears_nothing_more()


@versions
@live
async def test_messages_may_follow_connect_at_once(version: int) -> None:
    async with listening() as site:
        peer = await site.dial(version)
        peer.say(Connect("c", version), Publish("t", b"p", 1, 1))
        assert isinstance(await peer.hear(), Connack)
        assert await peer.hear() == Ack(Kind.PUBACK, 1)


@versions
@live
async def test_nobody_comes_in_above_the_limit(version: int) -> None:
    async with listening(limits=Limits(connections=2)) as site:
        await site.join("a")
        await site.join("b", V311)
        peer, answer = await site.ask(Connect("c", version))
        assert answer.reason is (Reason.QUOTA_EXCEEDED if version == V5 else Reason.SERVER_UNAVAILABLE)
        assert await peer.hears_nothing_more()
        assert site.endpoint.connections == 2


@live
async def test_who_says_nothing_for_ten_seconds_is_not_waited_for() -> None:
    clock = Clock()
    async with listening(**clock.both) as site:
        peer = await site.dial()
        clock.now += 9
        await asyncio.sleep(0.03)
        assert not peer.reader.at_eof()
        clock.now += 2
        assert await peer.hears_nothing_more()


# Takeover


@versions
@live
async def test_the_same_client_again_takes_over(version: int) -> None:
    async with listening() as site:
        old = await site.join("c", version, username="ana")
        new = await site.join("c", version, username="ana")
        assert await old.is_ended_with(Reason.SESSION_TAKEN_OVER)
        await new.publishes()
        assert site.endpoint.connections == 1


@live
async def test_another_principal_with_the_same_identifier_takes_nothing_over() -> None:
    async with listening() as site:
        ana = await site.join("c", username="ana")
        eve = await site.join("c", username="eve")
        await eve.publishes()
        await ana.publishes()
        assert site.endpoint.connections == 2


# Time


@versions
@live
async def test_silence_beyond_one_and_a_half_keep_alives_is_the_end(version: int) -> None:
    clock = Clock()
    async with listening(**clock.both) as site:
        quiet = await site.join("quiet", version, keep_alive=10)
        careless = await site.join("careless", version)
        clock.now += 14
        await asyncio.sleep(0.03)
        await quiet.publishes()
        clock.now += 14
        await asyncio.sleep(0.03)
        await quiet.publishes()
        clock.now += 16
        assert await quiet.is_ended_with(Reason.KEEP_ALIVE_TIMEOUT)
        await careless.publishes()


@versions
@live
async def test_a_connection_ends_when_its_admission_does(version: int) -> None:
    clock, door = Clock(), OpenDoor()
    door.expires = 1_060_000_000
    async with listening(door, **clock.both) as site:
        idle, busy = await site.join("idle", version), await site.join("busy", version)
        clock.now += 59
        await busy.publishes()
        clock.now += 1
        busy.say(Publish("t", b"too late", 1, 2))
        assert await busy.is_ended_with(Reason.MAXIMUM_CONNECT_TIME)
        assert await idle.is_ended_with(Reason.MAXIMUM_CONNECT_TIME)
        assert len(door.kept) == 1


@versions
@live
async def test_connections_can_be_ended_by_who_they_are(version: int) -> None:
    async with listening() as site:
        ana, eve = await site.join("a", version, username="ana"), await site.join("b", version, username="eve")
        assert site.endpoint.end(lambda admission: admission.principal == "eve") == 1
        assert await eve.is_ended_with(Reason.NOT_AUTHORIZED)
        await ana.publishes()


# Wills


@versions
@live
async def test_a_will_is_published_when_the_peer_is_gone_without_a_word(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version, will=Will("last/words", b"bye"))
        await peer.publishes("t", b"p")
        await peer.close()
        await until(lambda: len(site.door.kept) == 2)
        assert site.door.kept[1] == ("last/words", b"bye")
        assert site.door.counts.received == 2


@versions
@live
async def test_a_will_is_not_published_after_a_goodbye(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version, will=Will("last/words", b"bye"))
        peer.say(Publish("t", b"p"), Disconnect())
        assert await peer.hears_nothing_more()
        await until(lambda: site.endpoint.connections == 0)
        assert site.door.kept == [("t", b"p")]


@pytest.mark.parametrize("farewell", [Disconnect(Reason.DISCONNECT_WITH_WILL), b"\xc1\x00"])
@live
async def test_a_will_is_published_after_a_goodbye_that_asks_for_it_and_after_a_fault(farewell: Any) -> None:
    async with listening() as site:
        peer = await site.join(will=Will("last/words", b"bye"))
        peer.say(Publish("t", b"p"), farewell)
        await until(lambda: len(site.door.kept) == 2)
        assert site.door.kept == [("t", b"p"), ("last/words", b"bye")]


@live
async def test_a_will_whose_right_was_lost_is_denied() -> None:
    class Changing(OpenDoor):
        allowed = True

        def route(self, admission: Any, topic: str) -> object | None:
            return super().route(admission, topic) if self.allowed else None

    door = Changing()
    async with listening(door) as site:
        peer = await site.join(will=Will("last/words", b"bye"))
        door.allowed = False
        site.endpoint.end(lambda _: True)
        assert await peer.is_ended_with(Reason.NOT_AUTHORIZED)
        assert (door.counts.received, door.counts.denied) == (1, 1)
        assert not door.kept


@live
async def test_a_session_cannot_be_given_more_time_when_it_had_none() -> None:
    async with listening() as site:
        peer = await site.join()
        peer.say(Disconnect(properties={Property.SESSION_EXPIRY_INTERVAL: 1}))
        assert await peer.is_ended_with(Reason.PROTOCOL_ERROR)


# Closing


@versions
@live
async def test_closing_acknowledges_what_was_sent_and_says_goodbye(version: int) -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join(version=version, will=Will("last/words", b"the server is gone, not I"))
        idle = await site.join("idle", version)
        peer.say(Publish("t", b"p", 1, 5))
        await until(lambda: bool(site.door.waiting))
        closing = asyncio.create_task(site.endpoint.close())
        assert await idle.is_ended_with(Reason.SERVER_SHUTTING_DOWN)
        site.door.settle(True)
        assert await peer.hear() == Ack(Kind.PUBACK, 5)
        assert await peer.is_ended_with(Reason.SERVER_SHUTTING_DOWN)
        await peer.close()
        await idle.close()
        await closing
        assert site.door.kept == [("t", b"p")]
        with pytest.raises(ConnectionRefusedError):
            await site.dial()


@live
async def test_a_peer_that_has_said_nothing_yet_is_told_nothing() -> None:
    async with listening() as site:
        peer = await site.dial()
        await until(lambda: bool(site.endpoint._everyone))
        closing = asyncio.create_task(site.endpoint.close())
        assert await peer.hears_nothing_more()
        await peer.close()
        await closing


@live
async def test_closing_does_not_wait_for_ever() -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join()
        peer.say(Publish("t", b"p", 1, 5))
        await until(lambda: bool(site.door.waiting))
        await site.endpoint.close(0.05)
        assert site.endpoint.connections == 0
        site.door.settle(True)


@live
async def test_closing_does_not_wait_for_messages_of_peers_that_are_gone() -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join()
        peer.say(Publish("t", b"p", 1, 5))
        await until(lambda: bool(site.door.waiting))
        await peer.close()
        await until(lambda: site.endpoint.connections == 0)
        await site.endpoint.close(5)
        site.door.settle(False)
        assert site.door.counts.dropped == 1


@live
async def test_an_address_in_use_is_an_os_error() -> None:
    async with listening() as site:
        with pytest.raises(OSError, match="address already in use"):
            async with listening() as other:
                await other.endpoint.start("127.0.0.1", site.port)
