from __future__ import annotations

from twin.mqtt.door import Message
from twin.mqtt.outbox import Outbox, Told
from twin.mqtt.parcels import Delivery, Parcel, Terms


def delivery(number: int, qos: int = 1) -> Delivery:
    return Parcel(Message("t", b"%d" % number, None, 0)), Terms(qos, retain=False, identifiers=())


def sent(outbox: Outbox, window: int = 10) -> list[tuple[bytes, int, bool]]:
    """Everything that may be sent: payload, identifier, and whether it is sent again."""
    found = []
    while (shown := outbox.peek(window)) is not None:
        (parcel, _), again = shown
        found.append((parcel.message.payload, outbox.launch(), bool(again)))
    return found


def filled(*numbers: int, qos: int = 1) -> Outbox:
    outbox = Outbox(Told())
    for number in numbers:
        outbox.put(delivery(number, qos))
    return outbox


def test_messages_go_out_in_order_as_far_as_the_window_lets_them() -> None:
    outbox = filled(1, 2, 3, 4)
    assert sent(outbox, 2) == [(b"1", 1, False), (b"2", 2, False)]
    assert outbox.land(2)
    assert sent(outbox, 2) == [(b"3", 3, False)]
    assert (outbox.waiting, len(outbox)) == (1, 3)


def test_what_was_in_flight_is_sent_again_first_with_its_identifier() -> None:
    outbox = filled(1, 2, 3)
    sent(outbox, 2)
    outbox.strand()
    outbox.put(delivery(4))
    assert sent(outbox, 1) == [(b"1", 1, True)]
    outbox.land(1)
    assert sent(outbox, 3) == [(b"2", 2, True), (b"3", 3, False), (b"4", 4, False)]
    assert outbox._told.resent == 2


def test_acknowledging_what_is_not_in_flight_changes_nothing() -> None:
    outbox = filled(1)
    assert not outbox.land(1)
    sent(outbox)
    assert not outbox.land(2)
    outbox.strand()
    assert not outbox.land(1)
    sent(outbox)
    assert outbox.land(1)
    assert not outbox.land(1)
    assert len(outbox) == 0


def test_nothing_of_qos_0_needs_an_acknowledgement() -> None:
    outbox = filled(1, 2, qos=0)
    assert sent(outbox, 0) == [(b"1", 0, False), (b"2", 0, False)]
    assert outbox.idle(1)
    assert outbox.size == outbox._told.size == outbox._told.waiting == 0
    assert outbox._told.delivered == 2


def test_the_oldest_that_is_not_on_its_way_is_dropped() -> None:
    outbox = filled(1, 2, 3)
    sent(outbox, 1)
    assert outbox.drop()
    outbox.strand()
    assert outbox.drop()
    assert sent(outbox) == [(b"3", 2, False)]
    assert not outbox.drop()
    assert outbox._told.overflowed == 2


def test_identifiers_run_out_at_65_535_and_are_used_again() -> None:
    outbox = filled(*range(65_540))
    assert len(sent(outbox, 1 << 20)) == 65_535
    assert outbox.peek(1 << 20) is None
    outbox.land(7)
    assert sent(outbox, 1 << 20) == [(b"65535", 7, False)]


def test_what_is_left_when_a_session_ends_is_counted() -> None:
    outbox = filled(1, 2, 3)
    sent(outbox, 1)
    outbox.clear()
    told = outbox._told
    assert (told.told, told.abandoned, told.waiting, told.size, outbox.size, len(outbox)) == (3, 3, 0, 0, 0, 0)
