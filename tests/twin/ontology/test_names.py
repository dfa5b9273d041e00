"""Names that imports give: ``as:``."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError, Diagnostic
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.model import Ontology
from twin.source import Source

TEXTS = {
    "grid": """\
enums: { Tariff: [day, night] }
devices:
  Meter: { is: Device, configuration: { tariff: { type: Tariff } } }
  SmartMeter: { is: Meter }
models: { Hexa: { of: Meter } }
""",
    "house": """\
enums: { Tariff: [cheap, dear] }
devices:
  Meter: { is: Device }
models: { Hexa: { of: Meter } }
""",
    "town": """\
imports:
  house: ^1.0
  grid: { version: ^1.0, as: { Meter: GridMeter, Tariff: GridTariff, Hexa: GridHexa } }
spaces: { Hall: { is: Space } }
devices:
  Both: { is: [GridMeter, Device], status: { rate: { type: GridTariff } } }
  Ours: { is: Meter, status: { rate: { type: Tariff } } }
  Theirs: { is: grid/Meter }
relations: { reads: { from: [Meter, GridMeter], to: Hall } }
""",
    "user": """\
imports: { grid: ^1.0 }
devices: { Mine: { is: Meter, status: { rate: { type: Tariff } } } }
""",
    "citizen": """\
imports: { town: ^1.0, grid: ^1.0 }
devices: { Mast: { is: [GridMeter, Device] }, Home: { is: Meter } }
""",
}


def source(name: str) -> Source | None:
    if name not in TEXTS:
        return find(name)
    text = TEXTS[name]
    core = "core: '*'"
    body = text.replace("imports:\n", f"imports:\n  {core}\n").replace("imports: {", f"imports: {{ {core},")
    if "imports:" not in body:
        body = f"imports: {{ {core} }}\n{body}"
    return Source(f"{name}.yaml", f"ontology: {name}\nversion: 1.0.0\n{body}")


def compiled(*names: str) -> Ontology:
    return compile_ontology([found for name in names if (found := source(name)) is not None], source)


def wrong(*texts: str) -> tuple[Diagnostic, ...]:
    sources = [Source(f"{number}.yaml", text) for number, text in enumerate(texts)]
    with pytest.raises(AuthoringError) as caught:
        compile_ontology(sources, source)
    return caught.value.diagnostics


def test_a_type_keeps_its_qualified_name() -> None:
    ontology = compiled("town")
    grid = ontology.types["grid/Meter"]
    assert (grid.name, grid.short) == ("grid/Meter", "GridMeter")
    assert ontology.find("GridMeter") is ontology.find("grid/Meter") is grid
    assert ontology.find("Meter") is ontology.types["house/Meter"]
    assert ontology.types["grid/SmartMeter"].parents == ("grid/Meter",)
    assert ontology.types["town/Both"].lineage[:2] == ("town/Both", "grid/Meter")
    assert ontology.types["town/Ours"].parents == ("house/Meter",)
    assert ontology.types["town/Theirs"].parents == ("grid/Meter",)
    assert ontology.relations["reads"].sources == ("house/Meter", "grid/Meter")


def test_enums_and_models_may_be_given_other_names_too() -> None:
    ontology = compiled("town")
    assert ontology.enums["GridTariff"].values == ("day", "night")
    assert ontology.types["grid/Meter"].points["tariff"].enum == "GridTariff"
    assert ontology.types["town/Both"].points["rate"].values == ("day", "night")
    assert ontology.types["town/Ours"].points["rate"].values == ("cheap", "dear")
    assert (ontology.models["GridHexa"].name, ontology.models["GridHexa"].of) == ("grid/Hexa", "grid/Meter")
    assert ontology.models["Hexa"].of == "house/Meter"


def test_what_does_not_know_the_other_name_means_the_same_whatever_else_is_installed() -> None:
    alone, together = compiled("user"), compiled("user", "town")
    assert alone.types["grid/Meter"].short == "Meter"
    assert together.types["grid/Meter"].short == "GridMeter"
    assert alone.types["user/Mine"].parents == together.types["user/Mine"].parents == ("grid/Meter",)


def test_a_name_given_by_an_import_reaches_those_who_import_that() -> None:
    ontology = compiled("citizen")
    assert ontology.types["citizen/Mast"].parents[0] == "grid/Meter"
    assert ontology.types["citizen/Home"].parents == ("house/Meter",)


def test_installed_documents_compile_to_the_same_in_any_order() -> None:
    ontology = compiled("town", "user", "citizen")
    for documents in permutations(ontology.documents, len(ontology.documents)):
        if documents[0].name == "core":
            assert compile_documents(documents).types == ontology.types
            assert compile_documents(documents).models == ontology.models


def test_a_clash_says_how_to_give_another_name() -> None:
    text = "ontology: lab\nversion: 1\nimports: { core: '*', grid: ^1.0, house: ^1.0 }\n"
    found = wrong(text)
    assert {each.code for each in found} == {"type.duplicate"}
    assert "as: { Meter: OtherMeter }" in found[1].help
    own = wrong("ontology: lab\nversion: 1\nimports: { core: '*', grid: ^1.0 }\ndevices: { Meter: { is: Device } }\n")
    (one,) = own
    assert "give the other another name here: 'imports: { grid: { version: ^1.0.0, as: { Meter:" in one.help


def test_names_that_clash_for_one_document_clash_though_another_keeps_them_apart() -> None:
    lab = "ontology: lab\nversion: 1\nimports: { core: '*', grid: ^1.0, house: ^1.0 }\n"
    town = source("town")
    assert town is not None
    found = wrong(lab, town.text)
    assert {(each.code, each.place.file) for each in found} == {("type.duplicate", "0.yaml")}
    assert "'Hexa'" in found[0].message or "'Meter'" in found[0].message


def test_a_given_name_that_is_taken_is_a_clash() -> None:
    text = "ontology: lab\nversion: 1\nimports: { core: '*', grid: { version: '*', as: { Meter: Lamp } } }\n"
    (found,) = wrong(text + "devices: { Lamp: { is: Device } }\n")
    assert (found.code, found.place.line) == ("type.duplicate", 4)


def test_the_version_of_an_import_is_checked_in_its_long_form_too() -> None:
    (found,) = wrong("ontology: lab\nversion: 1\nimports: { core: { version: ^9 } }\n")
    assert (found.code, found.place.column) == ("import.version", 29)
