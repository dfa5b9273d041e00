"""Any number of clients that come, go, subscribe, lose rights and forget to acknowledge, against what was told.

Every QoS 1 message told while its client subscribes, and that it may hear, is delivered at least once, in order per
topic, and nothing is delivered to anybody else; the counters account for every message.
"""

from __future__ import annotations

from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.twin.mqtt.doubles import OpenDoor
from twin.mqtt.audience import Audience
from twin.mqtt.door import Admission, Message
from twin.mqtt.greeting import Limits
from twin.mqtt.packets import V5, V311, Ack, Connect, Kind, Property, Publish, frame, parse
from twin.mqtt.rounds import Rounds
from twin.mqtt.sessions import Sessions
from twin.mqtt.visits import Visit

CLIENTS = ("ana", "ben")
FILTERS = ("a/+", "a/x", "#", "b")
TOPICS = ("a/x", "a/y", "b", "c")
_MATCHES = {"a/+": {"a/x", "a/y"}, "a/x": {"a/x"}, "#": set(TOPICS), "b": {"b"}}
clients, topics = st.sampled_from(CLIENTS), st.sampled_from(TOPICS)


class Door(OpenDoor):
    """Its ``hidden`` things are hidden from one principal each."""

    def hears(self, admission: Admission, about: object) -> bool:
        return (admission.principal, about) not in self.hidden


class Line:
    """What stands for a connection: it is asked for what it says, and says nothing by itself."""

    speaking = True

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.aliases: dict[int, str] = {}


