"""The steps of migrations, compiled. What is wrong with them is in tests/golden/authoring."""

from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.ontology.compile import compile_ontology
from twin.ontology.model import Ontology, Step
from twin.source import Diagnostics, Source

LAB = """\
ontology: lab
version: 3.1.0
imports: { core: ^1.0 }
mixins:
  Warm: { status: { heat: { type: boolean } } }
spaces:
  Room: { is: Space, properties: { use: { values: [bedroom, kitchen], required: true }, doors: { type: integer } } }
devices:
  Heater:
    is: [Device, Warm]
    status: { temperature: { type: number, unit: Cel } }
    configuration:
      setpoint: { type: number, unit: Cel, range: 5..30 }
      days: { type: list, items: { type: integer, range: 1..7 } }
  Meter: { is: Device, status: { energy: { type: number, unit: kW.h } } }
  Light: { is: Device }
  Valve: { is: Device, abstract: true }
  RadiatorValve: { is: Valve }
  FloorValve: { is: Valve }
"""


def compiled(migrations: str, more: str = "") -> Ontology:
    return compile_ontology([Source("lab.yaml", f"{LAB}{more}migrations:\n{migrations}")], find)


def steps(*written: str, more: str = "") -> list[Step]:
    ontology = compiled("  2 -> 3:\n" + "".join(f"    - {step}\n" for step in written), more)
    (migration,) = ontology.migrations
    assert (migration.document, migration.before, migration.after) == ("lab", "2", "3")
    assert all(step.place is not None and step.place.file == "lab.yaml" for step in migration.steps)
    return list(migration.steps)


def codes(*written: str, more: str = "") -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        steps(*written, more=more)
    return [found.code for found in caught.value.diagnostics]


def test_a_type_and_its_member_are_renamed() -> None:
    kind, member = steps("{ rename: Radiator, to: Heater }", "{ rename: Radiator.temp, to: temperature }")
    assert (kind.kind, kind.subject, kind.to) == ("rename", "lab/Radiator", ("Heater",))
    assert (member.kind, member.subject, member.to) == ("rename", "lab/Radiator.temp", ("temperature",))


def test_what_is_named_as_in_the_newer_version_is_taken_by_its_older_name() -> None:
    *_, rename, convert = steps(
        "{ rename: Radiator, to: Heater }",
        "{ rename: Heater.temp, to: temperature }",
        "{ convert: Heater.temperature, from: K, to: Cel }",
    )
    assert rename.subject == "lab/Radiator.temp"
    assert (convert.subject, convert.units) == ("lab/Radiator.temp", ("K", "Cel"))


def test_two_types_may_change_their_names() -> None:
    one, other, member = steps(
        "{ rename: Light, to: Meter }", "{ rename: Meter, to: Light }", "{ rename: Light.power, to: energy }"
    )
    assert (one.subject, other.subject, member.subject) == ("lab/Light", "lab/Meter", "lab/Light.power")


def test_a_member_is_renamed_where_it_is_declared() -> None:
    assert steps("{ rename: Warm.hot, to: heat }")[0].subject == "lab/Warm.hot"


def test_a_type_is_split() -> None:
    (split,) = steps("{ split: Valve, to: { RadiatorValve: { rule: has battery }, FloorValve: {} } }")
    assert (split.kind, split.subject, split.to) == ("split", "lab/Valve", ("lab/RadiatorValve", "lab/FloorValve"))
    assert split.when == {"lab/RadiatorValve": "has battery"}


def test_a_merge_is_a_step_for_each_type_that_goes() -> None:
    merged = steps("{ merge: [Lamp, Light, Bulb], to: Light }")
    assert [(step.kind, step.subject, step.to) for step in merged] == [
        ("merge", "lab/Lamp", ("lab/Light",)),
        ("merge", "lab/Bulb", ("lab/Light",)),
    ]


def test_units_values_and_reasons() -> None:
    convert, enum, number, setting, days, remove = steps(
        "{ convert: Meter.energy, from: W.h, to: kW.h }",
        "{ default: Room.use, value: bedroom }",
        "{ default: Room.doors, value: 1 }",
        "{ default: Heater.setpoint, value: 19 }",
        "{ default: Heater.days, value: [1, 7] }",
        '{ remove: Heater.old, reason: "it was never right" }',
    )
    assert (convert.subject, convert.units) == ("lab/Meter.energy", ("W.h", "kW.h"))
    assert [step.value for step in (enum, number, setting, days)] == ["bedroom", 1, 19.0, [1, 7]]
    assert (remove.subject, remove.reason) == ("lab/Heater.old", "it was never right")


