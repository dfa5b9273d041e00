"""Every packet is what it was after a round trip, and no bytes raise anything but what the protocol names."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mqtt_packets
from twin.mqtt.packets import (
    V5,
    V311,
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Kind,
    Malformed,
    Packet,
    Pingreq,
    Property,
    ProtocolError,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
    frame,
    parse,
    serialise,
)
from twin.mqtt.packets.wire import varint

versions = st.sampled_from([V311, V5])


def read(raw: bytes, version: int = V5) -> Packet:
    found = frame(raw, 0, len(raw))
    assert found is not None
    start, stop = found
    assert stop == len(raw)
    return parse(raw[0], raw[start:stop], version)


def packet(hexadecimal: str, version: int = V5) -> Packet:
    return read(bytes.fromhex(hexadecimal), version)


@given(st.data(), versions)
def test_a_packet_survives_the_wire(data: st.DataObject, version: int) -> None:
    sent = data.draw(mqtt_packets(version))
    assert read(serialise(sent, version), version) == sent


@given(st.integers(0, 255), st.binary(max_size=60), versions)
def test_any_bytes_are_a_packet_or_a_named_fault(first: int, body: bytes, version: int) -> None:
    with suppress(Malformed, ProtocolError):
        parse(first, body, version)


@given(st.data(), versions)
def test_a_damaged_packet_is_a_packet_or_a_named_fault(data: st.DataObject, version: int) -> None:
    raw = bytearray(serialise(data.draw(mqtt_packets(version)), version))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(1, len(raw)))]
    with suppress(Malformed, ProtocolError):
        found = frame(raw, 0, len(raw))
        if found is not None:
            parse(raw[0], bytes(raw[found[0] : found[1]]), version)


@given(st.integers(0, 268_435_455))
def test_a_frame_knows_its_end_before_it_is_there(length: int) -> None:
    head = b"\x30" + varint(length)
    assert frame(head, 0, len(head)) == (len(head), len(head) + length)
    assert frame(head[:-1], 0, len(head) - 1) is None


@pytest.mark.parametrize("head", ["30 FF FF FF FF 01", "30 80 00", "30 FF 80 00", "30 80 80 80 80"])
def test_a_length_that_is_too_long_is_malformed(head: str) -> None:
    with pytest.raises(Malformed):
        frame(bytes.fromhex(head), 0, 6)


def test_lengths_that_fit_no_field_are_refused_before_they_are_sent() -> None:
    with pytest.raises(ValueError, match="65536 bytes"):
        serialise(Publish("t" * 65_536, b""))
    with pytest.raises(ValueError, match="variable byte integer"):
        varint(268_435_456)


FAULTS = {
    "00 00": Reason.MALFORMED_PACKET,
    "31 02 0001": Reason.MALFORMED_PACKET,
    "36 04 0001 61 00": Reason.MALFORMED_PACKET,
    "38 04 0001 61 00": Reason.MALFORMED_PACKET,
    "32 06 0001 61 0000 00": Reason.PROTOCOL_ERROR,
    "30 04 0001 00 00": Reason.MALFORMED_PACKET,
    "30 04 0001 2B 00": Reason.MALFORMED_PACKET,
    "30 03 0000 00": Reason.MALFORMED_PACKET,
    "30 07 0001 61 03 23 0000": Reason.TOPIC_ALIAS_INVALID,
    "30 06 0001 61 02 01 02": Reason.PROTOCOL_ERROR,
    "30 06 0001 61 02 0B 00": Reason.MALFORMED_PACKET,
    "30 08 0001 61 04 08 0001 23": Reason.PROTOCOL_ERROR,
    "30 08 0001 61 04 1F 0001 61": Reason.PROTOCOL_ERROR,
    "30 06 0001 61 02 04 00": Reason.MALFORMED_PACKET,
    "40 04 0001 FF 00": Reason.PROTOCOL_ERROR,
    "41 02 0001": Reason.MALFORMED_PACKET,
    "60 02 0001": Reason.MALFORMED_PACKET,
    "82 03 0001 00": Reason.MALFORMED_PACKET,
    "82 09 0001 02 0B 00 0001 61 00": Reason.MALFORMED_PACKET,
    "82 07 0001 00 0001 61 03": Reason.MALFORMED_PACKET,
    "82 07 0001 00 0001 61 30": Reason.MALFORMED_PACKET,
    "82 0A 0001 00 0004 612F622B 00": Reason.MALFORMED_PACKET,
    "82 09 0001 00 0003 232F61 00": Reason.MALFORMED_PACKET,
    "82 0B 0001 04 0B01 0B01 0001 61 00": Reason.PROTOCOL_ERROR,
    "A2 08 0001 02 0B01 0001 61": Reason.MALFORMED_PACKET,
    "A2 03 0001 00": Reason.MALFORMED_PACKET,
    "C0 01 00": Reason.MALFORMED_PACKET,
    "E0 06 00 04 03 0001 61": Reason.PROTOCOL_ERROR,
    "10 0C 0004 4D515454 06 02 0000 0000": Reason.UNSUPPORTED_PROTOCOL_VERSION,
    "10 0E 0006 4D5149736470 03 02 0000 0000": Reason.UNSUPPORTED_PROTOCOL_VERSION,
    "10 10 0004 4D515454 05 02 0000 03 21 0000 0000": Reason.PROTOCOL_ERROR,
    "10 11 0004 4D515454 05 02 0000 04 16 0001 61 0000": Reason.PROTOCOL_ERROR,
    "10 0D 0004 4D515454 05 0A 0000 00 0000": Reason.MALFORMED_PACKET,
    "10 13 0004 4D515454 05 06 0000 00 0001 61 0001 23 0000": Reason.MALFORMED_PACKET,
    "10 0E 0004 4D515453 05 02 0000 00 0001 61": Reason.MALFORMED_PACKET,
    "20 03 02 00 00": Reason.MALFORMED_PACKET,
}


@pytest.mark.parametrize(("raw", "reason"), FAULTS.items())
def test_a_fault_has_the_reason_that_mqtt_5_gives_it(raw: str, reason: Reason) -> None:
    with pytest.raises((Malformed, ProtocolError)) as caught:
        packet(raw)
    assert caught.value.reason is reason


V3_FAULTS = [
    "10 0F 0004 4D515454 04 42 0000 0000 0001 70",
    "20 02 00 06",
    "82 06 0001 0001 61 04",
    "90 03 0001 87",
    "B0 03 0001 11",
    "40 03 0001 00",
    "E0 01 00",
    "F0 00",
]


@pytest.mark.parametrize("raw", V3_FAULTS)
def test_what_only_mqtt_5_has_is_malformed_before(raw: str) -> None:
    with pytest.raises(Malformed):
        packet(raw, V311)


def test_no_password_is_ever_printed() -> None:
    connect = Connect("c", username="u", password=b"secret-token", will=Will("t", b"p"))
    assert "secret" not in repr(connect)
    assert "secret" not in str(connect)


def test_packets_look_on_the_wire_as_the_specification_shows_them() -> None:
    assert serialise(Connect("p", V311, keep_alive=10), V311).hex() == "100d00044d5154540402000a000170"
    assert serialise(Publish("a/b", b"hi", 1, 10), V311).hex() == "32090003612f62000a6869"
    assert serialise(Ack(Kind.PUBACK, 4660)).hex() == "40021234"
    assert serialise(Ack(Kind.PUBACK, 4660, Reason.NOT_AUTHORIZED)).hex() == "4003123487"
    assert serialise(Ack(Kind.PUBREL, 1)).hex() == "62020001"
    assert serialise(Suback(1, (Reason.NOT_AUTHORIZED,)), V311).hex() == "9003000180"
    assert serialise(Unsuback(1, (Reason.NO_SUBSCRIPTION_EXISTED,))).hex() == "b00400010011"
    assert serialise(Unsuback(1, (Reason.NO_SUBSCRIPTION_EXISTED,)), V311).hex() == "b0020001"
    assert serialise(Pingreq()).hex() == "c000"
    assert serialise(Disconnect()).hex() == "e000"
    assert serialise(Disconnect(Reason.MALFORMED_PACKET)).hex() == "e00181"
    assert serialise(Connack(Reason.BAD_AUTHENTICATION_METHOD)).hex() == "2003008c00"
    assert serialise(Connack(Reason.NOT_AUTHORIZED), V311).hex() == "20020005"
    assert serialise(Auth()).hex() == "f000"
    assert serialise(Subscribe(1, (("a", 1),))).hex() == "8207000100000161" + "01"
    assert serialise(Unsubscribe(1, ("a",)), V311).hex() == "a2050001000161"


def test_a_property_may_stand_only_where_the_table_says() -> None:
    raw = serialise(Publish("t", b"", properties={Property.REASON_STRING: "no"}))
    with pytest.raises(ProtocolError, match="REASON_STRING may not stand in PUBLISH"):
        read(raw)
