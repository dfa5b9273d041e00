from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.graph.upgrade.stage import HERE, RADIATOR, Home, ontology, step, ways
from twin.graph.upgrade import Ways
from twin.ontology.model import Migration

BEFORE = ontology(RADIATOR)
RENAMED = ontology(RADIATOR.replace("temp:", "temperature:").replace("Radiator:", "Heater:"), "2.0.0")
THERE = step("rename", "Radiator.temp", to=("temperature",)), step("rename", "Radiator", to=("Heater",))
BACK = step("rename", "Heater.temperature", to=("temp",)), step("rename", "Heater", to=("Radiator",))
CONVERTED = ontology(
    RADIATOR.replace("unit: m }", 'unit: "[ft_i]" }').replace("unit: Cel, range: 5..30", 'unit: "[degF]"'), "2.0.0"
)
CONVERT = (
    step("convert", "Radiator.length", units=("m", "[ft_i]")),
    step("convert", "Radiator.target", units=("Cel", "[degF]")),
)
values = st.floats(-1e6, 1e6)
texts = st.text(max_size=8)
titles = st.dictionaries(st.sampled_from(["", "en", "fr"]), texts, max_size=2)


def plain(home: Home) -> dict[str, Any]:
    kept = {"revision", "updated", "updated_by", "sends"}
    return {name: value for name, value in msgspec.to_builtins(home.now).items() if name not in kept}


def test_a_name_that_is_changed_and_changed_back_is_as_it_was() -> None:
    given_ = {"points": ("temp", "target"), "commands": ("boost",), "desired": {"target": 20.0}}
    there, back = Migration("lab", "1", "2", THERE, HERE), Migration("lab", "2", "3", BACK, HERE)
    last = ontology(RADIATOR, "3.0.0")
    for stages in ([Ways(BEFORE, RENAMED, [there]), Ways(RENAMED, last, [back])], [Ways(BEFORE, last, [there, back])]):
        home = Home(**given_)
        before = plain(home)
        for each in stages:
            done = home.upgrade(each)
            assert done.gaps == ()
            home.apply(done.entries)
        assert plain(home) == before


@given(titles, st.fixed_dictionaries({"length": values}), st.fixed_dictionaries({}, optional={"target": values}))
def test_whatever_users_have_set_goes_along(
    title: dict[str, str], properties: dict[str, Any], desired: dict[str, Any]
) -> None:
    home = Home(points=("temp", "target"), properties={"length": 1.0}, declared={"properties.length": 1.0})
    home.edit(title=title, properties=properties, desired=desired)
    done = home.upgrade(ways(BEFORE, CONVERTED, *CONVERT))
    home.apply(done.entries)
    assert home.now.title == title
    assert home.now.properties.keys() == properties.keys()
    assert home.now.desired.keys() == desired.keys()
    length = float(home.now.properties["length"])
    assert abs(length * 0.3048 - properties["length"]) <= 1e-9 * max(1.0, abs(properties["length"]))
    for name, value in desired.items():
        assert abs((float(home.now.desired[name]) - 32) / 1.8 - value) <= 1e-9 * max(1.0, abs(value))


def test_a_step_of_a_mixin_or_an_ancestor_concerns_every_type_that_has_it() -> None:
    two = (
        "\n  Warm: { is: Device, abstract: true, status: { temp: { type: number, unit: Cel } } }"
        "\n  Radiator: { is: Warm }\n  Stove: { is: Warm }\n"
    )
    after = ontology(two.replace("temp:", "temperature:"), "2.0.0")
    found = ways(ontology(two), after, step("rename", "Warm.temp", to=("temperature",)))
    for name in ("lab/Radiator", "lab/Stove", "lab/Warm"):
        assert found.way(name).points == {"temp": "temperature"}


def test_types_that_are_merged_become_the_one_that_stays() -> None:
    two = "\n  Lamp: { is: Device }\n  Bulb: { is: Device }\n"
    after = ontology("\n  Light: { is: Device }\n", "2.0.0")
    steps = [step("merge", name, to=("lab/Light",)) for name in ("Lamp", "Bulb")]
    found = ways(ontology(two), after, *steps)
    for name in ("Lamp", "Bulb"):
        assert found.way(f"lab/{name}").after is after.types["lab/Light"]


def test_a_default_follows_what_is_renamed_after_it() -> None:
    second = RADIATOR.replace("properties: {", "properties: { use: { type: string, required: true },")
    third = second.replace("use:", "purpose:")
    chain = [
        Migration("lab", "1", "2", (step("default", "Radiator.use", value="room"),), HERE),
        Migration("lab", "2", "3", (step("rename", "Radiator.use", to=("purpose",)),), HERE),
    ]
    assert Ways(BEFORE, ontology(third, "3.0.0"), chain).way("lab/Radiator").defaults == {"purpose": "room"}
