"""Messages on their way: never more than the window, never two of one identifier, none forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InvalidValue
from twin.mqtt.flight import Flight
from twin.mqtt.packets import Malformed, Publish, frame, parse


def read(packet: bytes) -> Publish:
    found = frame(packet, 0, len(packet))
    assert found is not None
    message = parse(packet[0], packet[found[0] : found[1]], 5)
    assert isinstance(message, Publish)
    return message


def flying(window: int = 10, maximum: int = 100, largest: int | None = None) -> Flight:
    flight = Flight(window)
    flight.resume(maximum, largest)
    return flight


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="+#"), min_size=1), st.binary())
def test_a_message_is_an_mqtt_5_publish_of_qos_1(topic: str, payload: bytes) -> None:
    assert read(flying().launch(topic, payload)) == Publish(topic, payload, 1, 1)


def test_there_is_room_for_the_smaller_of_both_windows() -> None:
    for window, maximum in ((2, 5), (5, 2)):
        flight = flying(window, maximum)
        flight.launch("t", b"")
        assert flight.room
        flight.launch("t", b"")
        assert not flight.room
        assert flight.land(1)
        assert flight.room
        assert not flight.land(1)
        assert len(flight) == 1


def test_an_identifier_is_used_again_only_when_it_is_free() -> None:
    flight = flying(65_535, 65_535)
    for _ in range(65_535):
        flight.launch("t", b"")
    for number in (7, 9):
        assert flight.land(number)
    assert [read(flight.launch("t", b"")).packet_id for _ in range(2)] == [7, 9]


def test_what_was_on_its_way_is_sent_again_in_order_as_far_as_the_server_allows() -> None:
    flight = flying()
    for number in range(6):
        flight.launch(f"t/{number}", b"%d" % number)
    flight.land(2)
    flight.strand()
    assert not flight.room
    assert flight.relaunch() == []
    flight.resume(3, None)
    again = [read(packet) for packet in flight.relaunch()]
    assert again == [Publish(f"t/{number}", b"%d" % number, 1, number + 1, dup=True) for number in (0, 2, 3)]
    assert flight.relaunch() == []
    assert not flight.room
    flight.land(1)
    assert [read(packet).topic for packet in flight.relaunch()] == ["t/4"]
    flight.land(3)
    flight.land(4)
    assert [read(packet).topic for packet in flight.relaunch()] == ["t/5"]
    assert len(flight) == 2
    assert flight.room


def test_what_cannot_be_sent_takes_no_place() -> None:
    flight = flying(largest=20)
    with pytest.raises(InvalidValue, match="more than the server takes") as caught:
        flight.launch("t", b"x" * 30)
    assert caught.value.code_ == "message.too_large"
    with pytest.raises(Malformed):
        flight.launch("t/+", b"")
    assert len(flight) == 0
    assert len(flight.launch("t", b"x" * 12)) == 20
    with pytest.raises(InvalidValue):
        flight.launch("t", b"x" * 13)


def test_topics_are_remembered_up_to_a_bound() -> None:
    flight = flying(65_535, 65_535)
    for number in range(10_002):
        flight.launch(f"t/{number}", b"")
    assert read(flight.launch("t/0", b"")).topic == "t/0"
