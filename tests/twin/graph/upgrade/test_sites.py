from __future__ import annotations

from typing import Any

import pytest

from tests.graphs import entity
from tests.twin.graph.upgrade.stage import RADIATOR, Home, ontology, step, ways
from twin.graph.model import Create, Delete, Made, Recast, Sent, Update
from twin.graph.upgrade import Gap
from twin.units import affine

BEFORE = ontology(RADIATOR)
GIVEN: dict[str, Any] = {
    "points": ("temp", "target"),
    "commands": ("boost",),
    "properties": {"length": 2.0},
    "desired": {"target": 20.0},
    "declared": {"properties.length": 2.0, "desired.target": 19.0, "title": {"": "A"}},
    "title": {"": "A"},
}


def test_a_renamed_point_takes_everything_along() -> None:
    home = Home(**GIVEN)
    after = ontology(RADIATOR.replace("temp:", "temperature:"), "2.0.0")
    done = home.upgrade(ways(BEFORE, after, step("rename", "Radiator.temp", to=("temperature",))))
    assert done.gaps == ()
    home.apply(done.entries)
    assert home.now.points == ("temperature", "target")
    assert home.now.sends == {"temp": Sent("temperature")}
    assert home.mirror.entities[home.bay.id].sources == {"warmth": (home.device.id, "temperature")}
    assert [entry for entry in done.entries if isinstance(entry, Recast)] == [
        Recast(id=home.device.id, point="temp", to="temperature")
    ]
    assert home.mirror.entities[home.site.id].made == Made(ontologies={"lab": "2.0.0"})


def test_a_converted_setting_converts_what_is_wished_what_was_given_and_what_is_said() -> None:
    home = Home(**GIVEN)
    after = ontology(RADIATOR.replace("unit: Cel, range: 5..30", 'unit: "[degF]", range: 40..90'), "2.0.0")
    done = home.upgrade(ways(BEFORE, after, step("convert", "Radiator.target", units=("Cel", "[degF]"))))
    home.apply(done.entries)
    assert home.now.desired == {"target": 68.0}
    assert home.now.declared == {"properties.length": 2.0, "desired.target": 66.2, "title": {"": "A"}}
    assert home.now.sends == {"target": Sent("target", "Cel")}
    factor, offset = affine("Cel", "[degF]")
    assert Recast(id=home.device.id, point="target", to="target", factor=factor, offset=offset) in done.entries
    assert done.counts() == {
        "change": 1,
        "rename": 0,
        "convert": 1,
        "default": 0,
        "remove": 0,
        "delete": 0,
        "warn": 0,
        "keep": 1,
    }


def test_names_may_be_exchanged() -> None:
    two = "\n  Radiator: { is: Device, status: { a: { type: number, unit: m }, b: { type: number, unit: m } } }\n"
    home = Home(points=("a", "b"), sends={"old": Sent("a")})
    steps = step("rename", "Radiator.a", to=("b",)), step("rename", "Radiator.b", to=("a",))
    done = home.upgrade(ways(ontology(two), ontology(two, "2.0.0"), *steps))
    home.apply(done.entries)
    assert home.now.points == ("a", "b")
    assert home.now.sends == {"a": Sent("b"), "b": Sent("a"), "old": Sent("b")}


def test_a_renamed_type_is_followed_by_rules_and_roles_and_new_points_are_there() -> None:
    home = Home(**GIVEN)
    rule = "type is Radiator and has temp or not within '/bay'"
    view = entity("home/warm", "view", home.site, type="core/Group", rule=rule)
    home.apply([Create(view)])
    types = RADIATOR.replace("Radiator:", "Heater:").replace("status: {", "status: { power: { type: number, unit: W },")
    done = home.upgrade(ways(BEFORE, ontology(types, "2.0.0"), step("rename", "Radiator", to=("Heater",))))
    home.apply(done.entries)
    assert (home.now.type, home.now.points) == ("lab/Heater", ("power", "temp", "target"))
    assert home.mirror.entities[view.id].rule == 'type is Heater and has temp or not within "/bay"'
    assert any("Radiator -> Heater" in line for line in done.lines())


def test_a_type_is_split_by_rules() -> None:
    types = RADIATOR.replace("Radiator:", "Plain:") + RADIATOR.replace("Radiator:", "Long:")
    split = step("split", "Radiator", to=("lab/Long", "lab/Plain"), when={"lab/Long": "length > 1"})
    by = ways(BEFORE, ontology(types, "2.0.0"), split)
    for length, type_ in ((2.0, "lab/Long"), (0.5, "lab/Plain")):
        home = Home(**GIVEN | {"declared": {"properties.length": length}})
        home.apply(home.upgrade(by).entries)
        assert home.now.type == type_


def test_a_new_required_property_gets_its_default_and_what_a_user_has_said_stays() -> None:
    types = RADIATOR.replace("properties: {", "properties: { use: { type: string, required: true },")
    by = ways(BEFORE, ontology(types, "2.0.0"), step("default", "Radiator.use", value="room"))
    home = Home(**GIVEN)
    home.apply(home.upgrade(by).entries)
    assert home.now.properties == {"length": 2.0, "use": "room"}
    said = Home(**GIVEN | {"properties": {"use": "hall"}})
    said.apply(said.upgrade(by).entries)
    assert said.now.properties == {"use": "hall"}


