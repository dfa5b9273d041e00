"""Messages that are worked in again: decided by what is stored, kept by what is newest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry import World
from twin.graph.readings import Reading, order_key
from twin.state.behind import Behind


def reading(time: int) -> Reading:
    return Reading(float(time), time, time, order_key(0, time, 0, float(time)))


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_fates_are_those_of_an_owner_that_had_not_stopped(times: list[int], stored: int, heard: int) -> None:
    """The owner works messages in, stores some and tells a follower more, which then works the rest in again."""
    owner, follower = World(), World()
    point = follower.sensor.id, "temperature"
    stored = min(stored, len(times))
    heard = max(stored, min(heard, len(times)))
    fates = [owner.current.offer(owner.sensor.id, "temperature", reading(time)) for time in times]
    for time in times[:heard]:
        follower.current.offer(*point, reading(time))
    follower.current.take_dirty()
    kept = {point: reading(max(times[:stored]))} if stored else {}
    behind = Behind(follower.current, kept)
    again = [behind.offer(*point, reading(time)) for time in times[stored:]]
    assert again == fates[stored:]
    held, expected = follower.current.held(*point), owner.current.held(owner.sensor.id, "temperature")
    assert held == expected
    dirty = follower.current.take_dirty()
    assert dirty == ({point: expected} if "applied" in again else {})
    assert behind.ontology is follower.current.ontology
