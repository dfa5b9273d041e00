from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring import ROOT, find
from tests.strategies import ontologies
from twin.ontology.compile import compile_ontology
from twin.ontology.difference import Comparison, Difference, compare_ontologies
from twin.ontology.model import (
    CommandType,
    Deprecation,
    EntityType,
    EnumType,
    EventType,
    FieldType,
    Migration,
    ModelType,
    Ontology,
    PointType,
    PropertyType,
    Quantity,
    RelationType,
    RoleType,
    Step,
)
from twin.source import Source

HEAD = "ontology: lab\nversion: {version}\nimports: {{ core: ^1.0 }}\n"
LAB = """
enums:
  Mode: [day, night]
quantities:
  warmth: { unit: Cel }
mixins:
  Powered: { status: { level: { type: number, unit: "%", range: 0..100, every: 5 min } } }
sites:
  Yard: { is: Site, contains: [Shed] }
spaces:
  Shed: { is: Space, contains: [Nook], properties: { area: { type: number, unit: m2, min: 1 } } }
  Nook: { is: Space }
gateways:
  Hub: { is: Gateway, connects: [Lamp] }
views:
  Lamps: { is: Group, of: Lamp }
devices:
  Lamp:
    is: [Device, Powered]
    status:
      on: { type: boolean }
      glow: { type: number, unit: W, range: 0..5, optional: true, measures: active_power }
    configuration:
      mode: { type: Mode }
      colour: { values: [red, green] }
    properties:
      socket: { type: Mode, required: true }
  Spot: { is: Lamp, title: Spot }
relations:
  lights: { from: Lamp, to: [Shed, Nook], inverse: lit_by, title: Lights }
"""


@cache
def read(body: str, version: str = "1.0.0") -> Ontology:
    return compile_ontology([Source("lab.yaml", HEAD.format(version=version) + body)], find)


def compare(before: str, after: str, old: str = "1.0.0", new: str = "1.0.0") -> Comparison:
    return compare_ontologies(read(before, old), read(after, new), "lab")


def changed(*pairs: tuple[str, str]) -> tuple[Difference, ...]:
    """What differs when these words of the laboratory become others."""
    after = LAB
    for old, new in pairs:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    return compare(LAB, after).differences