def test_what_is_new_has_its_default_and_what_was_there_without_one_stays_so() -> None:
    types = RADIATOR.replace("configuration: {", "configuration: { eco: { type: boolean, default: true },").replace(
        "properties: {", "properties: { use: { type: string, default: room }, "
    )
    home = Home(**GIVEN | {"desired": {}})
    done = home.upgrade(ways(BEFORE, ontology(types, "1.1.0")))
    home.apply(done.entries)
    assert (home.now.properties, home.now.desired) == ({"length": 2.0, "use": "room"}, {"eco": True})
    assert home.now.points == ("temp", "eco", "target")


def test_what_is_removed_goes_and_its_reading_is_set_aside() -> None:
    types = RADIATOR.replace("temp: { type: number, unit: Cel }, ", "").replace(
        "properties: { length: { type: number, unit: m } }", "description: it"
    )
    steps = step("remove", "Radiator.temp", reason="x"), step("remove", "Radiator.length", reason="y")
    home = Home(**GIVEN)
    done = home.upgrade(ways(BEFORE, ontology(types, "2.0.0"), *steps))
    home.apply(done.entries)
    assert (home.now.points, home.now.properties) == (("target",), {})
    assert home.mirror.entities[home.bay.id].sources == {}
    assert Recast(id=home.device.id, point="temp", to="temp@") in done.entries
    assert done.counts()["remove"] == 2


def test_what_is_of_a_removed_type_is_deleted() -> None:
    home = Home(**GIVEN)
    other = "\n  Meter: { is: Device }\n"
    done = home.upgrade(ways(BEFORE, ontology(other, "2.0.0"), step("remove", "Radiator", reason="x")))
    assert done.deletes == ((home.device.id, "home/bay/device"),)
    assert Delete(id=home.device.id) in done.entries
    home.apply(done.entries)
    assert home.mirror.entities[home.bay.id].sources == {}


@pytest.mark.parametrize(
    ("old", "new", "gap"),
    [
        (
            "Radiator:",
            "Heater:",
            Gap("lab/Radiator", "is gone", "{ rename: Radiator, to: … } or { remove: Radiator, reason: … }"),
        ),
        (
            "temp:",
            "temperature:",
            Gap(
                "lab/Radiator.temp",
                "is gone",
                "{ rename: Radiator.temp, to: temperature } or { remove: Radiator.temp, reason: … }",
            ),
        ),
        (
            "unit: m }",
            'unit: "[ft_i]" }',
            Gap(
                "lab/Radiator.length",
                "changes from m to [ft_i]",
                "{ convert: Radiator.length, from: m, to: [ft_i] }",
            ),
        ),
        (
            "unit: m }",
            "unit: W }",
            Gap(
                "lab/Radiator.length",
                "changes from m to W, and nothing converts its values",
                "{ remove: Radiator.length, reason: … }",
            ),
        ),
        (
            "temp: { type: number, unit: Cel }",
            "temp: { type: string }",
            Gap(
                "lab/Radiator.temp",
                "changes from number to string, and nothing converts its values",
                "{ remove: Radiator.temp, reason: … }",
            ),
        ),
        (
            "boost",
            "heat",
            Gap(
                "lab/Radiator.boost",
                "is gone",
                "{ rename: Radiator.boost, to: heat } or { remove: Radiator.boost, reason: … }",
            ),
        ),
        (
            "properties: {",
            "properties: { use: { type: string, required: true },",
            Gap(
                "lab/Radiator.use",
                "is required now, and what exists has none",
                "{ default: Radiator.use, value: … }",
            ),
        ),
    ],
)
def test_what_no_step_covers_is_told_with_the_step_that_would(old: str, new: str, gap: Gap) -> None:
    home = Home(**GIVEN)
    done = home.upgrade(ways(BEFORE, ontology(RADIATOR.replace(old, new), "2.0.0")))
    assert done.gaps == (gap,)


def test_a_relation_that_is_gone_is_a_gap_where_it_is_used() -> None:
    rest = "relations:\n  warms: { from: Device, to: Space }\n"
    by = ways(ontology(RADIATOR, rest=rest), ontology(RADIATOR, "2.0.0"))
    assert [gap.subject for gap in Home(**GIVEN).upgrade(by, ["warms"]).gaps] == ["warms"]
    assert Home(**GIVEN).upgrade(by).gaps == ()


def test_a_wish_that_is_out_of_the_new_range_is_warned_of() -> None:
    home = Home(**GIVEN)
    narrow = ontology(RADIATOR.replace("5..30", "5..15"), "2.0.0")
    assert home.upgrade(ways(BEFORE, narrow)).warnings == (
        "home/bay/device: target is set to 20.0, which is outside of what is allowed now",
    )


def test_what_does_not_differ_is_left_alone() -> None:
    home = Home(**GIVEN)
    done = home.upgrade(ways(BEFORE, ontology(RADIATOR, "1.1.0")))
    assert [entry for entry in done.entries if not isinstance(entry, Update) or entry.id != home.site.id] == []
