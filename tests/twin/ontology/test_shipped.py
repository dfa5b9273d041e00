from __future__ import annotations

from tests.authoring import find
from twin.ontology.compile import compile_ontology
from twin.ontology.model import KINDS, Ontology
from twin.units import UNITS


def home() -> Ontology:
    source = find("connected-home")
    assert source is not None
    return compile_ontology([source], find)


def test_core_has_the_five_roots() -> None:
    ontology = home()
    for kind in KINDS:
        root = ontology.types[f"core/{kind.capitalize()}"]
        assert root.abstract
        assert root.kind == kind
        assert root.lineage == (root.name,)


def test_every_quantity_has_a_unit_of_the_table_and_a_title_in_two_languages() -> None:
    for quantity in home().quantities.values():
        assert quantity.unit is None or quantity.unit in UNITS
        assert quantity.title.keys() == {"en", "fr"}


def test_every_type_has_a_title_in_two_languages() -> None:
    assert [found.name for found in home().types.values() if found.title.keys() != {"en", "fr"}] == []


def test_every_physical_point_says_what_it_measures_within_which_bounds() -> None:
    points = [point for found in home().types.values() for point in found.points.values() if point.value == "number"]
    assert all(point.measures is not None for point in points)
    assert all(point.minimum is not None or point.name == "power" for point in points)
