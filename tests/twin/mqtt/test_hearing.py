"""What clients subscribe to, and what they are told: packet by packet, over a real socket."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

import pytest

from tests.twin.mqtt.doubles import OpenDoor
from tests.twin.mqtt.peers import BOTH, Peer, Site, listening, live, until
from tests.twin.mqtt.test_lifetimes import Clock
from twin.mqtt.endpoint import Admission, Limits, Message
from twin.mqtt.packets import (
    V5,
    V311,
    Ack,
    Connect,
    Disconnect,
    Kind,
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

if TYPE_CHECKING:
    from collections.abc import Iterable

versions = pytest.mark.parametrize("version", BOTH)

QUIET = 0x20
"""The option by which a subscription asks for nothing at once."""


# Subscribing


@versions
@live
async def test_each_filter_is_granted_at_most_qos_1(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version)
        assert await peer.subscribes(("a", 0), ("b", 1), ("c", 2)) == (0, 1, 1)
        site.tell("c", b"1")
        site.tell("a", b"2")
        assert await peer.takes() == Publish("c", b"1", 1, 1)
        assert await peer.takes() == Publish("a", b"2")


@versions
@live
async def test_a_client_is_told_a_message_once_however_many_of_its_filters_match(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version)
        await peer.subscribes(("a/#", 0), ("a/+", 1), ("+/b", 0), ("#", 0))
        site.tell("a/b")
        assert (await peer.takes()).qos == 1
        assert await peer.hears_no_message()


@live
async def test_the_identifiers_of_all_subscriptions_that_match_come_along() -> None:
    async with listening() as site:
        peer = await site.join()
        await peer.subscribes(("a/#", 1), subscription_identifier=7)
        await peer.subscribes(("a/b", 1), subscription_identifier=300)
        await peer.subscribes(("+/b", 1))
        site.tell("a/b")
        assert sorted((await peer.takes()).properties[Property.SUBSCRIPTION_IDENTIFIER]) == [7, 300]
        site.tell("a/c")
        assert (await peer.takes()).properties == {Property.SUBSCRIPTION_IDENTIFIER: 7}


@versions
@live
async def test_subscribing_again_replaces_and_unsubscribing_ends_it(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version)
        await peer.subscribes(("a", 1))
        await peer.subscribes(("a", 0))
        site.tell("a")
        assert (await peer.takes()).qos == 0
        peer.say(Unsubscribe(5, ("a", "b")))
        answer = await peer.hear()
        expected = (Reason.SUCCESS, Reason.NO_SUBSCRIPTION_EXISTED) if version == V5 else ()
        assert answer == Unsuback(5, expected)
        site.tell("a")
        assert await peer.hears_no_message()
        assert not site.endpoint.wants("a")


@live
async def test_what_cannot_be_granted_says_why_filter_by_filter() -> None:
    async with listening(limits=Limits(subscriptions=2)) as site:
        peer = await site.join()
        asked = (("a", 1), ("denied/x", 1), ("$share/g/a", 1), ("a" * 1025, 1), ("/" * 32, 1), ("b", 1), ("c", 1))
        assert await peer.subscribes(*asked) == (
            Reason.GRANTED_QOS_1,
            Reason.NOT_AUTHORIZED,
            Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
            Reason.TOPIC_FILTER_INVALID,
            Reason.TOPIC_FILTER_INVALID,
            Reason.GRANTED_QOS_1,
            Reason.QUOTA_EXCEEDED,
        )
        assert await peer.subscribes(("b", 0)) == (Reason.SUCCESS,)
        old = await site.join("old", V311)
        assert await old.subscribes(("a", 1), ("denied/x", 1), ("/" * 32, 1)) == (
            Reason.GRANTED_QOS_1,
            Reason.UNSPECIFIED_ERROR,
            Reason.UNSPECIFIED_ERROR,
        )


@live
async def test_ten_thousand_subscriptions_are_a_thousand_and_a_reason() -> None:
    async with listening() as site:
        peer = await site.join()
        reasons: list[Reason] = []
        for first in range(0, 10_000, 500):
            reasons += await peer.subscribes(*((f"t/{number}", 1) for number in range(first, first + 500)))
        assert reasons == [Reason.GRANTED_QOS_1] * 1000 + [Reason.QUOTA_EXCEEDED] * 9000
        await site.gone(peer)
        assert not site.endpoint.audience._filters


@live
async def test_all_sessions_together_have_a_limit_too() -> None:
    async with listening(limits=Limits(subscriptions_of_all=3)) as site:
        one, other = await site.join("one", username="ana"), await site.join("other", username="ben")
        await one.subscribes(("a", 1), ("b", 1))
        assert await other.subscribes(("a", 1), ("b", 1)) == (Reason.GRANTED_QOS_1, Reason.QUOTA_EXCEEDED)
        await site.gone(one)
        assert await other.subscribes(("b", 1)) == (Reason.GRANTED_QOS_1,)


@live
async def test_the_sessions_of_one_owner_have_a_limit_too() -> None:
    async with listening(limits=Limits(subscriptions_of_one=3)) as site:
        one, other = await site.join("one", username="ana"), await site.join("other", username="ana")
        await one.subscribes(("a", 1), ("b", 1))
        assert await other.subscribes(("a", 1), ("b", 1)) == (Reason.GRANTED_QOS_1, Reason.QUOTA_EXCEEDED)
        await site.gone(one)
        assert await other.subscribes(("b", 1)) == (Reason.GRANTED_QOS_1,)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Subscribe(1, (("a" * 65_000, 1),)), Reason.QUOTA_EXCEEDED),
        (b"\x82\x06\x00\x01\x00\x00\x00\x01", Reason.MALFORMED_PACKET),
        (b"\x82\x08\x00\x01\x00\x00\x02a#\x01", Reason.MALFORMED_PACKET),
        (b"\x82\x08\x00\x01\x00\x00\x02a#", Reason.MALFORMED_PACKET),
        (Ack(Kind.PUBACK, 0), Reason.PROTOCOL_ERROR),
    ],
)
@live
async def test_what_no_subscriber_may_say_ends_its_connection(said: Subscribe | Ack | bytes, reason: Reason) -> None:
    async with listening() as site:
        bystander, peer = await site.join("bystander"), await site.join("hostile")
        await bystander.subscribes(("a", 1))
        peer.say(said)
        if isinstance(said, bytes):
            peer.say(b"\0" * 8)
        assert await peer.is_ended_with(reason)
        site.tell("a")
        assert (await bystander.takes()).topic == "a"


@live
async def test_a_receive_maximum_of_nothing_is_an_error() -> None:
    async with listening() as site:
        _, answer = await site.ask(Connect("c", properties={Property.RECEIVE_MAXIMUM: 0}))
        assert answer.reason is Reason.PROTOCOL_ERROR


# What a new subscription is told at once


@versions
@live
async def test_a_new_subscription_is_told_what_is_so_already(version: int) -> None:
    door = OpenDoor()
    door.latest = [Message(f"a/{number}", b"%d" % number, number, 0) for number in range(500)]
    door.hidden = {7}
    async with listening(door) as site:
        peer = await site.join(version=version)
        await peer.subscribes(("a/#", 1))
        heard = [await peer.takes() for _ in range(499)]
        assert [each.payload for each in heard] == [b"%d" % number for number in range(500) if number != 7]
        assert all(each.retain for each in heard)
        site.tell("a/1", b"new", retain=True)
        assert not (await peer.takes()).retain


@live
async def test_when_that_is_said_is_for_the_subscriber_to_choose() -> None:
    door = OpenDoor()
    door.latest = [Message("a", b"old", None, 0)]
    async with listening(door) as site:
        peer = await site.join()
        await peer.subscribes(("a", 0x21))
        assert await peer.hears_no_message()
        await peer.subscribes(("a", 0x11))
        assert await peer.hears_no_message()
        await peer.subscribes(("a", 0x01))
        assert (await peer.takes()).payload == b"old"
        await peer.subscribes(("+", 0x11))
        assert (await peer.takes()).payload == b"old"


@live
async def test_retain_as_published_says_of_new_messages_whether_they_stay() -> None:
    async with listening() as site:
        peer = await site.join()
        await peer.subscribes(("a", 0x09))
        site.tell("a", retain=True)
        site.tell("a")
        assert [(await peer.takes()).retain for _ in range(2)] == [True, False]


@versions
@live
async def test_what_was_not_told_yet_is_told_when_the_client_is_back(version: int) -> None:
    door = OpenDoor()
    door.latest = [Message(f"a/{number}", b"", None, 0) for number in range(10)]
    async with listening(door, limits=Limits(in_flight=2)) as site:
        peer = await site.come(version)
        await peer.subscribes(("a/#", 1))
        await peer.hear()
        await site.gone(peer)
        peer = await site.come(version, back=True)
        topics = {(await peer.takes()).topic for _ in range(12)}
        assert topics == {f"a/{number}" for number in range(10)}


# In flight


@live
async def test_no_more_is_in_flight_than_the_client_takes() -> None:
    async with listening() as site:
        peer = await site.join(properties={Property.RECEIVE_MAXIMUM: 2})
        await peer.subscribes(("#", 1))
        for number in range(5):
            site.tell("t", b"%d" % number)
        first, second = await peer.hear(), await peer.hear()
        assert await peer.hears_no_message()
        assert isinstance(second, Publish)
        peer.say(Ack(Kind.PUBACK, second.packet_id, Reason.QUOTA_EXCEEDED))
        assert (await peer.takes()).payload == b"2"
        assert (await peer.takes()).payload == b"3"
        assert isinstance(first, Publish)
        assert first.payload == b"0"


@versions
@live
async def test_what_was_not_acknowledged_is_sent_again_with_its_identifier_when_the_client_is_back(
    version: int,
) -> None:
    async with listening() as site:
        peer = await site.come(version)
        await peer.subscribes(("t/#", 1))
        site.tell("t/1", b"1")
        site.tell("t/2", b"2")
        await peer.takes()
        assert await peer.hear() == Publish("t/2", b"2", 1, 2)
        assert await peer.hears_no_message()
        await site.gone(peer)
        site.tell("t/3", b"3")
        peer = await site.come(version, back=True)
        assert await peer.takes() == Publish("t/2", b"2", 1, 2, dup=True)
        assert await peer.takes() == Publish("t/3", b"3", 1, 3)
        assert await peer.hears_no_message()
        told = site.endpoint.told
        assert (told.told, told.delivered, told.resent, told.waiting, told.size) == (3, 3, 1, 0, 0)


@live
async def test_aliases_stand_for_topics_as_far_as_the_client_takes_them() -> None:
    async with listening() as site:
        peer = await site.join(properties={Property.TOPIC_ALIAS_MAXIMUM: 1, Property.MAXIMUM_PACKET_SIZE: 100})
        await peer.subscribes(("#", 1))
        for topic in ("x" * 90, "a", "a", "b", "a"):
            site.tell(topic)
        heard = [await peer.takes() for _ in range(5)]
        assert [each.topic for each in heard] == ["x" * 90, "a", "", "b", ""]
        assert [each.properties.get(Property.TOPIC_ALIAS) for each in heard] == [None, 1, 1, None, 1]


@live
async def test_a_message_larger_than_the_client_takes_is_not_sent_and_counted() -> None:
    async with listening() as site:
        peer = await site.join(properties={Property.MAXIMUM_PACKET_SIZE: 60})
        await peer.subscribes(("#", 1))
        site.tell("t", b"x" * 60)
        site.tell("t", b"fits")
        assert (await peer.takes()).payload == b"fits"
        assert site.endpoint.told.oversized == 1


@live
async def test_many_acknowledgements_may_be_longer_than_the_longest_packet() -> None:
    async with listening(OpenDoor(held=True)) as site:
        peer = await site.join(properties={Property.MAXIMUM_PACKET_SIZE: 60})
        peer.say(*(Publish("t", b"", 1, number) for number in range(1, 101)))
        await until(lambda: len(site.door.kept) == 100)
        site.door.settle(True)
        assert [await peer.hear() for _ in range(100)] == [Ack(Kind.PUBACK, number) for number in range(1, 101)]


@live
async def test_a_message_says_how_long_it_is_of_use_and_is_not_sent_after_that() -> None:
    clock = Clock()
    async with listening(**clock.both) as site:
        peer = await site.come()
        await peer.subscribes(("t", 1))
        now = clock.microseconds()
        site.tell("t", b"1", expires=now + 2_500_000)
        assert (await peer.takes()).properties == {Property.MESSAGE_EXPIRY_INTERVAL: 3}
        assert await peer.hears_no_message()
        await site.gone(peer)
        site.tell("t", b"2", expires=now + 2_500_000)
        site.tell("t", b"3", expires=now + 60_000_000)
        clock.now += 30
        peer = await site.come(back=True)
        message = await peer.takes()
        assert (message.payload, message.properties) == (b"3", {Property.MESSAGE_EXPIRY_INTERVAL: 30})
        assert site.endpoint.told.expired == 1


# Rights


@versions
@live
async def test_a_message_is_not_written_to_who_may_not_hear_it_however_it_comes(version: int) -> None:
    door = OpenDoor()
    async with listening(door) as site:
        peer = await site.come(version)
        await peer.subscribes(("#", 1))
        site.tell("t", b"in flight", "secret")
        await peer.hear()
        assert await peer.hears_no_message()
        await site.gone(peer)
        site.tell("t", b"queued", "secret")
        site.tell("t", b"fine", "open")
        door.hidden.add("secret")
        door.latest = [Message("t", b"retained", "secret", 0)]
        peer = await site.come(version, back=True)
        assert (await peer.takes()).payload == b"fine"
        await peer.subscribes(("t", 1))
        site.tell("t", b"new", "secret")
        assert await peer.hears_no_message()
        told = site.endpoint.told
        assert (told.withheld, told.delivered, told.waiting) == (4, 1, 0)


@live
async def test_a_subscription_whose_right_is_gone_is_silent_until_it_is_back() -> None:
    class Changing(OpenDoor):
        allowed = True

        def may_hear(self, admission: Admission, topic_filter: str) -> bool:
            return self.allowed

    door = Changing()
    async with listening(door) as site:
        peer = await site.join()
        await peer.subscribes(("t", 1))
        door.allowed = False
        site.endpoint.forget_routes()
        site.tell("t", b"1")
        assert await peer.hears_no_message()
        door.allowed = True
        site.endpoint.forget_routes()
        site.tell("t", b"2")
        assert (await peer.takes()).payload == b"2"


@live
async def test_a_client_that_comes_back_with_less_rights_hears_less() -> None:
    class Personal(OpenDoor):
        def admit(self, connect: Connect, address: str = "") -> Admission:
            return Admission(connect.password, owner="ana")

        def may_hear(self, admission: Admission, topic_filter: str) -> bool:
            return admission.principal == b"all" or topic_filter == "b"

    async with listening(Personal()) as site:
        peer = await site.come(password=b"all")
        await peer.subscribes(("a", 1), ("b", 1))
        await site.gone(peer)
        peer = await site.come(back=True, password=b"some")
        site.tell("a", b"1")
        site.tell("b", b"2")
        assert (await peer.takes()).payload == b"2"
        assert await peer.hears_no_message()


@live
async def test_nothing_is_told_after_the_admission_is_over() -> None:
    clock, door = Clock(), OpenDoor()
    door.expires = 1_060_000_000
    async with listening(door, clock=clock.microseconds, monotonic=clock.seconds, sweep=60) as site:
        peer = await site.join()
        await peer.subscribes(("t", 1))
        clock.now += 60
        site.tell("t")
        assert await peer.is_ended_with(Reason.MAXIMUM_CONNECT_TIME)


@versions
@live
async def test_who_is_forgotten_has_nothing_to_come_back_to(version: int) -> None:
    async with listening() as site:
        away = await site.come(version, username="eve")
        await away.subscribes(("t", 1))
        await site.gone(away)
        lasting = {Property.SESSION_EXPIRY_INTERVAL: 60} if version == V5 else {}
        there, _ = await site.ask(Connect("there", version, username="eve", clean_start=False, properties=lasting))
        other = await site.join("other", username="ana")
        await other.subscribes(("t", 1))
        site.tell("t")
        assert site.endpoint.forget_sessions(lambda owner: owner == "eve") == 2
        if version == V5:
            assert await there.is_ended_with(Reason.NOT_AUTHORIZED)
        assert (await other.takes()).topic == "t"
        assert not site.endpoint._kept._away
        await site.come(version, back=False, username="eve")
        assert site.endpoint.told.abandoned == 1


# Sessions


@versions
@live
async def test_a_session_outlasts_its_connection_only_if_its_client_wants(version: int) -> None:
    async with listening() as site:
        peer = await site.join(version=version)
        await peer.subscribes(("t", 1))
        await site.gone(peer)
        site.tell("t")
        peer, answer = await site.ask(Connect("c", version, clean_start=False))
        assert not answer.session_present
        assert await peer.hears_no_message()
        assert site.endpoint.told.told == 0


@versions
@live
async def test_a_clean_start_leaves_nothing_of_the_session_before(version: int) -> None:
    async with listening() as site:
        peer = await site.come(version)
        await peer.subscribes(("t", 1))
        await site.gone(peer)
        site.tell("t")
        peer = await site.join(version=version)
        site.tell("t")
        assert await peer.hears_no_message()
        assert site.endpoint.told.abandoned == 1


@live
async def test_a_session_ends_when_its_time_is_over() -> None:
    clock = Clock()
    async with listening(**clock.both) as site:
        peer = await site.come()
        await peer.subscribes(("t", 1))
        await site.gone(peer)
        site.tell("t")
        clock.now += 99
        peer = await site.come(back=True)
        await peer.takes()
        assert await peer.hears_no_message()
        await site.gone(peer)
        clock.now += 100
        await until(lambda: site.endpoint.sessions == 0)
        await site.come(back=False)


@live
async def test_a_session_whose_time_is_over_is_not_there_even_if_nobody_has_looked() -> None:
    clock = Clock()
    async with listening(clock=clock.microseconds, sweep=60) as site:
        await site.gone(await site.come())
        clock.now += 100
        await site.come(back=False)


@live
async def test_a_session_lasts_as_long_as_it_may_and_as_its_goodbye_says() -> None:
    clock = Clock()
    async with listening(**clock.both, limits=Limits(session_seconds=50)) as site:
        peer, welcome = await site.ask(Connect("c", properties={Property.SESSION_EXPIRY_INTERVAL: 0xFFFF_FFFF}))
        assert welcome.properties[Property.SESSION_EXPIRY_INTERVAL] == 50
        peer.say(Disconnect(properties={Property.SESSION_EXPIRY_INTERVAL: 10}))
        await until(lambda: site.endpoint.connections == 0)
        clock.now += 9
        peer = await site.come(back=True)
        peer.say(Disconnect(properties={Property.SESSION_EXPIRY_INTERVAL: 0}))
        await until(lambda: site.endpoint.connections == 0)
        assert site.endpoint.sessions == 0


@versions
@live
async def test_who_takes_over_gets_the_session_and_what_was_in_flight(version: int) -> None:
    async with listening() as site:
        old = await site.come(version)
        await old.subscribes(("t", 1))
        site.tell("t", b"1")
        await old.hear()
        new = await site.come(version, back=True)
        assert await old.is_ended_with(Reason.SESSION_TAKEN_OVER)
        assert await new.takes() == Publish("t", b"1", 1, 1, dup=True)


@versions
@live
async def test_another_owner_with_the_same_identifier_gets_nothing_of_it(version: int) -> None:
    async with listening() as site:
        ana = await site.come(version, username="ana")
        await ana.subscribes(("t", 1))
        site.tell("t", b"1")
        await ana.hear()
        await site.gone(ana)
        site.tell("t", b"2")
        eve = await site.come(version, back=False, username="eve")
        site.tell("t", b"3")
        assert await eve.hears_no_message()
        ana = await site.come(version, back=True, username="ana")
        assert [(await ana.takes()).payload for _ in range(3)] == [b"1", b"2", b"3"]


@live
async def test_of_sessions_whose_client_is_away_only_so_many_are_kept_and_of_one_owner_fewer() -> None:
    async with listening(limits=Limits(sessions=3, sessions_of_one=2)) as site:
        for owner, name in (("ana", "a"), ("eve", "1"), ("eve", "2"), ("eve", "3"), ("ben", "b")):
            given = {Property.SESSION_EXPIRY_INTERVAL: 60}
            peer, _ = await site.ask(Connect(name, username=owner, properties=given))
            await site.gone(peer)
        assert list(site.endpoint._kept._all) == [("eve", "2"), ("eve", "3"), ("ben", "b")]


# Wills of sessions


@live
async def test_a_will_waits_for_its_client_as_long_as_it_says() -> None:
    clock, will = Clock(), Will("last", b"bye", properties={Property.WILL_DELAY_INTERVAL: 10})
    async with listening(**clock.both) as site:
        peer = await site.come(will=will)
        await site.gone(peer)
        clock.now += 9
        peer = await site.come(back=True, will=will)
        clock.now += 9
        await peer.hears_no_message()
        assert not site.door.kept
        await site.gone(peer)
        clock.now += 11
        await until(lambda: site.door.kept == [("last", b"bye")])
        peer, _ = await site.ask(Connect("other", will=will))
        await site.gone(peer)
        await until(lambda: len(site.door.kept) == 2)


@live
async def test_a_client_that_is_back_has_its_will_no_more() -> None:
    clock, will = Clock(), Will("last", b"bye", properties={Property.WILL_DELAY_INTERVAL: 10})
    async with listening(**clock.both) as site:
        await site.gone(await site.come(will=will))
        await site.gone(await site.come(back=True))
        clock.now += 100
        await until(lambda: site.endpoint.sessions == 0)
        assert not site.door.kept


@live
async def test_a_will_that_waits_is_said_when_its_session_ends() -> None:
    clock, will = Clock(), Will("last", b"bye", properties={Property.WILL_DELAY_INTERVAL: 10})
    async with listening(**clock.both) as site:
        peer = await site.come(will=will)
        await site.gone(peer)
        assert not site.door.kept
        await site.join()
        assert site.door.kept == [("last", b"bye")]


# Bounds


@versions
@live
async def test_the_oldest_of_too_many_that_wait_are_dropped_and_counted(version: int) -> None:
    async with listening(limits=Limits(queue=3)) as site:
        peer = await site.come(version)
        await peer.subscribes(("t", 1), ("zero", 0))
        await site.gone(peer)
        for number in range(5):
            site.tell("t", b"%d" % number)
            site.tell("zero", b"to nobody who is there")
        peer = await site.come(version, back=True)
        assert [(await peer.takes()).payload for _ in range(3)] == [b"2", b"3", b"4"]
        assert site.endpoint.told.overflowed == 2
        assert site.endpoint.told.told == 5


@live
async def test_bytes_that_wait_are_bounded_for_each_and_for_all_and_the_idlest_lose_first() -> None:
    limits = Limits(queue_bytes=5_000, queues_bytes=8_000)
    async with listening(limits=limits) as site:
        for name in ("idle", "later"):
            peer, _ = await site.ask(Connect(name, properties={Property.SESSION_EXPIRY_INTERVAL: 60}))
            await peer.subscribes((name, 1))
            await site.gone(peer)
        for number in range(9):
            site.tell("idle", b"%d" % number * 600)
        assert site.endpoint.told.waiting == 4
        for number in range(9):
            site.tell("later", b"%d" % number * 600)
        told = site.endpoint.told
        assert told.size <= 8_000
        peer, _ = await site.ask(Connect("later", clean_start=False))
        assert [(await peer.takes()).payload[:1] for _ in range(4)] == [b"5", b"6", b"7", b"8"]
        await peer.hears_no_message()
        peer, _ = await site.ask(Connect("idle", clean_start=False))
        assert [(await peer.takes()).payload[:1] for _ in range(3)] == [b"6", b"7", b"8"]


@live
async def test_who_takes_what_it_is_told_loses_nothing_to_who_does_not() -> None:
    async with listening(limits=Limits(queues_bytes=6_000, in_flight=1)) as site:
        slow = await site.join("slow")
        await slow.subscribes(("slow", 1))
        site.tell("slow", b"0" * 100)
        site.tell("slow", b"1" * 100)
        away, _ = await site.ask(Connect("away", properties={Property.SESSION_EXPIRY_INTERVAL: 60}))
        await away.subscribes(("away", 1))
        await site.gone(away)
        for _ in range(4):
            site.tell("away", b"x" * 600)
        await slow.takes()
        assert (await slow.hear()).payload[:1] == b"1"  # type: ignore[union-attr]
        for _ in range(3):
            site.tell("slow", b"2" * 600)
        assert site.endpoint.told.overflowed == 2
        away, _ = await site.ask(Connect("away", clean_start=False))
        assert [(await away.takes()).topic for _ in range(2)] == ["away"] * 2
        assert await away.hears_no_message()


@live
async def test_who_acknowledges_nothing_is_cut_off_when_others_need_the_room() -> None:
    async with listening(limits=Limits(queue_bytes=6_000, queues_bytes=8_000)) as site:
        deaf, _ = await site.ask(Connect("deaf", properties={Property.SESSION_EXPIRY_INTERVAL: 60}))
        await deaf.subscribes(("a", 1))
        for _ in range(4):
            site.tell("a", b"x" * 1000)
        for _ in range(4):
            await deaf.hear()
        peer = await site.join("peer")
        await peer.subscribes(("b", 1))
        for _ in range(4):
            site.tell("b", b"x" * 1000)
        assert await deaf.is_ended_with(Reason.QUOTA_EXCEEDED)
        for _ in range(4):
            assert (await peer.takes()).topic == "b"


@live
async def test_a_slow_reader_holds_neither_memory_nor_others() -> None:
    limits = Limits(queue=100)
    async with listening(limits=limits) as site:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", site.port))
        slow.setblocking(False)
        quick = await site.join("quick")
        await quick.subscribes(("t", 0))
        with slow:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(slow, serialise(Connect("slow")) + serialise(Subscribe(1, (("t", 0),))))
            await until(lambda: len(site.endpoint.audience._look_up("t", retain=False)) == 2)
            for _ in range(3000):
                site.tell("t", b"x" * 5000)
                await quick.takes()
            told = site.endpoint.told
            assert told.overflowed > 1000
            assert told.waiting == 100
            async with asyncio.timeout(5):
                while told.waiting:
                    assert await loop.sock_recv(slow, 1 << 20)


@live
async def test_a_lot_to_tell_keeps_nobody_waiting() -> None:
    class Endless(OpenDoor):
        def retained(self, admission: Admission, topic_filter: str) -> Iterable[Message]:
            while True:
                yield Message("t", b"", "hidden", 0)

    door = Endless()
    door.hidden = {"hidden"}
    async with listening(door) as site:
        peer, other = await site.join("peer"), await site.join("other")
        assert await peer.subscribes(("t", 1)) == (Reason.GRANTED_QOS_1,)
        await other.publishes()
        assert await peer.subscribes(("x", QUIET)) == (Reason.SUCCESS,)


@live
async def test_one_filter_is_begun_with_at_a_time() -> None:
    class Asked(OpenDoor):
        asked = 0

        def retained(self, admission: Admission, topic_filter: str) -> Iterable[Message]:
            self.asked += 1
            return ()

    door = Asked()
    async with listening(door) as site:
        await site.join()
        visit = next(iter(site.endpoint._connected.values())).visit
        assert visit is not None
        for topic_filter in ("a", "b", "c"):
            site.endpoint.audience.subscribe(visit.session, visit.admission, topic_filter, 1, None)
        assert visit.speak(0) == (b"", True)
        assert door.asked == 1


@live
async def test_a_bug_behind_the_door_harms_one_listener() -> None:
    class Broken(OpenDoor):
        def hears(self, admission: Admission, about: object) -> bool:
            return bool(1 // (admission.principal != "unlucky"))

    async with listening(Broken()) as site:
        unlucky, peer = await site.join("a", username="unlucky"), await site.join("b")
        for each in (unlucky, peer):
            await each.subscribes(("t", 1))
        site.tell("t")
        assert (await peer.takes()).topic == "t"
        assert await unlucky.hears_nothing_more()


@live
async def test_a_bug_in_asking_again_is_the_end_of_a_subscription_and_of_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(OpenDoor):
        broken = False

        def may_hear(self, admission: Admission, topic_filter: str) -> bool:
            return bool(1 // (not self.broken or admission.principal != "unlucky"))

    door = Broken()
    async with listening(door) as site:
        unlucky, peer = await site.join("a", username="unlucky"), await site.join("b")
        for each in (unlucky, peer):
            await each.subscribes(("t", 1))
        door.broken = True
        site.endpoint.forget_routes()
        with caplog.at_level(logging.ERROR, "twin.mqtt"):
            site.tell("t")
        assert "ZeroDivisionError" in caplog.text
        assert (await peer.takes()).topic == "t"
        assert await unlucky.hears_no_message()


@live
async def test_a_bug_in_saying_whom_a_message_concerns_takes_it_from_one_listener(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(OpenDoor):
        def concerns(self, admission: Admission, about: object) -> bool:
            return bool(1 // (admission.principal != "unlucky"))

    async with listening(Broken()) as site:
        unlucky, peer = await site.join("a", username="unlucky"), await site.join("b")
        for each in (unlucky, peer):
            await each.subscribes(("t", 1))
        with caplog.at_level(logging.ERROR, "twin.mqtt"):
            site.tell("t")
        assert "ZeroDivisionError" in caplog.text
        assert (await peer.takes()).topic == "t"
        assert await unlucky.hears_no_message()


@live
async def test_half_a_packet_changes_nothing_and_acknowledgements_may_come_in_pieces() -> None:
    async with listening() as site:
        peer = await site.come()
        await peer.subscribes(("t", 1))
        peer.say(serialise(Subscribe(1, (("u", 1),)))[:-1])
        await site.gone(peer)
        assert not site.endpoint.wants("u")
        site.tell("t", b"1")
        site.tell("t", b"2")
        peer = await site.come(back=True, properties={Property.RECEIVE_MAXIMUM: 1})
        await peer.hear()
        for byte in serialise(Ack(Kind.PUBACK, 1)):
            peer.say(bytes((byte,)))
            await peer.writer.drain()
            await asyncio.sleep(0)
        assert (await peer.takes()).payload == b"2"
        peer.say(*(Ack(Kind.PUBACK, number) for number in range(1, 5_000)))
        assert await peer.hears_no_message()


@live
async def test_hearers_are_remembered_within_bounds() -> None:
    async with listening() as site:
        peer = await site.join()
        await peer.subscribes(("#", 0))
        for number in range(60_000):
            assert site.endpoint.wants(f"t/{number}")
        assert sum(map(len, site.endpoint.audience._hearers)) < 50_001


@live
async def test_suback_says_it_in_the_order_of_the_filters_and_messages_follow() -> None:
    async with listening() as site:
        peer = await site.join()
        peer.say(Subscribe(1, (("t", 1),)), Unsubscribe(2, ("t",)), Subscribe(3, (("t", 1),)))
        assert await peer.hear() == Suback(1, (Reason.GRANTED_QOS_1,))
        assert await peer.hear() == Unsuback(2, (Reason.SUCCESS,))
        assert await peer.hear() == Suback(3, (Reason.GRANTED_QOS_1,))


@live
async def test_what_a_client_may_not_hear_takes_no_room_from_what_it_may() -> None:
    async with listening(limits=Limits(queue=2)) as site:
        await site.gone(await _subscribed(site))
        site.door.strange.add("theirs")
        site.tell("t", b"mine", "mine")
        for _ in range(5):
            site.tell("t", b"theirs", "theirs")
        back = await site.come(back=True)
        assert (await back.takes()).payload == b"mine"
        assert await back.hears_no_message()
        told = site.endpoint.told
        assert (told.told, told.withheld, told.overflowed) == (6, 5, 0)


async def _subscribed(site: Site) -> Peer:
    peer = await site.come()
    await peer.subscribes(("t", 1))
    return peer
