from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.graphs import entity
from tests.twin.graph.upgrade.stage import RADIATOR, Home, ontology, step, ways
from twin.graph.model import Create, Entity, Recast, Sent
from twin.graph.readings import Reading, order_key, recast
from twin.graph.upgrade import SiteUpgrade, way_back

BEFORE = ontology(RADIATOR)
AFTER = ontology(
    RADIATOR.replace("Radiator:", "Heater:")
    .replace("temp:", "temperature:")
    .replace("length: { type: number, unit: m }", 'span: { type: number, unit: "[ft_i]" }')
    .replace("unit: Cel, range: 5..30", 'unit: "[degF]", range: 40..90'),
    "2.0.0",
)
WAYS = ways(
    BEFORE,
    AFTER,
    step("rename", "Radiator", to=("Heater",)),
    step("rename", "Radiator.temp", to=("temperature",)),
    step("rename", "Radiator.length", to=("span",)),
    step("convert", "Radiator.length", units=("m", "[ft_i]")),
    step("convert", "Radiator.target", units=("Cel", "[degF]")),
)
GIVEN: dict[str, Any] = {
    "points": ("temp", "target"),
    "commands": ("boost",),
    "properties": {"length": 2.1},
    "desired": {"target": 20.5},
    "declared": {"properties.length": 2.1},
    "title": {"": "A"},
}
SAME = ("revision", "updated", "updated_by", "sends", "made")
numbers = st.floats(-1e6, 1e6)


def stored(upgrade: SiteUpgrade) -> SiteUpgrade:
    """As a record gives it back."""
    return msgspec.json.decode(msgspec.json.encode(upgrade), type=SiteUpgrade)


def same(entity: Entity) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(entity).items() if name not in SAME}


@given(st.fixed_dictionaries({"length": numbers}), st.fixed_dictionaries({}, optional={"target": numbers}))
def test_there_and_back_is_where_it_began(properties: dict[str, float], desired: dict[str, float]) -> None:
    home = Home(**GIVEN | {"properties": properties, "desired": desired})
    before = [same(each) for each in home.entities]
    upgrade = home.upgrade(WAYS)
    home.apply(upgrade.entries)
    assert [same(each) for each in home.entities] != before
    back = way_back(stored(upgrade), home.entities, BEFORE)
    assert (back.kept, back.lost, back.problems) == ((), (), ())
    home.apply(back.entries)
    assert [same(each) for each in home.entities] == before
    assert home.mirror.entities[home.site.id].made.ontologies == {"lab": "1.0.0"}  # type: ignore[union-attr]
    assert home.now.sends == {"temperature": Sent("temp")}


@given(numbers)
def test_a_reading_is_the_same_again_as_far_as_a_float_can_say(value: float) -> None:
    home = Home(**GIVEN)
    upgrade = home.upgrade(WAYS)
    there = next(each for each in upgrade.entries if isinstance(each, Recast) and each.point == "target")
    home.apply(upgrade.entries)
    back = next(
        each
        for each in way_back(stored(upgrade), home.entities, BEFORE).entries
        if isinstance(each, Recast) and each.point == "target"
    )
    reading = Reading(value, 5, 6, order_key(0, 5, 0, value))
    again = recast(recast(reading, there), back)
    assert (again.time, again.received, again.order[:20]) == (5, 6, reading.order[:20])
    assert abs(float(again.value) - value) <= 1e-9 * max(1.0, abs(value))  # type: ignore[arg-type]


def test_what_a_user_has_changed_since_stays_in_the_words_of_before() -> None:
    home = Home(**GIVEN)
    upgrade = home.upgrade(WAYS)
    home.apply(upgrade.entries)
    home.edit(properties={"span": 10.0}, title={"": "Ana's"}, desired={"target": 212.0})
    back = way_back(stored(upgrade), home.entities, BEFORE)
    home.apply(back.entries)
    assert home.now.title == {"": "Ana's"}
    assert home.now.properties == {"length": 3.048}
    assert home.now.desired == {"target": 100.0}
    assert home.now.declared == {"properties.length": 2.1}
    assert back.kept == (
        "home/bay/device: target stays 100.0, as set since",
        "home/bay/device: length stays 3.048, as set since",
    )


def test_a_point_that_was_removed_comes_back_with_its_reading() -> None:
    home = Home(**GIVEN)
    after = ontology(RADIATOR.replace("temp: { type: number, unit: Cel }, ", ""), "2.0.0")
    upgrade = home.upgrade(ways(BEFORE, after, step("remove", "Radiator.temp", reason="x")))
    home.apply(upgrade.entries)
    back = way_back(stored(upgrade), home.entities, BEFORE)
    home.apply(back.entries)
    assert home.now.points == ("temp", "target")
    assert Recast(id=home.device.id, point="temp@", to="temp") in back.entries
    assert home.mirror.entities[home.bay.id].sources == {"warmth": (home.device.id, "temp")}


def test_a_value_that_only_the_new_version_has_a_place_for_is_told() -> None:
    types = RADIATOR.replace("properties: {", "properties: { use: { type: string, required: true },")
    home = Home(**GIVEN)
    upgrade = home.upgrade(ways(BEFORE, ontology(types, "2.0.0"), step("default", "Radiator.use", value="room")))
    home.apply(upgrade.entries)
    home.edit(properties={"length": 2.1, "use": "hall"})
    back = way_back(stored(upgrade), home.entities, BEFORE)
    assert back.lost == ("home/bay/device: use = hall, which there was no place for before",)
    home.apply(back.entries)
    assert home.now.properties == {"length": 2.1}


def test_what_came_since_and_cannot_be_of_the_older_version_holds_the_site() -> None:
    home = Home(**GIVEN)
    upgrade = home.upgrade(WAYS)
    home.apply(upgrade.entries)
    home.apply([Create(entity("home/bay/new", "device", home.bay, type="lab/Heater"))])
    assert way_back(stored(upgrade), home.entities, BEFORE).problems == (
        "home/bay/new came after the upgrade and is of lab/Heater as it is now: delete it first",
    )


def test_what_became_of_another_type_since_holds_the_site() -> None:
    home = Home(**GIVEN)
    upgrade = home.upgrade(WAYS)
    home.apply(upgrade.entries)
    home.edit(type="lab/Other")
    assert len(way_back(stored(upgrade), home.entities, BEFORE).problems) == 1
