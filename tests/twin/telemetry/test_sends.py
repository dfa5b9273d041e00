from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry import ONTOLOGY, World, message, payload, point_type, topic
from twin.graph.model import Actor, Change, ChangeSet, Recast, Sent, Update
from twin.graph.readings import Reading, order_key, recast
from twin.telemetry.rules import Refused
from twin.telemetry.sends import accept_sent
from twin.units import affine


def test_bare_numbers_are_in_the_unit_of_before_and_others_in_the_one_they_say() -> None:
    take = accept_sent(point_type("energy", unit="kW.h", minimum=0), "W.h")
    assert take(12000, None) == 12.0
    assert take(12, "kW.h") == 12.0
    assert take(3600, "kJ") == 1.0
    with pytest.raises(Refused, match="within 0"):
        take(-1, None)
    with pytest.raises(Refused, match="takes a number"):
        take("12", None)


def test_whole_numbers_stay_whole() -> None:
    take = accept_sent(point_type("power", "integer", unit="W"), "kW")
    assert take(1.2344, None) == 1234
    with pytest.raises(Refused, match="within"):
        take(1e200, None)


@pytest.mark.parametrize("point", [point_type("on", "boolean"), point_type("temperature", unit="Cel")])
def test_what_no_unit_was_changed_of_is_taken_as_ever(point: Any) -> None:
    value = True if point.value == "boolean" else 21.5
    assert accept_sent(point, None)(value, None) == value


@given(st.floats(-1e9, 1e9), st.sampled_from([("W.h", "kW.h"), ("Cel", "[degF]"), ("K", "Cel"), ("m", "[ft_i]")]))
def test_a_message_is_the_same_before_and_after(value: float, units: tuple[str, str]) -> None:
    """What was taken before and recast is what is taken afterwards, to the last bit: it is known for a duplicate."""
    factor, offset = affine(*units)
    before = Reading(value + 0.0, 5, 6, order_key(0, 5, 0, value + 0.0))
    after = accept_sent(point_type("x", unit=units[1]), units[0])(value, None)
    moved = recast(before, Recast(id="e", point="x", to="y", factor=factor, offset=offset))
    assert (moved.value, moved.order) == (after, order_key(0, 5, 0, after))


def test_a_device_that_keeps_its_old_names_is_understood() -> None:
    world = World()
    sends = {"temp": Sent("temperature", "K"), "old": Sent("gone"), "level": Sent("level", None)}
    update = Update(id=world.sensor.id, fields={"sends": sends})
    change = Change(world.mirror.head + 1, ChangeSet(op_id="x", actor=Actor("", ""), at=0, entries=(update,)))
    world.mirror.apply(change)
    world.current.follow(change, ONTOLOGY)
    counters = world.take(message(0, topic(world.sensor), payload({"temp": 300, "count": 3}, "2023-01-01T00:00:00Z")))
    assert (counters["applied"], counters["dead"]) == (2, 0)
    assert world.values() == {"temperature": 26.85, "count": 3}
    counters = world.take(message(1, topic(world.sensor), payload({"old": 1, "temperature": 20})))
    assert counters["dead"] == 1
    assert world.letters() == [("point.unknown", "old")]
    assert world.values()["temperature"] == 20


def test_a_message_that_comes_again_after_a_change_of_names_is_a_duplicate() -> None:
    world = World()
    said = payload({"temperature": 20.1}, "2023-01-01T00:00:00Z")
    assert world.take(message(0, topic(world.sensor), said))["applied"] == 1
    entity = world.mirror.entities[world.sensor.id]
    points = tuple("level" if name == "temperature" else name for name in entity.points if name != "level")
    entries = (
        Update(id=entity.id, fields={"points": points, "sends": {"temperature": Sent("level")}}),
        Recast(id=entity.id, point="temperature", to="level"),
    )
    change = Change(world.mirror.head + 1, ChangeSet(op_id="x", actor=Actor("", ""), at=0, entries=entries))
    world.mirror.apply(change)
    world.current.follow(change, ONTOLOGY)
    assert world.take(message(1, topic(world.sensor), said))["duplicate"] == 1
    assert msgspec.to_builtins(world.current.read(entity.id, "level"))["value"] == 20.1
