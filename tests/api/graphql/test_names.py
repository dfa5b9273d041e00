"""What things are called in GraphQL."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from graphql import validate_schema
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.names import camel, field_names, type_names, words
from api.graphql.schema import build
from tests.api.building import Writer, ontology, point, prop
from twin.errors import Place
from twin.ontology.model import EnumType, Ontology

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@pytest.mark.parametrize(
    ("name", "field"),
    [("temperature", "temperature"), ("outdoor_temperature", "outdoorTemperature"), ("co2_x", "co2X"), ("a_1", "a1")],
)
def test_lower_camel_case(name: str, field: str) -> None:
    assert camel(name) == field


def of(*names: str) -> Ontology:
    writer = Writer()
    writer.add("Thing", "device", points=tuple(point(name) for name in names))
    return Ontology((), writer.types, {}, {}, {}, {"Thing": "home/Thing"})


def test_no_two_fields_are_alike() -> None:
    found = field_names(of("type", "a_b", "a__b", "typePoint", "created_at"), {"type", "createdAt"})
    assert found == {
        "type": "typePointPoint",
        "typePoint": "typePoint",
        "a__b": "aB",
        "a_b": "a_b",
        "created_at": "created_at",
    } or len(set(found.values())) == len(found)
    assert not set(found.values()) & {"type", "createdAt"}


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True), unique=True, max_size=8))
def test_field_names_are_names_and_differ(names: list[str]) -> None:
    found = field_names(of(*names), {"id", "type"})
    assert found.keys() == set(names)
    assert len(set(found.values())) == len(found)
    assert all(NAME.match(each) and each not in {"id", "type"} for each in found.values())


@given(st.lists(st.text(max_size=6), unique=True, max_size=8))
def test_words_of_enums_are_names_and_differ(values: list[str]) -> None:
    found = words(values)
    assert sorted(found.values()) == sorted(values)
    assert all(NAME.match(name) for name in found)
    assert not found.keys() & {"true", "false", "null"}


def test_words_are_kept_as_they_are_written() -> None:
    assert words(["off", "off-peak", "2h", "true"]) == {
        "off": "off",
        "off_peak": "off-peak",
        "V_2h": "2h",
        "V_true": "true",
    }


def test_a_type_that_is_called_like_one_of_ours() -> None:
    writer = Writer()
    writer.add("Point", "device")
    found = type_names(Ontology((), writer.types, {}, {}, {}, {"Point": "home/Point"}), {"Point"})
    assert found == {"home/Point": "HomePoint"}


def test_a_schema_of_awkward_names_is_still_one() -> None:
    plain = ontology()
    writer = Writer()
    writer.types.update(plain.types)
    ours = ("Plan", "PlanStep", "PlanInput", "Job", "ApplyResult", "JSON", "JSONReading", "Made", "Computed", "Take")
    asked = ("Query", "Reading", "Mutation", "DeviceConnection", "HeatingModeReading", "PageInfo", "Long", "Kind")
    taken = ("id", "points", "made", "rule", "roles", "offers")
    for short in (*asked, *ours, "PlanStepEdge", "Diagnostic", "Fault", "RolePlace"):
        writer.add(short, "device", "Device", points=(*map(point, taken), point("site", "boolean")))
    writer.add("Odd", "device", "Thermostat", properties=(prop("temperature", "string"), prop("level", "integer")))
    enums = {**plain.enums, "Device": EnumType("Device", ("on", "off"), Place("x", 1, 1, 1))}
    odd = replace(plain, types=writer.types, enums=enums, short_names={e.short: n for n, e in writer.types.items()})
    schema = build(odd).core
    assert validate_schema(schema) == []
    assert {"PlainThermostat", "HomeQuery", "HomeReading", "HomePlan", "HomeJSON"} <= schema.type_map.keys()
    assert {"rulePoint", "madePoint", "rolesPoint", "offersPoint"} - schema.type_map["HomePlan"].fields.keys() == set()  # type: ignore[attr-defined]


def test_an_empty_ontology_has_a_schema() -> None:
    assert validate_schema(build(Ontology((), {}, {}, {}, {})).core) == []