class Client:
    """What a client has subscribed to, got, and not acknowledged yet; and what it must get."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.line: Line | None = None
        self.filters: set[str] = set()
        self.got: list[tuple[str, int]] = []
        self.due: dict[int, str] = {}
        self.told: set[int] = set()
        self.unacknowledged: list[int] = []
        self.seen: set[int] = set()


class Telling(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.door = Door()
        self.limits = Limits(in_flight=3)
        self.audience = Audience(self.door, self.limits, cast("Any", Rounds(lambda: 0.0)))
        self.kept = Sessions(self.limits, self.audience.told, self.audience.remove)
        self.clients = {name: Client(name) for name in CLIENTS}
        self.count = 0

    @rule(name=clients, version=st.sampled_from([V311, V5]), window=st.integers(1, 5), clean=st.booleans())
    def come(self, name: str, version: int, window: int, clean: bool) -> None:  # noqa: FBT001
        client = self.clients[name]
        if client.line is not None:
            self.go(name)
        properties = {Property.SESSION_EXPIRY_INTERVAL: 100, Property.RECEIVE_MAXIMUM: window}
        given = {Property.TOPIC_ALIAS_MAXIMUM: 2, **properties} if version == V5 else {}
        connect = Connect("same", version, clean_start=clean, properties=given)
        visit = Visit(self.door, self.audience, Admission(name), connect, "same", self.limits)
        session, resumed = self.kept.open(visit.key, clean=clean, now=self.now)
        if clean:
            assert not resumed
            client.filters, client.due = set(), {}
        client.line = Line(visit)
        session.connection = cast("Any", client.line)
        session.expiry = 100 if version == V5 or not clean else 0
        visit.begin(session, resumed=resumed)
        client.unacknowledged.clear()
        client.seen.clear()

    @rule(name=clients)
    def go(self, name: str) -> None:
        client = self.clients[name]
        if client.line is not None:
            session = client.line.visit.session
            if not session.expiry:
                client.filters, client.due = set(), {}
            client.line = None
            self.kept.leave(session, self.now)

    @rule(name=clients, topic_filter=st.sampled_from(FILTERS))
    def subscribe(self, name: str, topic_filter: str) -> None:
        client = self.clients[name]
        if client.line is not None:
            visit = client.line.visit
            assert self.audience.subscribe(visit.session, visit.admission, topic_filter, 1, None) == 1
            client.filters.add(topic_filter)

    @rule(name=clients, topic_filter=st.sampled_from(FILTERS))
    def unsubscribe(self, name: str, topic_filter: str) -> None:
        client = self.clients[name]
        if client.line is not None:
            self.audience.unsubscribe(client.line.visit.session, topic_filter)
            client.filters.discard(topic_filter)

    @rule(topic=topics)
    def tell(self, topic: str) -> None:
        self.count += 1
        wanting = [each for each in self.clients.values() if any(topic in _MATCHES[one] for one in each.filters)]
        assert self.audience.wants(topic) is bool(wanting)
        for client in wanting:
            client.due[self.count] = topic
            client.told.add(self.count)
        self.audience.tell(Message(topic, b"%d" % self.count, topic, self.now))

    @rule(name=clients, topic=topics)
    def hide(self, name: str, topic: str) -> None:
        self.door.hidden ^= {(name, topic)}

    @rule(name=clients)
    def listen(self, name: str) -> None:
        client = self.clients[name]
        if client.line is None:
            return
        more = True
        aliases = client.line.aliases
        while more:
            data, more = client.line.visit.speak(self.now)
            self.take(client, data, aliases)
        hidden = {topic for who, topic in self.door.hidden if who == name}
        for number in [number for number, topic in client.due.items() if topic in hidden]:
            if number not in client.seen:
                del client.due[number]  # withheld, or not its turn yet and perhaps told when it is

    def take(self, client: Client, data: bytes, aliases: dict[int, str]) -> None:
        at = 0
        version = cast("Line", client.line).visit.version
        while at < len(data):
            start, stop = frame(data, at, len(data)) or (0, 0)
            message = parse(data[at], data[start:stop], version)
            assert isinstance(message, Publish)
            alias = message.properties.get(Property.TOPIC_ALIAS)
            topic = message.topic or aliases[alias]
            if alias:
                aliases[alias] = topic
            number = int(message.payload)
            assert number in client.told
            assert (client.name, topic) not in self.door.hidden
            assert message.packet_id not in client.unacknowledged
            assert message.dup is (number in {seen for _, seen in client.got} and number not in client.seen)
            client.unacknowledged.append(message.packet_id)
            client.seen.add(number)
            client.got.append((topic, number))
            at = stop

    @precondition(lambda self: any(client.unacknowledged for client in self.clients.values()))
    @rule(name=clients, data=st.data())
    def acknowledge(self, name: str, data: st.DataObject) -> None:
        client = self.clients[name]
        if client.line is None or not client.unacknowledged:
            return
        number = data.draw(st.sampled_from(client.unacknowledged))
        client.unacknowledged.remove(number)
        client.line.visit.answer(Ack(Kind.PUBACK, number), cast("Any", None), 0)

    @invariant()
    def every_message_is_accounted_for(self) -> None:
        told = self.audience.told
        fates = told.delivered + told.withheld + told.overflowed + told.expired + told.oversized + told.abandoned
        assert told.told == fates + told.waiting
        assert told.waiting >= 0
        assert (told.size == 0) is (told.waiting == 0)

    def teardown(self) -> None:
        """In the end everyone comes, may hear everything, listens and acknowledges."""
        self.door.hidden.clear()
        for client in self.clients.values():
            if client.line is None:
                self.come(client.name, V5, 5, clean=False)
            for _ in range(self.count + 2):
                self.listen(client.name)
                line = cast("Line", client.line)
                for number in client.unacknowledged:
                    line.visit.answer(Ack(Kind.PUBACK, number), cast("Any", None), 0)
                client.unacknowledged.clear()
            got = {number for _, number in client.got}
            assert set(client.due) <= got
            first: dict[str, list[int]] = {}
            for topic, number in client.got:
                if number not in first.setdefault(topic, []):
                    first[topic].append(number)
            assert all(numbers == sorted(numbers) for numbers in first.values())
        assert self.audience.told.waiting == 0


Telling.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTelling = Telling.TestCase