CASES = [
    # words, what they become: needs, subject, what is said
    ("  Nook: { is: Space }", "  Nook: { is: Space }\n  Attic: { is: Space }", "minor", "Attic", "type of space added"),
    ("  Spot: { is: Lamp, title: Spot }\n", "", "major", "Spot", "type of device removed"),
    ("Spot: { is: Lamp,", "Spot: { is: Lamp, abstract: true,", "major", "Spot", "made abstract"),
    ("Spot: { is: Lamp,", "Spot: { is: [Lamp, Device],", "patch", "Spot", "parents written in another way"),
    ("title: Spot }", "title: Spotlight }", "patch", "Spot", "title changed"),
    ("title: Spot }", "title: Spot, plural: Spottes }", "patch", "Spot", "plural changed"),
    ("title: Spot }", "title: Spot, description: Small }", "patch", "Spot", "description changed"),
    ("on: { type: boolean }", "", "major", "Lamp.on", "removed from 'status'"),
    (
        "on: { type: boolean }",
        "on: { type: boolean }\n      dim: { type: boolean }",
        "minor",
        "Lamp.dim",
        "added to 'status'",
    ),
    (
        "on: { type: boolean }",
        "on: { type: boolean }\n      dim: { type: boolean, optional: true }",
        "minor",
        "Lamp.dim",
        "added to 'status' as optional",
    ),
    ("on: { type: boolean }", "on: { type: string }", "major", "Lamp.on", "type changed from boolean to string"),
    ("on: { type: boolean }", "on: { type: Mode }", "major", "Lamp.on", "type changed from boolean to Mode"),
    ("on: { type: boolean }", "on: { type: boolean, title: On }", "patch", "Lamp.on", "title changed"),
    ("on: { type: boolean }", "on: { type: boolean, optional: true }", "major", "Lamp.on", "made optional"),
    (
        "on: { type: boolean }",
        "on: { type: boolean, measures: on_off }",
        "minor",
        "Lamp.on",
        "'measures' changed from nothing to on_off",
    ),
    ("optional: true, ", "", "minor", "Lamp.glow", "made no longer optional"),
    (", measures: active_power", "", "major", "Lamp.glow", "'measures' changed from active_power to nothing"),
    ("unit: W, range: 0..5", "unit: W, range: 0..4", "major", "Lamp.glow", "range narrowed from 0..5 to 0..4"),
    ("unit: W, range: 0..5", "unit: W, range: 1..6", "major", "Lamp.glow", "range changed from 0..5 to 1..6"),
    ("unit: W, range: 0..5", "unit: W, range: 0..9", "minor", "Lamp.glow", "range widened from 0..5 to 0..9"),
    ("unit: W, range: 0..5", "unit: W", "minor", "Lamp.glow", "range widened from 0..5 to any"),
    ("unit: W, range: 0..5", "unit: mW, range: 0..5000", "major", "Lamp.glow", "unit changed from W to mW"),
    ("every: 5 min", "every: 1 h", "minor", "Powered.level", "interval changed from 300 s to 3600 s"),
    (
        'unit: "%", range: 0..100',
        'unit: "%", range: 0..90',
        "major",
        "Powered.level",
        "range narrowed from 0..100 to 0..90",
    ),
    ("[red, green]", "[red]", "major", "Lamp.colour", "'green' removed from its words"),
    ("[red, green]", "[red, green, blue]", "minor", "Lamp.colour", "'blue' added to its words"),
    ("[red, green]", "[green, red]", "patch", "Lamp.colour", "words put in another order"),
    ("[day, night]", "[day]", "major", "Mode", "'night' removed from its words"),
    ("[day, night]", "[day, night, dusk]", "minor", "Mode", "'dusk' added to its words"),
    ("enums:", "enums:\n  Tint: [warm]", "minor", "Tint", "enum added"),
    ("  warmth: { unit: Cel }", "  warmth: { unit: Cel }\n  heat: { unit: J }", "minor", "heat", "quantity added"),
    ("warmth: { unit: Cel }", "warmth: { unit: K }", "patch", "warmth", "unit changed from Cel to K"),
    ("warmth: { unit: Cel }", "warmth: { unit: J }", "major", "warmth", "unit changed from Cel to J"),
    ("warmth: { unit: Cel }", "warmth: { unit: Cel, title: Warm }", "patch", "warmth", "title changed"),
    ("required: true", "required: false", "minor", "Lamp.socket", "made no longer required"),
    ("m2, min: 1", "m2, min: 1, required: true", "major", "Shed.area", "made required"),
    ("m2, min: 1", "m2, min: 2", "major", "Shed.area", "range narrowed from 1.. to 2.."),
    ("{ area:", "{ vendor: { type: string }, area:", "minor", "Shed.vendor", "added to 'properties'"),
    (
        "{ area:",
        "{ vendor: { type: string, required: true }, area:",
        "major",
        "Shed.vendor",
        "added to 'properties' as required",
    ),
    ("contains: [Nook]", "contains: [Nook, Shed]", "minor", "Shed", "'contains' widened from Nook to Nook, Shed"),
    ("contains: [Nook]", "contains: []", "major", "Shed", "'contains' narrowed from Nook to nothing"),
    ("contains: [Nook]", "contains: [Shed]", "major", "Shed", "'contains' changed from Nook to Shed"),
    (", contains: [Shed]", "", "minor", "Yard", "'contains' widened from Shed to anything"),
    ("connects: [Lamp]", "connects: [Spot]", "major", "Hub", "'connects' narrowed from Lamp to Spot"),
    ("of: Lamp", "of: Device", "minor", "Lamps", "'of' widened from Lamp to Device"),
    ("to: [Shed, Nook]", "to: Nook", "major", "lights", "'to' narrowed from Shed, Nook to Nook"),
    ("from: Lamp", "from: Device", "minor", "lights", "'from' widened from Lamp to Device"),
    ("inverse: lit_by", "inverse: litten_by", "major", "lights", "inverse changed from lit_by to litten_by"),
    ("title: Lights", "title: Shines", "patch", "lights", "title changed"),
    ("title: Lights", "title: Lights, description: On", "patch", "lights", "description changed"),
    ("title: Lights", "title: Lights, aligns: { brick: feeds }", "patch", "lights", "'aligns' changed"),
    ("title: Lights", "title: Lights, count: 0..1", "major", "lights", "count narrowed from any to 0..1"),
    ("relations:", "relations:\n  dims: { from: Spot, to: Shed }", "minor", "dims", "relation added"),
]


