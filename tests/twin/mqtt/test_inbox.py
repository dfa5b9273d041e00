"""Bytes come out as they came in, however they were cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twin.mqtt.inbox import Inbox


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=20), st.lists(st.integers(1, 30), min_size=1, max_size=10))
def test_bytes_come_out_in_order_and_in_whole_packets(pieces: list[bytes], sizes: list[int]) -> None:
    inbox, out, turn = Inbox(), [], 0
    for piece in pieces:
        worth_it = inbox.feed(piece)
        wanted = sizes[turn % len(sizes)]
        assert worth_it == (len(inbox) >= inbox._needed)
        while len(inbox.buffer) - inbox.at >= wanted or inbox.refill(wanted):
            out.append(inbox.buffer[inbox.at : inbox.at + wanted])
            inbox.at += wanted
            turn += 1
            wanted = sizes[turn % len(sizes)]
    everything = b"".join(pieces)
    assert b"".join(out) == everything[: len(everything) - len(inbox)]
    assert len(inbox) < sizes[turn % len(sizes)]


def test_pieces_of_a_large_packet_are_not_worth_reading_before_the_last() -> None:
    inbox = Inbox()
    assert inbox.feed(b"abc")
    assert not inbox.refill(1000)
    assert [inbox.feed(b"x" * 100) for _ in range(10)] == [False] * 9 + [True]
    assert inbox.refill(1000)
    assert (inbox.buffer, inbox.at) == (b"abc" + b"x" * 1000, 0)


def test_what_was_read_is_not_held_on_to() -> None:
    inbox = Inbox()
    inbox.feed(b"x" * 100_000)
    inbox.at = 99_999
    assert not inbox.refill(2)
    assert inbox.buffer == b"x"
    inbox.clear()
    assert len(inbox) == 0
