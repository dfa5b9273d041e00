from __future__ import annotations

from tests.upgrades import AFTER, BEFORE
from twin.engine.library import Library
from twin.ontology.bridging import bridge
from twin.ontology.compile import compile_ontology
from twin.ontology.model import Ontology
from twin.source import Source


def compiled(text: str) -> Ontology:
    return compile_ontology([Source("abode.yaml", text)], Library(()).find)


OLD, NEW = compiled(BEFORE), compiled(AFTER)


def test_without_older_versions_it_is_the_newest() -> None:
    made = bridge(NEW, (), {})
    assert (made.types, made.short_names, made.older) == (NEW.types, NEW.short_names, {})


def test_what_only_the_older_version_has_is_there_and_deprecated() -> None:
    made = bridge(NEW, (OLD,), {"site": OLD})
    assert made.types.keys() == OLD.types.keys() | NEW.types.keys()
    stove = made.types["abode/Stove"]
    assert stove.deprecated is not None
    assert (stove.deprecated.use, stove.deprecated.since) == ("abode/Heater", "2.0.0")
    temp = made.types["abode/Warm"].points["temp"]
    assert (temp.optional, temp.deprecated is not None) == (True, True)
    assert temp.deprecated is not None
    assert temp.deprecated.use == "abode/Warm.temperature"
    assert made.find("Stove") is stove


def test_of_what_both_have_it_is_the_newest_and_asks_for_nothing_new() -> None:
    made = bridge(NEW, (OLD,), {})
    assert made.types["abode/Counter"].points["energy"].unit == "kW.h"
    assert not made.types["abode/Chamber"].properties["use"].required
    assert made.types["abode/Chamber"].deprecated is None


def test_a_type_has_all_that_the_types_it_descends_from_have() -> None:
    made = bridge(NEW, (OLD,), {})
    for each in made.types.values():
        for ancestor in each.lineage:
            assert made.types[ancestor].points.keys() <= each.points.keys()
            assert made.types[ancestor].properties.keys() <= each.properties.keys()


def test_a_short_name_that_another_type_has_now_is_given_way_to() -> None:
    head = "ontology: manor\nversion: 1.0.0\nimports: { core: ^1.0 }\n"
    other = compiled(f"{head}devices:\n  Stove: {{ is: Device }}\n")
    made = bridge(other, (OLD,), {})
    assert (made.short_names["Stove"], made.short_names["StoveOlder"]) == ("manor/Stove", "abode/Stove")
    assert made.types["abode/Stove"].short == "StoveOlder"


def test_a_site_is_at_its_own_version() -> None:
    sites = {"one": OLD}
    made = bridge(NEW, (OLD,), sites)
    assert (made.of("one"), made.of("two")) == (OLD, made)
    del sites["one"]
    assert made.of("one") is made
