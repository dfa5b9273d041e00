"""What an app may change of an entity."""

from __future__ import annotations

from typing import Any

import pytest

from twin.errors import InvalidValue, Place
from twin.graph.edit import check_property, edit
from twin.graph.model import Entity
from twin.ontology.model import EntityType, Ontology, PropertyType

HERE = Place("home.yaml", 1, 1, 2)


def prop(name: str, value: Any, **more: Any) -> PropertyType:
    plain: dict[str, Any] = {"unit": None, "values": None, "minimum": None, "maximum": None, "required": False}
    return PropertyType(name=name, value=value, title={}, place=HERE, **{**plain, **more})


AREA = prop("area", "number", minimum=1.0, maximum=100.0, required=True)
COLOUR = prop("colour", "enum", values=("white", "black"))
FLAT = EntityType(
    name="home/Flat",
    short="Flat",
    kind="space",
    abstract=False,
    mixin=False,
    parents=(),
    lineage=("home/Flat",),
    points={},
    properties={"area": AREA, "colour": COLOUR},
    contains=None,
    connects=None,
    of=None,
    title={},
    description={},
    plural=None,
    place=HERE,
)
ONTOLOGY = Ontology((), {"home/Flat": FLAT}, {}, {}, {}, {"Flat": "home/Flat"})
ENTITY = Entity(
    id="f",
    kind="space",
    type="home/Flat",
    key="flat",
    path="s/flat",
    site="s",
    title={"": "A"},
    properties={"area": 2.0},
)


def test_only_what_differs_is_in_the_update() -> None:
    assert edit(ENTITY, ONTOLOGY, title={"": "A"}, properties={"area": 2.0}).fields == {}
    assert edit(ENTITY, ONTOLOGY).fields == {}
    changed = edit(ENTITY, ONTOLOGY, title={"fr": "B"}, properties={"colour": "white"}, expected=3)
    assert changed.fields == {"title": {"fr": "B"}, "properties": {"area": 2.0, "colour": "white"}}
    assert (changed.id, changed.expected) == ("f", 3)


def test_what_is_given_as_none_goes() -> None:
    painted = edit(ENTITY, ONTOLOGY, properties={"colour": "white"}).fields["properties"]
    assert painted["colour"] == "white"
    assert edit(ENTITY, ONTOLOGY, properties={"colour": None}).fields == {}


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"height": 1}, "property.unknown"),
        ({"area": 0.5}, "property.value"),
        ({"area": 101}, "property.value"),
        ({"area": None}, "property.required"),
        ({"colour": "red"}, "property.value"),
    ],
)
def test_what_the_type_does_not_take(properties: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        edit(ENTITY, ONTOLOGY, properties=properties)
    assert caught.value.code_ == code
    assert caught.value.help


@pytest.mark.parametrize("title", [{}, {"": ""}, {"en": " "}, {"en": "x" * 1001}])
def test_a_title_is_some_text(title: dict[str, str]) -> None:
    with pytest.raises(InvalidValue) as caught:
        edit(ENTITY, ONTOLOGY, title=title)
    assert caught.value.code_ == "title.invalid"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("number", [1, 1.5, -3], [True, "1", None, float("nan"), float("inf")]),
        ("integer", [1, -3], [1.5, True, "1"]),
        ("boolean", [True, False], [0, "true"]),
        ("string", ["", "x"], [1, "x" * 1001]),
        ("timestamp", ["2026-11-03T07:15:00Z"], ["2026-11-03", "2026-11-03T07:15:00", "soon", 7]),
    ],
)
def test_values_by_their_kind(kind: str, good: list[Any], bad: list[Any]) -> None:
    assert [check_property(prop("p", kind), value) for value in good] == good
    for value in bad:
        with pytest.raises(InvalidValue):
            check_property(prop("p", kind), value)
