"""Acknowledgements leave in the order of their messages, whatever the order in which these become durable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twin.mqtt.acknowledgements import Acknowledgements, Batch


def batches(count: int) -> tuple[Acknowledgements, list[Batch]]:
    waiting, made = Acknowledgements(), []
    for number in range(count):
        batch = Batch(lambda _: None)
        batch.acks = [bytes((number,))] * 2
        batch.unacknowledged, batch.size = 2, 10
        waiting.add(batch)
        made.append(batch)
    return waiting, made


@given(st.permutations(range(6)))
def test_none_overtakes_another(order: list[int]) -> None:
    waiting, made = batches(6)
    out, settled = b"", set()
    for number in order:
        made[number].settle(True)
        settled.add(number)
        out += waiting.take()
        done = next((one for one in range(6) if one not in settled), 6)
        assert out == bytes(one for one in range(done) for _ in range(2))
        assert (waiting.unacknowledged, waiting.size) == (2 * (6 - done), 10 * (6 - done))
    assert not waiting


def test_what_could_not_be_kept_is_never_acknowledged() -> None:
    waiting, made = batches(3)
    for batch, kept in zip(made, (True, False, True), strict=True):
        batch.settle(kept)
    assert waiting.take() == b"\0\0"
    assert waiting.take() == b""


def test_a_batch_is_settled_once() -> None:
    said: list[bool | None] = []
    batch = Batch(lambda one: said.append(one.kept))
    batch.settle(False)
    batch.settle(True)
    assert said == [False]