@pytest.mark.parametrize(("old", "new", "needs", "subject", "said"), CASES, ids=[f"{c[3]}-{c[4]}" for c in CASES])
def test_one_change_is_one_difference(old: str, new: str, needs: str, subject: str, said: str) -> None:
    (found,) = changed((old, new))
    assert (found.needs, found.subject, found.said) == (needs, f"lab/{subject}", said)
    assert found.reason
    assert found.place.file == "lab.yaml"


def test_what_has_no_inverse_may_get_one() -> None:
    bare = LAB.replace(", inverse: lit_by", "")
    (found,) = compare(bare, LAB).differences
    assert (found.needs, found.said) == ("minor", "inverse changed from none to lit_by")
    (found,) = compare(LAB, bare).differences
    assert found.breaking


@pytest.mark.parametrize(
    ("before", "after", "needs", "said"),
    [
        ("0..1", "0..2", "minor", "count widened from 0..1 to 0..2"),
        ("1", "1..", "minor", "count widened from 1 to 1.."),
        ("1..", "2..", "major", "count narrowed from 1.. to 2.."),
        ("0..1", "1..3", "major", "count narrowed from 0..1 to 1..3"),
    ],
)
def test_how_many_ends_there_may_be(before: str, after: str, needs: str, said: str) -> None:
    one, other = (LAB.replace("title: Lights", f"count: {count}") for count in (before, after))
    (found,) = compare(one, other).differences
    assert (found.needs, found.said) == (needs, said)


MEMBERS = """
spaces:
  Flat: { is: Space, boundary: true, title: Flat }
devices:
  Robot:
    is: Device
    title: Robot
    status:
      place: { fields: { x: { type: number, unit: m, range: 0..9 }, room: { type: string, optional: true } } }
      tags: { items: { values: [red, green] } }
      energy: { type: number, unit: kW.h, accumulates: true }
      power: { type: number, unit: W, deadband: 5, retention: 10 d }
    configuration:
      speed: { type: number, unit: m/s, range: 0..10, step: 0.5, default: 2 }
    properties:
      owner: { type: string, default: nobody }
    commands:
      go:
        arguments: { to: { type: integer, range: 0..9 }, fast: { type: boolean, optional: true } }
        result: { took: { type: number, unit: s } }
        timeout: 30 s
      halt: {}
    events:
      stuck: { fields: { why: { values: [wall, dirt] } } }
"""

