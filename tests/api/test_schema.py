"""What the web promises is written down, and is what it keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphql import build_schema, validate_schema

from api.graphql.schema import build
from api.schema import documents
from tests.api.building import ontology
from twin.engine.documents import shipped_ontology

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = documents(shipped_ontology())


@pytest.mark.parametrize("path", sorted(SHIPPED))
def test_what_is_written_down_is_what_is_served(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == SHIPPED[path], "run: make schema"


def test_the_schema_of_the_shipped_ontologies_stands_alone() -> None:
    schema = build_schema(SHIPPED["api/schema/schema.graphql"])
    assert validate_schema(schema) == []
    assert {"Thermostat", "Room", "PlainRoom", "Kitchen", "Residence"} <= schema.type_map.keys()
    assert {each.name for each in schema.type_map["Kitchen"].interfaces} == {"Entity", "Node", "Room", "Space"}  # type: ignore[attr-defined]


def test_what_apps_hear_is_described() -> None:
    document = json.loads(SHIPPED["api/schema/asyncapi.json"])
    assert document["channels"]["readings"]["address"] == "twin/{site}/readings/{path}"
    points = document["components"]["schemas"]["readings"]["properties"]["points"]["properties"]
    assert points["temperature"]["properties"]["value"]["type"] == "number"


def test_making_it_twice_gives_the_same() -> None:
    assert documents(ontology()) == documents(ontology())


def test_what_devices_send_is_described() -> None:
    document = json.loads(SHIPPED["api/schema/asyncapi.json"])
    assert document["channels"]["pointset"]["address"] == "r/{site}/d/{device}/events/pointset"
    points = document["components"]["schemas"]["pointset"]["properties"]["points"]["properties"]
    assert points["temperature"]["properties"]["present_value"]["type"] == "number"


def test_every_type_of_the_shipped_ontologies_is_there() -> None:
    found = shipped_ontology()
    names = build(found).core.type_map
    assert all(each.short in names for each in found.types.values())
