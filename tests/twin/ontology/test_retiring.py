from __future__ import annotations

from tests.authoring import find
from twin.ontology.compile import compile_ontology
from twin.ontology.model import Deprecation, EntityType, Ontology
from twin.source import Diagnostics, Source

LAB = """\
ontology: lab
version: 1.2.0
imports: { core: ^1.0 }
mixins:
  Warm: { status: { heat: { type: boolean, optional: true } } }
devices:
  Radiator:
    is: [Device, Warm]
    status: { temp: { type: number, unit: Cel }, temperature: { type: number, unit: Cel } }
    properties: { size: { type: string } }
    commands: { open: {} }
    events: { leak: {} }
  Towel: { is: Radiator, status: { temp: { range: 0..90 } } }
  Heater: { is: Device }
gateways:
  Box: { is: Gateway, connects: [Radiator] }
models:
  Long: { of: Radiator, has: [heat] }
deprecated:
  Radiator: { use: Heater, since: 1.1, remove: 2.0 }
  Radiator.temp: { use: Radiator.temperature, since: 1.2 }
  Radiator.size: {}
  Radiator.open: {}
  Radiator.leak: {}
  Warm.heat: { remove: 3 }
"""


def compiled(report: Diagnostics | None = None, text: str = LAB) -> Ontology:
    return compile_ontology([Source("lab.yaml", text)], find, report)


def of(name: str) -> EntityType:
    found = compiled().find(name)
    assert found is not None
    return found


def said(found: Deprecation | None) -> tuple[str, str | None, str | None, str | None] | None:
    return None if found is None else (found.name, found.use, found.since, found.remove)


def test_a_type_that_is_deprecated_says_nothing_of_its_subtypes() -> None:
    assert said(of("Radiator").deprecated) == ("lab/Radiator", "lab/Heater", "1.1", "2.0")
    assert of("Towel").deprecated is None
    assert of("Heater").deprecated is None


def test_a_member_that_is_deprecated_is_so_for_all_that_inherit_it() -> None:
    for name in ("Radiator", "Towel"):
        found = of(name)
        assert said(found.points["temp"].deprecated) == ("lab/Radiator.temp", "lab/Radiator.temperature", "1.2", None)
        assert found.points["temperature"].deprecated is None
        assert found.properties["size"].deprecated
        assert found.commands["open"].deprecated
        assert found.events["leak"].deprecated
        assert said(found.points["heat"].deprecated) == ("lab/Warm.heat", None, None, "3")


def test_an_ontology_goes_on_naming_what_it_deprecates_where_that_is_allowed() -> None:
    report = Diagnostics()
    compiled(report)
    assert [(found.code, found.place.line) for found in report.all] == [("name.deprecated", 13)]
    report = Diagnostics()
    compiled(report, LAB + "  Towel: {}\n")
    assert not report.all, "and what is deprecated itself may be what it is"


def test_authors_are_not_warned_of_what_others_wrote() -> None:
    report = Diagnostics()
    user = Source("user.yaml", "ontology: user\nversion: 1\nimports: { core: ^1.0, lab: ^1.0 }\n")
    overdue = Source("lab.yaml", LAB + "  Heater: { remove: 1.1 }\n")
    compile_ontology([user], {"lab": overdue, "core": find("core")}.get, report)
    assert not report.all