MEMBER_CASES = [
    # words, what they become: needs, subject, what is said
    ("boundary: true, ", "", "major", "Flat", "made no longer a boundary"),
    ("title: Robot", "title: Robot\n    aligns: { brick: Robot }", "patch", "Robot", "'aligns' changed"),
    (
        "range: 0..9 }, room",
        "range: 0..8 }, room",
        "major",
        "Robot.place",
        "field 'x': range narrowed from 0..9 to 0..8",
    ),
    ("{ x: { type", "{ y: { type: boolean }, x: { type", "major", "Robot.place", "field 'y' added as required"),
    (
        "{ x: { type",
        "{ y: { type: boolean, optional: true }, x: { type",
        "minor",
        "Robot.place",
        "field 'y' added",
    ),
    (", room: { type: string, optional: true }", "", "major", "Robot.place", "field 'room' removed"),
    ("string, optional: true", "string", "major", "Robot.place", "field 'room': made required"),
    (
        "range: 0..9 }, room",
        "range: 0..9, optional: true }, room",
        "major",
        "Robot.place",
        "field 'x': made no longer required",
    ),
    ("range: 0..9 }, room", "range: 0..9, title: X }, room", "patch", "Robot.place", "field 'x': title changed"),
    ("[red, green]", "[red]", "major", "Robot.tags", "items: 'green' removed from its words"),
    (
        "{ items: { values: [red, green] } }",
        "{ type: string }",
        "major",
        "Robot.tags",
        "type changed from list to string",
    ),
    (", accumulates: true", "", "major", "Robot.energy", "accumulates no more"),
    ("deadband: 5", "deadband: 1", "minor", "Robot.power", "deadband changed from 5 to 1"),
    ("retention: 10 d", "retention: 20 d", "minor", "Robot.power", "retention changed from 864000 s to 1728000 s"),
    (", retention: 10 d", "", "minor", "Robot.power", "retention changed from 864000 s to none"),
    ("retention: 10 d", "retention: 1 d", "major", "Robot.power", "retention changed from 864000 s to 86400 s"),
    ("unit: W,", "unit: W, private: true,", "major", "Robot.power", "made private"),
    ("unit: W,", "unit: W, accumulates: true,", "minor", "Robot.power", "accumulates now"),
    ("unit: W,", "unit: W, description: Drawn,", "patch", "Robot.power", "description changed"),
    ("step: 0.5", "step: 0.25", "minor", "Robot.speed", "step changed from 0.5 to 0.25"),
    ("step: 0.5", "step: 1", "major", "Robot.speed", "step changed from 0.5 to 1"),
    (", step: 0.5", "", "minor", "Robot.speed", "step changed from 0.5 to none"),
    ("default: 2", "default: 3", "minor", "Robot.speed", "default changed from 2 to 3"),
    (", default: 2", "", "minor", "Robot.speed", "default changed from 2 to none"),
    ("default: nobody", "private: true, default: nobody", "major", "Robot.owner", "made private"),
    (", default: nobody", "", "minor", "Robot.owner", "default changed from nobody to none"),
    (", default: nobody", ", required: true", "major", "Robot.owner", None),
    ("default: nobody", "default: somebody, required: true", "minor", "Robot.owner", None),
    ("      halt: {}\n", "", "major", "Robot.halt", "removed from 'commands'"),
    ("halt: {}", "halt: {}\n      rest: {}", "minor", "Robot.rest", "added to 'commands'"),
    ("halt: {}", "halt: {}\n      rest: { optional: true }", "minor", "Robot.rest", "added to 'commands' as optional"),
    ("halt: {}", "halt: { optional: true }", "major", "Robot.halt", "made optional"),
    ("halt: {}", "halt: { title: Halt }", "patch", "Robot.halt", "title changed"),
    ("30 s", "60 s", "minor", "Robot.go", "timeout changed from 30 s to 60 s"),
    (
        "range: 0..9 }, fast",
        "range: 0..19 }, fast",
        "minor",
        "Robot.go",
        "argument 'to': range widened from 0..9 to 0..19",
    ),
    ("range: 0..9 }, fast", "range: 0..9, default: 1 }, fast", "minor", "Robot.go", None),
    (", fast: { type: boolean, optional: true }", "", "major", "Robot.go", "argument 'fast' removed"),
    ("{ to: {", "{ by: { type: string }, to: {", "major", "Robot.go", "argument 'by' added as required"),
    ("{ took: {", "{ ok: { type: boolean, optional: true }, took: {", "minor", "Robot.go", "result 'ok' added"),
    ("unit: s }", "unit: min }", "major", "Robot.go", "result 'took': unit changed from s to min"),
    ("events:", "events:\n      lost: {}", "minor", "Robot.lost", "added to 'events'"),
    ("[wall, dirt]", "[wall, dirt, dog]", "minor", "Robot.stuck", "field 'why': 'dog' added to its words"),
]


@pytest.mark.parametrize(
    ("old", "new", "needs", "subject", "said"), MEMBER_CASES, ids=[f"{c[3]}-{c[4]}" for c in MEMBER_CASES]
)
def test_one_change_of_a_member_is_one_difference(old: str, new: str, needs: str, subject: str, said: str) -> None:
    assert MEMBERS.count(old) == 1, old
    comparison = compare(MEMBERS, MEMBERS.replace(old, new))
    found = comparison.differences
    assert comparison.needs == needs
    assert all(each.subject == f"lab/{subject}" and each.reason for each in found)
    assert said is None or [each.said for each in found] == [said]