@pytest.mark.parametrize(
    "step",
    [
        "{ default: Heater.days, value: [1, 8] }",
        "{ default: Room.use, value: [bedroom] }",
        "{ default: Heater.temperature, value: 5 }",
        "{ convert: Heater.heat, from: K, to: Cel }",
        "{ convert: Meter.energy, from: kW.h, to: kW.h }",
        "{ convert: Room, from: K, to: Cel }",
        "{ rename: Heater.temperature, to: setpoint }",
        "{ split: Valve.open, to: { RadiatorValve: {}, FloorValve: { rule: has x } } }",
        "{ merge: [Lamp, Bulb], to: Valve }",
        "{ remove: Meter, reason: none }",
    ],
)
def test_one_mistake_is_one_diagnostic(step: str) -> None:
    assert len(codes(step)) == 1


def test_what_goes_later_may_be_there_still_if_it_is_deprecated() -> None:
    step = "{ rename: Meter, to: Light }"
    assert codes(step) == ["step.present"]
    assert steps(step, more="deprecated: { Meter: { use: Light } }\n")
    assert codes("{ remove: Meter, reason: dull }", more="deprecated: { Meter: {} }\n") == ["step.present"]


def test_names_are_followed_to_this_version() -> None:
    ontology = compiled(
        """\
  1 -> 2:
    - { rename: Warmer, to: Radiator }
    - { rename: Warmer.t, to: temp }
    - { merge: [Tap, Cock], to: Valve1 }
    - { convert: Warmer.t, from: "[degF]", to: K }
    - { rename: Gone, to: Going }
    - { default: Radiator.set, value: 300 }
    - { remove: Meter, reason: "it came back, as another" }
  2 -> 3:
    - { rename: Radiator, to: Heater }
    - { rename: Radiator.temp, to: temperature }
    - { rename: Radiator.set, to: setpoint }
    - { convert: Radiator.temp, from: K, to: Cel }
    - { convert: Radiator.set, from: K, to: Cel }
    - { rename: Valve1, to: FloorValve }
    - { remove: Going, reason: nobody had one }
"""
    )
    assert [len(migration.steps) for migration in ontology.migrations] == [8, 7]


def test_a_name_that_is_lost_on_the_way_is_missed() -> None:
    with pytest.raises(AuthoringError) as caught:
        compiled("  1 -> 2:\n    - { rename: A, to: B }\n  2 -> 3:\n    - { rename: B, to: C }\n")
    assert [(found.code, found.place.line) for found in caught.value.diagnostics] == [
        ("type.unknown", LAB.count("\n") + 3),
        ("type.unknown", LAB.count("\n") + 5),
    ]


def test_what_leads_to_a_version_to_come_is_judged_once_that_is_here() -> None:
    report = Diagnostics()
    written = """\
  2 -> 3:
    - { rename: Radiator, to: Heater }
  3 -> 4:
    - { rename: Heater, to: Warmer }
    - { split: Meter, to: { DayMeter: { rule: has day }, NightMeter: {} } }
    - { convert: Meter.energy, from: kW.h, to: MW.h }
    - { default: Meter.days, value: [1, 2] }
    - { default: Meter.day, value: 1 }
    - { remove: Light, reason: it is day }
"""
    ontology = compile_ontology([Source("lab.yaml", f"{LAB}migrations:\n{written}")], find, report)
    assert [len(migration.steps) for migration in ontology.migrations] == [1, 6]
    assert [step.value for step in ontology.migrations[1].steps[3:5]] == [[1, 2], 1]
    assert [(found.code, found.severity) for found in report.all] == [("migration.version", "warning")]


def test_migrations_are_in_the_order_of_their_versions() -> None:
    ontology = compiled("  2 -> 3: []\n  1.2 -> 1.3: []\n  1 -> 2: []\n")
    assert [migration.after for migration in ontology.migrations] == ["1.3", "2", "3"]


def test_what_follows_from_a_type_that_is_wrong_is_not_reported() -> None:
    broken = "views: { Odd: { is: Viw } }\n"
    assert codes("{ rename: Old, to: Odd }", "{ default: Odd.x, value: 1 }", more=broken) == ["type.unknown"]
