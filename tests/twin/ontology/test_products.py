from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.ontology.compile import compile_ontology
from twin.ontology.model import Ontology
from twin.source import Diagnostics, Source

LAB = """\
ontology: lab
version: 1.0.0
imports: { core: ^1.0 }
gateways: { Box: { is: Gateway } }
devices:
  Shutter:
    is: Device
    status:
      position: { type: number, unit: "%", range: 0..100 }
      wind: { type: boolean, optional: true }
    commands: { close: {}, stop: {}, dance: { optional: true } }
    properties: { width: { type: number, unit: m, max: 4 }, floors: { type: integer }, since: { type: timestamp } }
models:
"""


def compiled(models: str, report: Diagnostics | None = None) -> Ontology:
    return compile_ontology([Source("lab.yaml", LAB + models)], find, report)


def codes(models: str) -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        compiled(models)
    return [found.code for found in caught.value.diagnostics]


def test_a_model_says_what_a_product_has() -> None:
    ontology = compiled("""\
  VelioSolar:
    of: Shutter
    lacks: [position, stop]
    has: [wind, dance]
    vendor: Velio
    properties: { width: 2, floors: 3, since: 2020-01-01 }
    title: { en: Velio Solar }
    description: It needs no wire
  Bridge: { of: Box }
""")
    found = ontology.models["VelioSolar"]
    assert (found.name, found.short, found.of) == ("lab/VelioSolar", "VelioSolar", "lab/Shutter")
    assert (found.lacks, found.has, found.vendor) == (("position", "stop"), ("wind", "dance"), "Velio")
    assert found.properties == {"width": 2.0, "floors": 3, "since": "2020-01-01"}
    assert isinstance(found.properties["width"], float)
    assert (found.title, found.description) == ({"en": "Velio Solar"}, {"": "It needs no wire"})
    assert ontology.models["Bridge"].of == "lab/Box"


def test_models_and_types_share_their_names() -> None:
    assert codes("  Shutter: { of: Box }\n") == ["type.duplicate"]


@pytest.mark.parametrize(
    "model",
    [
        "{ of: Box, lacks: [position] }",
        "{ of: Shutter, lacks: [position], has: [position] }",
        "{ of: Shutter, has: [width] }",
        "{ of: Shutter, properties: { width: 5 } }",
        "{ of: Shutter, properties: { floors: 2.5 } }",
        "{ of: Shutter, properties: { since: yesterday } }",
        "{ of: Shutter, properties: { position: 5 } }",
    ],
)
def test_one_mistake_is_one_diagnostic(model: str) -> None:
    assert len(codes(f"  Odd: {model}\n")) == 1


def test_what_every_instance_has_anyway_is_warned_of() -> None:
    report = Diagnostics()
    compiled("  Same: { of: Shutter, lacks: [wind], has: [close] }\n", report)
    assert [found.code for found in report.all] == ["point.superfluous"] * 2


def test_what_follows_from_a_type_that_is_wrong_is_not_reported() -> None:
    broken = "  Broken: { is: Device, status: { level: { type: nmber } }, properties: { size: { type: q } } }\n"
    models = "  Odd: { of: Broken, lacks: [level], properties: { size: 1 } }\n"
    with pytest.raises(AuthoringError) as caught:
        compile_ontology([Source("lab.yaml", LAB.replace("devices:\n", f"devices:\n{broken}") + models)], find)
    assert [found.code for found in caught.value.diagnostics] == ["type.unknown"] * 2