def test_what_is_taken_back_is_told_too() -> None:
    closed, private = MEMBERS.replace("unit: W,", "unit: W, private: true,"), MEMBERS.replace("boundary: true, ", "")
    (found,) = compare(closed, MEMBERS).differences
    assert (found.needs, found.said) == ("major", "made no longer private")
    (found,) = compare(private, MEMBERS).differences
    assert (found.needs, found.said) == ("major", "made a boundary")
    given = MEMBERS.replace("range: 0..9 }, fast", "range: 0..9, optional: true }, fast")
    (found,) = compare(MEMBERS, given).differences
    assert (found.needs, found.said) == ("minor", "argument 'to': made no longer required")


def test_a_command_that_may_have_been_renamed_is_hinted_at() -> None:
    gone, come = compare(MEMBERS, MEMBERS.replace("      halt: {}", "      stop: {}")).differences
    assert (gone.subject, gone.hint, come.subject) == ("lab/Robot.halt", "renamed to 'stop'?", "lab/Robot.stop")
    gone, _ = compare(MEMBERS, MEMBERS.replace("      stuck: {", "      caught: {")).differences
    assert gone.hint == "renamed to 'caught'?"


def test_what_was_abstract_may_be_made_no_longer() -> None:
    (found,) = compare(LAB.replace("Spot: { is: Lamp,", "Spot: { is: Lamp, abstract: true,"), LAB).differences
    assert (found.needs, found.said) == ("minor", "made no longer abstract")


def test_a_point_that_moves_to_another_section_is_one_difference() -> None:
    (found,) = changed(
        ("      on: { type: boolean }\n", ""), ("configuration:", "configuration:\n      on: { type: string }")
    )
    assert (found.subject, found.said) == ("lab/Lamp.on", "moved from 'status' to 'configuration'")
    assert found.breaking


def test_a_unit_that_nothing_converts_is_said_so() -> None:
    (found,) = changed((", measures: active_power", ""), ("unit: W, range: 0..5", "unit: K, range: 1..2"))[:1]
    assert (found.said, found.reason) == ("unit changed from W to K", "nothing converts its values")


def test_a_range_is_compared_in_the_new_unit() -> None:
    found = changed(("unit: W, range: 0..5", "unit: mW, range: 0..4000"))
    assert [each.said for each in found] == ["unit changed from W to mW", "range narrowed from 0..5000 to 0..4000"]


def test_another_kind_of_type_is_one_difference() -> None:
    (found,) = changed(
        ("  Spot: { is: Lamp, title: Spot }\n", ""),
        ("  Nook: { is: Space }", "  Nook: { is: Space }\n  Spot: { is: Space }"),
    )
    assert (found.subject, found.said) == ("lab/Spot", "changed from type of device to type of space")


def test_other_parents_are_told_once_with_the_points_that_go() -> None:
    found = changed(("is: [Device, Powered]", "is: Device"))
    assert [(each.subject, each.said) for each in found] == [
        ("lab/Lamp", "descends from Powered no more"),
        ("lab/Lamp.level", "removed from 'status'"),
    ]
    found = compare(LAB.replace("is: [Device, Powered]", "is: Device"), LAB).differences
    assert [(each.subject, each.said, each.needs) for each in found] == [
        ("lab/Lamp", "descends from Powered now", "minor"),
        ("lab/Lamp.level", "added to 'status'", "minor"),
    ]


def test_what_an_ancestor_changes_is_told_once_though_a_subtype_says_more() -> None:
    lab = LAB.replace("title: Spot }", "title: Spot, status: { level: { range: 10..90 }, on: { title: Lit } } }")
    found = compare(lab, lab.replace("on: { type: boolean }", "on: { type: string }")).differences
    assert [(each.subject, each.said) for each in found] == [("lab/Lamp.on", "type changed from boolean to string")]
    found = compare(lab, lab.replace("10..90", "20..90")).differences
    assert [(each.subject, each.said) for each in found] == [("lab/Spot.level", "range narrowed from 10..90 to 20..90")]


def test_a_point_that_an_ancestor_declares_now_is_no_difference() -> None:
    found = changed(
        ("      on: { type: boolean }\n", ""),
        ("mixins:\n  Powered: { status: {", "mixins:\n  Powered: { status: { on: { type: boolean },"),
    )
    assert [(each.subject, each.needs) for each in found] == [("lab/Powered.on", "minor")]


