from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.graphs import ONTOLOGY, entity
from tests.strategies import expressions
from twin.graph.model import Entity
from twin.graph.rules import parse_rule

HOME = entity("home", "site")


class Graph:
    """What is in the view ``home/north``: everything called so."""

    def covers(self, view: str, entity: Entity) -> bool:
        return view == "home/north" and "north" in entity.path


def device(path: str, **fields: Any) -> Entity:
    return entity(f"home/{path}", "device", HOME, **fields)


@pytest.mark.parametrize(
    ("text", "types", "within", "inside"),
    [
        ("type is Room", {"t/Room", "t/Hall"}, None, None),
        ("has warmth and measures occupancy", {"t/Sensor"}, None, None),
        ("type is Hall or has power", {"t/Hall", "t/Meter"}, None, None),
        ("type is Hall and has power", set(), None, None),
        ("type is Hall or level == 1", None, None, None),
        ("not type is Hall", None, None, None),
        ('within "/"', None, {""}, None),
        ('within "/a/" and within "a/b"', None, {"/a/b"}, None),
        ('within "/a" and within "/ab"', None, set(), None),
        ('within "/a" or within "/b" and type is Hall', None, {"/a", "/b"}, None),
        ('type is Hall and (within "/a" or within "/b")', {"t/Hall"}, {"/a", "/b"}, None),
        ('within "/a" or type is Hall', None, None, None),
        ('in view:north and within "/a"', None, {"/a"}, {"north"}),
        ("in view:north and (in view:south or in view:west)", None, None, {"north"}),
        ("not in view:north", None, None, None),
    ],
)
def test_a_rule_says_what_it_can_only_be_true_of(
    text: str, types: set[str] | None, within: set[str] | None, inside: set[str] | None
) -> None:
    rule = parse_rule(text, ONTOLOGY)
    assert (rule.types, rule.within, rule.inside) == (types, within, inside)


def test_a_rule_says_what_it_depends_on() -> None:
    rule = parse_rule("not in view:north and (in view:'south' or level > 2 and area in 1..3)", ONTOLOGY)
    assert rule.views == {"north", "south"}
    assert rule.properties == {"level", "area"}
    assert rule.problem == ""


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("type is Sensor", ["a/north", "b"]),
        ("type is Device", ["a/north", "b", "ab"]),
        ("has present", ["b"]),
        ("measures temperature", ["a/north"]),
        ('within "/a"', ["a/north"]),
        ('within "/"', ["a/north", "b", "ab"]),
        ('within "/b"', []),
        ("in view:north", ["a/north"]),
        ("in view:south", []),
        ("level == 1", ["b"]),
        ("level > 0 or vendor == 'Velio'", ["ab", "b"]),
        ("not level == 1", ["a/north", "ab"]),
        ("level == 'high'", []),
        ("colour == 'red'", []),
        ("level", []),
        ("1 == 1", ["a/north", "b", "ab"]),
        ("1 / 0 == 1", []),
    ],
)
def test_a_rule_is_true_of(text: str, fitting: list[str]) -> None:
    devices = [
        device("a/north", points=("warmth",), properties={"level": 1}),
        device("b", points=("present",), declared={"properties.level": 1}),
        device("ab", type="t/Meter", points=("power",), declared={"properties.vendor": "Velio", "properties.level": 0}),
    ]
    rule = parse_rule(text, ONTOLOGY)
    fits = [each.path.removeprefix("home/") for each in devices if rule.fits(each, Graph())]
    assert sorted(fits) == sorted(fitting)
    assert not rule.fits(HOME, Graph()) or text in {"1 == 1", "not level == 1"}


@pytest.mark.parametrize(
    "text", ["", "type is", "type is Gone", "not measures happiness", "has legs", 'within "/${f}"', "in view:'${v}'"]
)
def test_a_rule_without_meaning_is_true_of_nothing(text: str) -> None:
    rule = parse_rule(text, ONTOLOGY)
    assert rule.problem
    assert rule.types == frozenset()
    assert not rule.fits(device("a", points=("warmth",)), Graph())


@given(expressions(rules=True))
def test_no_rule_ever_raises(text: str) -> None:
    rule = parse_rule(text, ONTOLOGY)
    for each in (HOME, device("a/north", points=("warmth",), declared={"properties.level": 1, "properties.on": True})):
        fits = rule.fits(each, Graph())
        assert not (fits and rule.types is not None and each.type not in rule.types)
