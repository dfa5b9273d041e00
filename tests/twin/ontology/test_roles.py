from __future__ import annotations

from tests.authoring import find
from twin.ontology.compile import compile_ontology
from twin.ontology.model import Ontology
from twin.source import Diagnostics, Source

LAB = """\
ontology: lab
version: 1.0.0
imports: { core: ^1.0 }
spaces:
  Home: { is: Space, abstract: true }
  Flat: { is: Home, boundary: true }
  Loft: { is: Flat }
devices: { Lamp: { is: Device } }
roles:
  Tenant: { on: [Flat], may: [read, read-private, configure, command, share], title: { en: Tenant } }
  Caretaker: { on: [Site, View, Lamp], may: read, description: Looks after it }
  Landlord: { on: Site, may: [read, administer], crosses: [Loft, Home] }
"""


def compiled(text: str = LAB, report: Diagnostics | None = None) -> Ontology:
    return compile_ontology([Source("lab.yaml", text)], find, report)


def test_a_role_says_what_may_be_done_and_where() -> None:
    report = Diagnostics()
    roles = compiled(report=report).roles
    assert not report.all
    tenant, caretaker, landlord = roles.values()
    assert (tenant.name, tenant.short, tenant.on) == ("lab/Tenant", "Tenant", ("lab/Flat",))
    assert tenant.may == {"read", "read-private", "configure", "command", "share"}
    assert (tenant.title, caretaker.description) == ({"en": "Tenant"}, {"": "Looks after it"})
    assert (caretaker.on, caretaker.crosses) == (("core/Site", "core/View", "lab/Lamp"), ())
    assert landlord.crosses == ("lab/Loft", "lab/Home"), "what descends from a boundary, or has descendants that are"


def test_a_role_is_found_by_either_name() -> None:
    ontology = compiled()
    assert ontology.role("Tenant") is ontology.role("lab/Tenant") is ontology.roles["lab/Tenant"]
    assert ontology.role("Owner") is None


def test_a_short_name_that_two_roles_have_finds_neither() -> None:
    other = Source(
        "other.yaml",
        LAB.replace("ontology: lab", "ontology: other").split("spaces:")[0]
        + "roles: { Tenant: { on: Site, may: read } }\n",
    )
    ontology = compile_ontology([Source("lab.yaml", LAB), other], find)
    assert ontology.role("Tenant") is None
    assert ontology.role("other/Tenant") is ontology.roles["other/Tenant"]