def test_what_may_have_been_renamed_is_hinted_at() -> None:
    gone, come = changed(("on: { type: boolean }", "lit: { type: boolean }"))
    assert (gone.subject, gone.hint, come.subject) == ("lab/Lamp.on", "renamed to 'lit'?", "lab/Lamp.lit")
    gone, _ = changed(("Spot: { is: Lamp, title: Spot }", "Beam: { is: Lamp, title: Spot }"))
    assert gone.hint == "renamed to 'Beam'?"
    gone, _ = changed(("  lights: {", "  shines: {"))
    assert gone.hint == "renamed to 'shines'?"


def test_no_hint_where_there_are_several() -> None:
    gone, *_ = changed(("on: { type: boolean }", "lit: { type: boolean }\n      hot: { type: boolean }"))
    assert (gone.said, gone.hint) == ("removed from 'status'", "")


def test_what_a_type_that_is_gone_took_along_is_not_told_again() -> None:
    found = changed(
        ("  Nook: { is: Space }\n", ""), ("contains: [Nook]", "contains: []"), ("to: [Shed, Nook]", "to: [Shed]")
    )
    assert [(each.subject, each.said) for each in found] == [("lab/Nook", "type of space removed")]


def test_imports_and_titles_of_the_document() -> None:
    old = Source("lab.yaml", HEAD.format(version="1.0.0") + "title: Lab\n")
    texts = {
        "imports: { core: ^1.0 }": "imports: { core: '>=1.0' }",
        "title: Lab": "title: { en: Lab }",
    }
    found = []
    for before, after in texts.items():
        new = Source("lab.yaml", old.text.replace(before, after))
        comparison = compare_ontologies(compile_ontology([old], find), compile_ontology([new], find), "lab")
        found += [(each.subject, each.needs) for each in comparison.differences]
    assert found == [("imports.core", "minor"), ("lab", "patch")]


def test_an_import_may_be_added_or_taken_away() -> None:
    more = "title: More\n"
    one = Source("lab.yaml", HEAD.format(version="1") + more)
    two = Source("lab.yaml", one.text.replace("core: ^1.0", "core: ^1.0, connected-home: ^1.0"))
    ontologies_ = [compile_ontology([each], find) for each in (one, two)]
    (found,) = compare_ontologies(ontologies_[0], ontologies_[1], "lab").differences
    assert (found.subject, found.needs, found.said) == ("imports.connected-home", "minor", "added, at ^1.0")
    (found,) = compare_ontologies(ontologies_[1], ontologies_[0], "lab").differences
    assert (found.subject, found.needs, found.said) == ("imports.connected-home", "patch", "removed")


def test_what_an_import_changes_is_no_difference_of_the_document() -> None:
    base = "ontology: base\nversion: 1\nimports: { core: ^1.0 }\n"
    base += "devices:\n  A: { is: Device, status: { on: { type: %s } } }\n"
    text = "ontology: lab\nversion: 1\nimports: { base: ^1 }\ndevices:\n  B: { is: A }\n"

    def compiled(kind: str) -> Ontology:
        return compile_ontology(
            [Source("lab.yaml", text)],
            lambda name: Source("base.yaml", base % kind) if name == "base" else find(name),
        )

    assert not compare_ontologies(compiled("boolean"), compiled("string"), "lab").differences


WORSE, MORE, WORDS = (
    LAB.replace("  Spot: { is: Lamp, title: Spot }\n", ""),
    LAB.replace("enums:", "enums:\n  Tint: [warm]"),
    LAB.replace("title: Spot }", "title: Beam }"),
)


@pytest.mark.parametrize(
    ("body", "old", "least"),
    [
        (WORSE, "1.2.3", "2.0.0"),
        (WORSE, "0.2.3", "0.3.0"),
        (MORE, "1.2.3", "1.3.0"),
        (MORE, "0.2.3", "0.3.0"),
        (WORDS, "1.2.3", "1.2.4"),
        (WORDS, "1", "1.0.1"),
        (LAB, "1.2.3", "1.2.3"),
    ],
)
def test_the_version_must_be_raised_accordingly(body: str, old: str, least: str) -> None:
    enough, low = compare(LAB, body, old, least), compare(LAB, body, old, "0.0.1")
    assert (enough.least, enough.right) == (least, True)
    assert (low.least, low.right) == (least, False)
    assert compare(LAB, body, old, "7").right


