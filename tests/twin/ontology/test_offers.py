"""What differs between two versions beside their types: models, roles, migrations and the names that imports give."""

from __future__ import annotations

from functools import cache

import pytest

from tests.authoring import find
from twin.ontology.compile import compile_ontology
from twin.ontology.difference import Difference, compare_ontologies
from twin.ontology.model import Ontology
from twin.source import Source

LAB = """\
ontology: lab
version: 2.0.0
imports:
  core: { version: ^1.0, as: { Group: Heap } }
spaces:
  Flat: { is: Space, boundary: true, properties: { use: { values: [work, sleep] } } }
  Loft: { is: Flat }
devices:
  Lamp:
    is: Device
    status: { on: { type: boolean }, dim: { type: boolean, optional: true }, hot: { type: boolean, optional: true } }
    commands: { toggle: {} }
  Spot: { is: Lamp }
  Fan: { is: Device }
models:
  Neon: { of: Lamp, lacks: [toggle], has: [dim], vendor: Velio, properties: { model: N1 }, title: Neon }
roles:
  Tenant: { on: Flat, may: [read, command], crosses: Loft, title: Tenant }
migrations:
  1 -> 2:
    - { rename: Torch, to: Spot }
    - { remove: Candle, reason: it burns }
"""
CASES = [
    ("of: Lamp,", "of: Spot,", "minor", "lab/Neon", "'of' changed from Lamp to Spot"),
    ("lacks: [toggle]", "lacks: [toggle, on]", "major", "lab/Neon", "'on' added to 'lacks'"),
    ("lacks: [toggle]", "lacks: []", "minor", "lab/Neon", "'toggle' removed from 'lacks'"),
    ("has: [dim]", "has: []", "major", "lab/Neon", "'dim' removed from 'has'"),
    ("has: [dim]", "has: [dim, hot]", "minor", "lab/Neon", "'hot' added to 'has'"),
    ("vendor: Velio", "vendor: Hexa", "minor", "lab/Neon", "vendor changed"),
    ("model: N1", "model: N2", "minor", "lab/Neon", "properties changed"),
    ("title: Neon", "title: Tube", "patch", "lab/Neon", "title changed"),
    ("title: Neon", "title: Neon, description: It hums", "patch", "lab/Neon", "description changed"),
    ("models:", "models:\n  Tube: { of: Spot }", "minor", "lab/Tube", "model added"),
    ("may: [read, command]", "may: [read]", "major", "lab/Tenant", "'command' removed from 'may'"),
    ("may: [read, command]", "may: [read, command, share]", "minor", "lab/Tenant", "'share' added to 'may'"),
    ("on: Flat", "on: Loft", "major", "lab/Tenant", "'on' narrowed from Flat to Loft"),
    ("crosses: Loft", "crosses: Flat", "minor", "lab/Tenant", "'crosses' widened from Loft to Flat"),
    ("title: Tenant", "title: Renter", "patch", "lab/Tenant", "title changed"),
    ("roles:", "roles:\n  Owner: { on: Flat, may: read }", "minor", "lab/Owner", "role added"),
    ("rename: Torch", "rename: Flare", "minor", "lab: 1 -> 2", "steps changed"),
    ("it burns", "it burned", "patch", "lab: 1 -> 2", "reasons changed"),
    ("  1 -> 2:", "  1.2 -> 1.3: []\n  1 -> 2:", "patch", "lab: 1.2 -> 1.3", "migration added"),
    ("Group: Heap", "Group: Pile", "major", "imports.core", "Group is called Pile, and was called Heap"),
    (
        "{ version: ^1.0, as: { Group: Heap } }",
        "^1.0",
        "major",
        "imports.core",
        "Group is called Group, and was called",
    ),
    ("version: ^1.0", "version: '>=1.0'", "minor", "imports.core", "changed from ^1.0 to >=1.0"),
]


@cache
def read(text: str) -> Ontology:
    return compile_ontology([Source("lab.yaml", text)], find)


def differences(old: str, new: str) -> tuple[Difference, ...]:
    return compare_ontologies(read(old), read(new), "lab").differences


@pytest.mark.parametrize(("old", "new", "needs", "subject", "said"), CASES, ids=[case[4] for case in CASES])
def test_one_change_is_one_difference(old: str, new: str, needs: str, subject: str, said: str) -> None:
    assert LAB.count(old) == 1
    (found,) = differences(LAB, LAB.replace(old, new))
    assert (found.needs, found.subject) == (needs, subject)
    assert found.said.startswith(said)
    assert found.reason
    assert found.place.file == "lab.yaml"


@pytest.mark.parametrize("section", ["models", "roles", "migrations"])
def test_what_is_gone_is_missed(section: str) -> None:
    start = LAB.index(f"{section}:\n")
    end = min((at for name in ("roles:\n", "migrations:\n") if (at := LAB.find(name, start + 1)) > 0), default=len(LAB))
    (found,) = differences(LAB, LAB[:start] + LAB[end:])
    assert found.breaking
    assert found.said.endswith("removed")


def test_a_model_of_another_type_breaks_what_is_of_it() -> None:
    (found,) = differences(LAB.replace("Neon: { of: Lamp", "Neon: { of: Spot"), LAB)
    assert (found.said, found.breaking) == ("'of' changed from Spot to Lamp", True)


def test_what_may_have_been_renamed_is_hinted_at() -> None:
    gone, come = differences(LAB, LAB.replace("Tenant: {", "Renter: {"))
    assert (gone.hint, come.subject) == ("renamed to 'Renter'?", "lab/Renter")


def test_another_name_for_an_imported_type_is_one_difference_wherever_it_is_used() -> None:
    used = LAB.replace("  Loft:", "  Nook: { is: Flat, contains: [] }\n  Loft:") + "views: { Pair: { is: Heap } }\n"
    (found,) = differences(used, used.replace("Heap", "Pile"))
    assert found.subject == "imports.core"
