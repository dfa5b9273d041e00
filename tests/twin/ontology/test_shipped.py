from __future__ import annotations

from functools import cache

import pytest

from tests.authoring import ROOT, find
from twin.ontology.compile import compile_ontology
from twin.ontology.model import KINDS, Ontology
from twin.source import Diagnostics, Source
from twin.units import UNITS

NAMES = sorted(path.stem for path in (ROOT / "ontologies").glob("*.yaml"))


@cache
def shipped() -> tuple[Ontology, Diagnostics]:
    """All of them, in force together."""
    report = Diagnostics()
    sources = [Source(f"{name}.yaml", (ROOT / "ontologies" / f"{name}.yaml").read_text("utf-8")) for name in NAMES]
    return compile_ontology(sources, find, report), report


def test_all_of_them_are_in_force_together() -> None:
    assert NAMES == ["collective-housing", "connected-home", "core", "tertiary"]
    assert shipped()[1].all == ()


def test_core_has_the_five_roots() -> None:
    for kind in KINDS:
        root = shipped()[0].types[f"core/{kind.capitalize()}"]
        assert root.abstract
        assert root.kind == kind
        assert root.lineage == (root.name,)


def test_every_quantity_has_a_unit_of_the_table_and_a_title_in_two_languages() -> None:
    for quantity in shipped()[0].quantities.values():
        assert quantity.unit is None or quantity.unit in UNITS
        assert quantity.title.keys() == {"en", "fr"}


def test_every_quantity_with_a_unit_is_one_elsewhere_too() -> None:
    quantities = [each for each in shipped()[0].quantities.values() if each.unit is not None]
    assert [each.name for each in quantities if not each.aligns.keys() & {"brick", "qudt"}] == ["signal_strength"]


@pytest.mark.parametrize("named", ["types", "models", "roles", "relations"])
def test_everything_has_a_title_in_two_languages(named: str) -> None:
    found = getattr(shipped()[0], named).values()
    assert [each.name for each in found if each.title.keys() != {"en", "fr"}] == []


def test_every_physical_point_says_what_it_measures_within_which_bounds() -> None:
    points = [point for found in shipped()[0].types.values() for point in found.points.values()]
    numbers = [point for point in points if point.value == "number"]
    assert all(point.measures is not None for point in numbers)
    assert all(point.minimum is not None or point.name == "power" for point in numbers)


def test_an_index_only_rises_and_what_is_set_says_from_where_it_begins() -> None:
    points = {
        (found.name, point.name): point for found in shipped()[0].types.values() for point in found.points.values()
    }
    indexes = [point for point in points.values() if point.accumulates]
    assert len(indexes) > 50
    assert all(point.minimum == 0 and point.section == "status" for point in indexes)


def test_who_is_at_home_is_private() -> None:
    """Of what stands in somebody's home; a workplace's zones are no one's."""
    homes = [each for each in shipped()[0].types.values() if each.name.startswith("connected-home/")]
    present = [
        (each, point) for each in homes for point in each.points.values() if point.measures in {"occupancy", "motion"}
    ]
    assert present
    assert all(point.private for _, point in present)


def test_a_flat_is_a_boundary_that_only_landlords_cross() -> None:
    ontology = shipped()[0]
    assert {each.short for each in ontology.types.values() if each.boundary} >= {"Flat", "Apartment", "Duplex", "Shop"}
    assert {role.short for role in ontology.roles.values() if role.crosses} == {"Landlord"}
    assert "read-private" not in ontology.roles["collective-housing/Landlord"].may


def test_a_catalogue_of_homes_is_large() -> None:
    ontology = shipped()[0]
    assert len([each for each in ontology.types.values() if each.kind == "device" and not each.abstract]) > 150
    assert sum(len(each.commands) > 0 for each in ontology.types.values()) > 60
    assert sum(len(each.events) > 0 for each in ontology.types.values()) > 15