def test_a_comparison_in_words_and_as_data() -> None:
    after = (
        LAB.replace("range: 0..5", "range: 1..5")
        .replace("enums:", "enums:\n  Tint: [warm]")
        .replace("title: Spot", "title: S")
    )
    comparison = compare(LAB, after, "1.0.0", "1.1.0")
    assert str(comparison).splitlines() == [
        "- breaking    lab/Lamp.glow  range narrowed from 0..5 to 1..5: values that were allowed are refused",
        "+ compatible  lab/Tint       enum added: nothing depends on it yet",
        "~ compatible  lab/Spot       title changed: it is wording",
        "",
        "lab 1.0.0 -> 1.1.0: 1 breaking, 2 compatible. The version is too low: it must be 2.0.0 at least.",
    ]
    data = comparison.as_dict()
    assert (data["kind"], data["needs"], data["least"], data["right"]) == ("ontology", "major", "2.0.0", False)
    assert data["differences"][0]["subject"] == "lab/Lamp.glow"
    assert data["differences"][0]["breaking"]


@pytest.mark.parametrize("path", sorted((ROOT / "ontologies").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_shipped_does_not_differ_from_itself(path: Path) -> None:
    source = Source("one.yaml", path.read_text(encoding="utf-8"))
    moved = Source("two.yaml", f"# moved down a line\n{source.text}")
    one, other = (compile_ontology([each], find) for each in (source, moved))
    assert not compare_ontologies(one, other, one.documents[-1].name).differences


def _compiled(document: dict[str, object]) -> Ontology:
    return compile_ontology([Source("made.yaml", yaml.safe_dump(document, sort_keys=False))], find)


COMPARED = {
    EntityType: "kind abstract mixin parents lineage points properties commands events contains connects of boundary "
    "title description plural aligns deprecated",
    PointType: "section value unit measures minimum maximum values enum every optional fields items accumulates "
    "deadband retention private step default title description aligns deprecated",
    PropertyType: "value unit values minimum maximum required default private title description aligns deprecated",
    FieldType: "value unit values enum minimum maximum optional default fields items title description",
    CommandType: "arguments result timeout optional title description deprecated",
    EventType: "fields title description deprecated",
    RelationType: "sources targets inverse title least most description aligns",
    ModelType: "of lacks has vendor properties title description",
    RoleType: "on may crosses title description",
    Deprecation: "use since remove",
    Migration: "document before after steps",
    Step: "kind subject to when units value reason",
    EnumType: "values",
    Quantity: "unit title description aligns",
}
NEVER = {"name", "short", "declared_by", "place"}


@pytest.mark.parametrize("model", COMPARED, ids=lambda model: model.__name__)
def test_all_that_can_be_said_is_compared(model: type) -> None:
    """Whoever adds a field says in twin/ontology/difference what it means when it changes, and then here."""
    assert {each.name for each in fields(model)} - NEVER == set(COMPARED[model].split())


@settings(deadline=None, max_examples=25)
@given(ontologies())
def test_nothing_differs_from_itself(document: dict[str, object]) -> None:
    assert not compare_ontologies(_compiled(document), _compiled(document), "made").differences


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_more_of_anything_is_never_breaking(data: st.DataObject) -> None:
    document = data.draw(ontologies())
    more = data.draw(ontologies(document))
    comparison = compare_ontologies(_compiled(document), _compiled(more), "made")
    assert comparison.needs in {None, "minor"}
    assert not any(each.breaking for each in comparison.differences)
    back = compare_ontologies(_compiled(more), _compiled(document), "made")
    assert len(back.differences) >= len(comparison.differences)
    assert comparison.differences or _once(document) == _once(more)


def _once(document: dict[str, Any]) -> dict[str, Any]:
    """A made ontology without what a device says of its points just as an ancestor says it: that is no difference."""
    devices: dict[str, Any] = document["devices"]

    def inherited(name: str) -> dict[str, Any]:
        [parent] = devices[name]["is"]
        return {**inherited(parent), **devices[parent]["status"]} if parent in devices else {}

    def own(name: str) -> dict[str, Any]:
        return {key: value for key, value in devices[name]["status"].items() if inherited(name).get(key) != value}

    return {**document, "devices": {name: {**each, "status": own(name)} for name, each in devices.items()}}
