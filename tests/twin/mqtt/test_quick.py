"""The hot path reads what the careful way would read, and leaves the rest to it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mqtt_packets, mqtt_publishes
from twin.mqtt.packets import V5, V311, Malformed, ProtocolError, Publish, frame, parse, serialise
from twin.mqtt.quick import PUBACK, read_messages


class Everywhere(dict[bytes, object]):
    """Every topic leads somewhere."""

    def get(self, key: bytes, default: object = None) -> object:
        return key


def read(
    raw: bytes,
    version: int,
    *,
    until: int | None = None,
    room: int = 1 << 30,
    routes: dict[bytes, object | None] | None = None,
) -> tuple[int, list[tuple[object, bytes, bytes]], list[bytes]]:
    messages: list[tuple[object, bytes, bytes]] = []
    acks: list[bytes] = []
    at = read_messages(
        raw,
        0,
        len(raw) if until is None else until,
        v5=version == V5,
        routes=Everywhere() if routes is None else routes,
        room=room,
        messages=messages,
        acks=acks,
    )
    return at, messages, acks


def carefully(raw: bytes, version: int) -> tuple[int, list[tuple[object, bytes, bytes]], list[bytes]]:
    """The same by `parse`: plain messages from the start of the buffer."""
    at, messages, acks = 0, [], []
    while (found := frame(raw, at, len(raw))) is not None and found[1] <= len(raw):
        packet = parse(raw[at], raw[found[0] : found[1]], version)
        if not isinstance(packet, Publish) or packet.qos > 1 or packet.retain or packet.properties:
            break
        topic = packet.topic.encode()
        messages.append((topic, topic, packet.payload))
        if packet.qos:
            acks.append(PUBACK + packet.packet_id.to_bytes(2, "big"))
        at = found[1]
    return at, messages, acks


@given(st.data(), st.sampled_from([V311, V5]))
def test_it_reads_what_the_careful_way_reads(data: st.DataObject, version: int) -> None:
    packets = data.draw(st.lists(mqtt_publishes(version) | mqtt_packets(version), max_size=8))
    raw = b"".join(serialise(packet, version) for packet in packets)
    raw = raw[: len(raw) - data.draw(st.integers(0, 8))]
    at, messages, acks = read(raw, version)
    assert carefully(raw, version) == (at, messages, acks)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: b"\x32" + tail), st.sampled_from([V311, V5]))
def test_whatever_the_bytes_it_takes_nothing_that_the_careful_way_would_refuse(raw: bytes, version: int) -> None:
    at, messages, _ = read(raw, version)
    assert 0 <= at <= len(raw)
    taken, start = 0, 0
    while start < at:
        found = frame(raw, start, len(raw))
        assert found is not None
        try:
            packet = parse(raw[start], raw[found[0] : found[1]], version)
        except (Malformed, ProtocolError):
            topic = messages[taken][1]
            assert not _possible(topic)  # a topic that no route is ever found for
        else:
            assert isinstance(packet, Publish)
            assert messages[taken][2] == packet.payload
        taken, start = taken + 1, found[1]
    assert taken == len(messages)


def _possible(topic: bytes) -> bool:
    """Whether the careful way, which alone finds routes, would take the topic."""
    try:
        parse(0x30, len(topic).to_bytes(2, "big") + topic, V311)
    except Malformed:
        return False
    return True


PLAIN = b"".join(serialise(Publish("t", b"%d" % number, 1, number)) for number in range(1, 10))
SIZE = len(PLAIN) // 9


def test_it_stops_at_a_topic_without_a_route() -> None:
    assert read(PLAIN, V5, routes={})[0] == 0
    assert read(PLAIN, V5, routes={b"t": None})[0] == 0


def test_it_stops_where_it_is_told_to() -> None:
    assert read(PLAIN, V5, until=SIZE + 1)[0] == 2 * SIZE
    assert read(PLAIN, V5, room=4)[0] == 4 * SIZE


def test_it_stops_at_a_length_that_is_longer_than_it_needs_to_be() -> None:
    overlong = b"\x32\x87\x00" + PLAIN[2:SIZE]
    assert read(overlong, V5)[0] == 0
    huge = serialise(Publish("t", b"x" * 20_000))
    assert read(huge, V5)[0] == 0
    assert read(serialise(Publish("t", b"x" * 16_000)), V5)[0] == 16_007
