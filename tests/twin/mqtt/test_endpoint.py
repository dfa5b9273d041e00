"""What the endpoint promises: in order, in time, truthfully, and to each peer whatever the others do."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any

import pytest

from tests.twin.mqtt.doubles import OpenDoor
from tests.twin.mqtt.peers import BOTH, Site, listening, live, until
from twin.mqtt.endpoint import Limits, Message
from twin.mqtt.packets import (
    V311,
    Ack,
    Auth,
    Connack,
    Connect,
    Kind,
    Pingreq,
    Pingresp,
    Property,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
    serialise,
)

versions = pytest.mark.parametrize("version", BOTH)


def balance(site: Site) -> int:
    """What was kept, as invariant 4 counts it."""
    counts = site.door.counts
    return counts.received - counts.denied - counts.dropped


# Messages


@versions
@live
async def test_messages_are_kept_in_order_and_acknowledged_in_order(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version)
        sent = [(f"t/{number % 7}", b"%d" % number) for number in range(500)]
        peer.say(*(Publish(topic, payload, 1, number + 1) for number, (topic, payload) in enumerate(sent)))
        answers = [await peer.hear() for _ in sent]
        assert answers == [Ack(Kind.PUBACK, number + 1) for number in range(len(sent))]
        assert site.door.kept == sent
        assert site.door.counts.received == len(sent) == balance(site)


@versions
@live
async def test_each_pass_is_handed_over_in_one_call_and_each_topic_routed_once(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version)
        peer.say(*(Publish("t", b"x" * 90) for _ in range(1000)), Pingreq())
        assert await peer.hear() == Pingresp()
        await until(lambda: len(site.door.kept) == 1000)
        assert site.door.calls < 20
        assert site.door.routed == ["t"]


@live
async def test_packets_may_come_in_any_pieces() -> None:
    async with listening() as site:
        peer = await site.join()
        raw = b"".join(serialise(Publish(f"t{size}", b"x" * size, 1, 1 + size)) for size in (0, 1, 120, 300, 20_000))
        for at in range(900):
            peer.say(raw[at : at + 1])
            if at % 50 == 0:
                await asyncio.sleep(0)
        for at in range(900, len(raw), 4000):
            peer.say(raw[at : at + 4000])
            await asyncio.sleep(0.001)
        assert [(await peer.hear()).packet_id for _ in range(5)] == [1, 2, 121, 301, 20_001]  # type: ignore[union-attr]
        assert [len(payload) for _, payload in site.door.kept] == [0, 1, 120, 300, 20_000]


@versions
@live
async def test_nothing_is_acknowledged_before_it_is_kept(version: int) -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join(version=version)
        peer.say(Publish("t", b"p", 1, 7), Pingreq())
        assert await peer.hear() == Pingresp()
        site.door.settle(True)
        assert await peer.hear() == Ack(Kind.PUBACK, 7)


@live
async def test_acknowledgements_keep_the_order_of_messages_when_later_ones_are_kept_first() -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join()
        for number in (1, 2):
            peer.say(Publish("t", b"p", 1, number))
            await until(lambda number=number: len(site.door.waiting) == number)  # type: ignore[misc]
        peer.say(Publish("denied/t", b"p", 1, 3), Pingreq())
        assert await peer.hear() == Pingresp()
        first, second = site.door.waiting
        second(True)
        peer.say(Pingreq())
        assert await peer.hear() == Pingresp()
        first(True)
        assert await peer.hear() == Ack(Kind.PUBACK, 1)
        assert await peer.hear() == Ack(Kind.PUBACK, 2)
        assert await peer.hear() == Ack(Kind.PUBACK, 3, Reason.NOT_AUTHORIZED)


@versions
@live
async def test_what_cannot_be_kept_is_not_acknowledged_and_ends_the_connection(version: int) -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join(version=version)
        peer.say(Publish("t", b"p", 1, 7), Publish("t", b"p"))
        await until(lambda: bool(site.door.waiting))
        site.door.settle(False)
        assert await peer.is_ended_with(Reason.IMPLEMENTATION_SPECIFIC_ERROR)
        assert site.door.counts.dropped == 2
        assert balance(site) == 0


@live
async def test_denied_messages_are_told_in_mqtt_5() -> None:
    async with listening() as site:
        peer = await site.join()
        peer.say(Publish("denied/t", b"p"), Publish("denied/t", b"p", 1, 8), Publish("t", b"p", 1, 9))
        assert await peer.hear() == Ack(Kind.PUBACK, 8, Reason.NOT_AUTHORIZED)
        assert await peer.hear() == Ack(Kind.PUBACK, 9)
        assert (site.door.counts.received, site.door.counts.denied) == (3, 2)
        assert site.door.routed == ["denied/t", "t"]


@live
async def test_a_denied_message_ends_a_connection_of_mqtt_3_after_the_good_ones_are_acknowledged() -> None:
    async with listening() as site:
        peer = await site.join(version=V311)
        peer.say(Publish("denied/t", b"p"), Publish("t", b"p", 1, 7), Publish("denied/t", b"p", 1, 8))
        assert await peer.hear() == Ack(Kind.PUBACK, 7)
        assert await peer.hears_nothing_more()
        assert (site.door.counts.received, site.door.counts.denied) == (3, 2)


@live
async def test_routes_are_asked_for_again_when_they_are_to_be_forgotten() -> None:
    async with listening() as site:
        peer = await site.join()
        await peer.publishes("t")
        site.endpoint.forget_routes()
        await peer.publishes("t")
        assert site.door.routed == ["t", "t"]


@live
async def test_a_topic_alias_stands_for_its_topic() -> None:
    async with listening() as site:
        peer = await site.join()
        alias = {Property.TOPIC_ALIAS: 3}
        peer.say(Publish("t/1", b"a", 1, 1, properties=alias), Publish("", b"b", 1, 2, properties=alias))
        peer.say(Publish("t/2", b"c", 1, 3, properties=alias), Publish("", b"d", 1, 4, properties=alias))
        assert [await peer.hear() for _ in range(4)] == [Ack(Kind.PUBACK, number) for number in (1, 2, 3, 4)]
        assert site.door.kept == [("t/1", b"a"), ("t/1", b"b"), ("t/2", b"c"), ("t/2", b"d")]
        peer.say(Publish("", b"e", 1, 5, properties={Property.TOPIC_ALIAS: 4}))
        assert await peer.is_ended_with(Reason.PROTOCOL_ERROR)


@live
async def test_messages_said_just_before_hanging_up_are_kept() -> None:
    async with listening() as site:
        for _ in range(3):
            peer = await site.join()
            peer.say(*(Publish("t", b"x" * 1000) for _ in range(300)))
            await peer.writer.drain()
            await peer.close()
            await peer.writer.wait_closed()
        await until(lambda: len(site.door.kept) == 900)
        await until(lambda: site.endpoint.connections == 0)


# What is refused

FAULTS = [
    (Publish("t", b"p", 2, 1), Reason.QOS_NOT_SUPPORTED),
    (Publish("t", b"p", 1, 1, retain=True), Reason.RETAIN_NOT_SUPPORTED),
    (Publish("t", b"p", 1, 1, properties={Property.TOPIC_ALIAS: 11}), Reason.TOPIC_ALIAS_INVALID),
    (Connect("again"), Reason.PROTOCOL_ERROR),
    (Auth(Reason.REAUTHENTICATE), Reason.PROTOCOL_ERROR),
    (Pingresp(), Reason.PROTOCOL_ERROR),
    (Connack(), Reason.PROTOCOL_ERROR),
    (b"\x30\xff\xff\xff\x7f", Reason.PACKET_TOO_LARGE),
    (b"\x30\xff\xff\xff\xff\x7f", Reason.MALFORMED_PACKET),
    (Publish("t", b"p", properties={Property.USER_PROPERTY: [("", "")] * 4000}), Reason.QUOTA_EXCEEDED),
    (Subscribe(1, (("a", 0),) * 5000), Reason.QUOTA_EXCEEDED),
    (b"\xf1\x00", Reason.MALFORMED_PACKET),
    (b"\x30\x03\x00\x05tt", Reason.MALFORMED_PACKET),
    (b"\x32\x08\x00\x01t\x00\x00\x00pp", Reason.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
@live
async def test_a_fault_ends_its_connection_with_its_reason_after_the_good_messages_before_it(
    fault: Any, reason: Reason
) -> None:
    async with listening(OpenDoor(held=True)) as site:
        bystander = await site.join("bystander")
        peer = await site.join("faulty")
        peer.say(Publish("t", b"good", 1, 5), fault, Publish("t", b"never read", 1, 6))
        await until(lambda: bool(site.door.waiting))
        site.door.settle(True)
        assert await peer.hear() == Ack(Kind.PUBACK, 5)
        assert await peer.is_ended_with(reason)
        assert site.door.kept == [("t", b"good")]
        site.door.held = False
        assert (await bystander.publishes()).reason is Reason.SUCCESS


@live
async def test_more_messages_in_flight_than_announced_end_the_connection() -> None:
    async with listening(OpenDoor(held=True), limits=Limits(receive_maximum=3)) as site:
        peer, welcome = await site.ask(Connect("c"))
        assert welcome.properties[Property.RECEIVE_MAXIMUM] == 3
        peer.say(*(Publish("t", b"p", 1, number) for number in (1, 2, 3, 4)))
        await until(lambda: bool(site.door.waiting))
        site.door.settle(True)
        assert [await peer.hear() for _ in range(3)] == [Ack(Kind.PUBACK, number) for number in (1, 2, 3)]
        assert await peer.is_ended_with(Reason.RECEIVE_MAXIMUM_EXCEEDED)


@live
async def test_a_client_of_mqtt_3_is_not_read_while_too_much_of_it_waits() -> None:
    async with listening(OpenDoor(held=True), limits=Limits(receive_maximum=3)) as site:
        peer = await site.join(version=V311)
        for number in range(1, 5):
            peer.say(Publish("t", b"p", 1, number))
            if number < 4:
                await until(lambda number=number: len(site.door.waiting) == number)  # type: ignore[misc]
        peer.say(Publish("t", b"p", 1, 5))
        await asyncio.sleep(0.02)
        assert len(site.door.kept) == 3
        site.door.settle(True)
        assert [await peer.hear() for _ in range(3)] == [Ack(Kind.PUBACK, number) for number in (1, 2, 3)]
        await until(lambda: len(site.door.kept) == 5)


@versions
@live
async def test_a_flood_is_read_only_as_fast_as_it_can_be_kept(version: int) -> None:
    async with listening(OpenDoor(held=True), limits=Limits(held=100_000)) as site:
        peer = await site.join(version=version)
        peer.say(*(Publish("t", b"x" * 1000) for _ in range(3000)))
        await until(lambda: len(site.door.kept) >= 95)
        await asyncio.sleep(0.02)
        assert len(site.door.kept) < 150
        site.door.held = False
        site.door.settle(True)
        await until(lambda: len(site.door.kept) == 3000)


@live
async def test_a_bug_behind_the_door_ends_one_connection_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(OpenDoor):
        def route(self, admission: object, topic: str) -> object | None:
            return 1 // (topic != "bug") and super().route(admission, topic)  # type: ignore[arg-type]

    async with listening(Broken()) as site:
        bystander = await site.join("bystander")
        peer = await site.join("unlucky")
        with caplog.at_level(logging.ERROR, "twin.mqtt"):
            peer.say(Publish("t", b"p", 1, 1), Publish("bug", b"p", 1, 2))
            assert await peer.hear() == Ack(Kind.PUBACK, 1)
            assert await peer.is_ended_with(Reason.UNSPECIFIED_ERROR)
        assert "ZeroDivisionError" in caplog.text
        await bystander.publishes()


@live
async def test_a_door_that_fails_to_keep_is_as_one_that_could_not(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(OpenDoor):
        def keep(self, *_: object) -> None:
            raise RuntimeError("disk on fire")

    async with listening(Broken()) as site:
        peer = await site.join(will=Will("t", b"bye"))
        with caplog.at_level(logging.ERROR, "twin.mqtt"):
            peer.say(Publish("t", b"p", 1, 1))
            assert await peer.is_ended_with(Reason.IMPLEMENTATION_SPECIFIC_ERROR)
        assert ["disk on fire" in str(record.exc_info) for record in caplog.records] == [True, True]
        assert (site.door.counts.received, site.door.counts.dropped) == (2, 2)


# Subscriptions


@live
async def test_who_subscribes_is_told_what_matches() -> None:
    async with listening() as site:
        peer = await site.join()
        peer.say(Subscribe(9, (("a/#", 0),)))
        assert await peer.hear() == Suback(9, (Reason.SUCCESS,))
        site.endpoint.tell(Message("b", b"1", None, 0))
        site.endpoint.tell(Message("a/b", b"2", None, 0))
        assert await peer.hear() == Publish("a/b", b"2")


@live
async def test_subscribing_is_refused_filter_by_filter_and_the_connection_stays() -> None:
    async with listening() as site:
        peer = await site.join()
        peer.say(Subscribe(9, (("denied/#", 1), ("$share/g/b", 0))), Unsubscribe(10, ("denied/#", "b")))
        assert await peer.hear() == Suback(9, (Reason.NOT_AUTHORIZED, Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED))
        assert await peer.hear() == Unsuback(10, (Reason.NO_SUBSCRIPTION_EXISTED,) * 2)
        old = await site.join("old", V311)
        old.say(Subscribe(9, (("denied/#", 1), ("$share/g/b", 0))), Unsubscribe(10, ("a/#",)))
        assert await old.hear() == Suback(9, (Reason.UNSPECIFIED_ERROR,) * 2)
        assert await old.hear() == Unsuback(10)
        await peer.publishes()
        await old.publishes()


@live
async def test_acknowledgements_of_nothing_are_answered_with_the_truth() -> None:
    async with listening() as site:
        peer = await site.join()
        peer.say(Ack(Kind.PUBACK, 1), Ack(Kind.PUBCOMP, 2), Ack(Kind.PUBREC, 3), Ack(Kind.PUBREL, 4))
        assert await peer.hear() == Ack(Kind.PUBREL, 3, Reason.PACKET_IDENTIFIER_NOT_FOUND)
        assert await peer.hear() == Ack(Kind.PUBCOMP, 4, Reason.PACKET_IDENTIFIER_NOT_FOUND)


# Fairness


@live
async def test_a_stream_does_not_keep_others_waiting() -> None:
    async with listening() as site:
        flood, peer = await site.join("flood"), await site.join("patient")
        flood.say(serialise(Publish("t", b"x" * 100)) * 100_000)
        await until(lambda: bool(site.door.kept))
        await peer.publishes("patient")
        assert len(site.door.kept) < 100_000
        await until(lambda: len(site.door.kept) == 100_001)


@live
async def test_nobody_is_read_while_paused() -> None:
    async with listening() as site:
        peer = await site.join()
        site.endpoint.pause()
        peer.say(Publish("t", b"p", 1, 1))
        late = await site.dial()
        late.say(Connect("late"))
        await asyncio.sleep(0.02)
        assert not site.door.kept
        site.endpoint.resume()
        assert await peer.hear() == Ack(Kind.PUBACK, 1)
        assert (await late.hear()).reason is Reason.SUCCESS  # type: ignore[union-attr]


@live
async def test_a_peer_that_does_not_read_its_acknowledgements_is_not_read_either() -> None:
    async with listening() as site:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", site.port))
        deaf.setblocking(False)
        loop = asyncio.get_running_loop()
        messages = serialise(Publish("t", b"p", 1, 1), V311) * 10_000
        with deaf, suppress(TimeoutError):
            await loop.sock_sendall(deaf, serialise(Connect("deaf", V311), V311))
            for _ in range(1000):
                async with asyncio.timeout(0.1):
                    await loop.sock_sendall(deaf, messages)
            pytest.fail("ten million messages were read from a peer that reads nothing")
        patient = await site.join()
        await patient.publishes()
