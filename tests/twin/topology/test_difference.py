from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring import ROOT, find
from twin.ontology.difference import Comparison, Difference
from twin.source import Source
from twin.topology.difference import compare_topologies
from twin.topology.parts import Loop, Parameter, Part, Template
from twin.topology.template import read_topology

BLOCK = """topology: block
version: {version}
uses: { connected-home: ^1.0 }
parameters:
  name: { type: string }
  floors: { type: integer, range: 1..60, default: 4 }
  heating: { type: enum, values: [collective, individual], default: collective }
  area: { type: number, optional: true }
  meters: { type: table, key: flat, columns: { serial: string, size: number }, optional: true }
site: { type: Residence, title: "Block ${name}", timezone: Europe/Paris }
gateways:
  box: { type: Box, connects: [boiler-room/boiler] }
spaces:
  boiler-room:
    when: heating == "collective"
    type: Room
    devices:
      boiler: { type: Boiler, relations: { feeds: ["/hall"] }, devices: { pump: { type: Plug } } }
  hall: { type: Room, devices: { lamp: { type: Light, asset: L1, has: [dimming] } } }
  "floor-${f}":
    each: { f: 1..floors }
    type: Floor
    properties: { level: "${f}" }
    spaces:
      "flat-${f}${n:02}":
        each: { n: 1..4, side: [east, west] }
        use: flat
        with: { rooms: 3, size: "${area}" }
fragments:
  flat:
    parameters: { rooms: { type: integer, range: 1..6, default: 2 }, size: { type: number, optional: true } }
    type: Flat
    properties: { area: "${size}" }
    spaces:
      "room-${r}": { each: { r: 1..rooms }, type: Room, title: Room }
views:
  all: { title: All, members: [hall, boiler-room] }
overrides:
  floor-1/flat-101: { with: { rooms: 5 }, title: Big }
  floor-1/flat-102: { absent: true }
"""


@cache
def template(text: str) -> Template:
    return read_topology(Source("block.yaml", text), find)


def compare(before: str, after: str, old: str = "1.0.0", new: str = "1.0.0") -> Comparison:
    one, other = (template(text.replace("{version}", version)) for text, version in ((before, old), (after, new)))
    return compare_topologies(one, other)


def changed(*pairs: tuple[str, str]) -> tuple[Difference, ...]:
    after = BLOCK
    for old, new in pairs:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    return compare(BLOCK, after).differences


FLAT = "floor-${f}/flat-${f}${n:02}"
CASES = [
    # words, what they become: needs, subject, what is said
    (
        "floors: {",
        "gardens: { type: integer }\n  floors: {",
        "major",
        "parameters.gardens",
        "parameter added without a default",
    ),
    (
        "floors: {",
        "gardens: { type: integer, default: 1 }\n  floors: {",
        "minor",
        "parameters.gardens",
        "parameter added",
    ),
    ("1..60, default", "1..50, default", "major", "parameters.floors", "range narrowed from 1..60 to 1..50"),
    ("1..60, default", "0..60, default", "minor", "parameters.floors", "range widened from 1..60 to 0..60"),
    ("default: 4", "default: 3", "major", "parameters.floors", "default changed from '4' to '3'"),
    (", default: 4", "", "major", "parameters.floors", "must be given now"),
    (
        "name: { type: string }",
        "name: { type: string, default: A }",
        "minor",
        "parameters.name",
        "need not be given any more",
    ),
    (
        "name: { type: string }",
        "name: { type: boolean }",
        "major",
        "parameters.name",
        "type changed from string to boolean",
    ),
    ("name: { type: string }", "name: { type: string, title: Name }", "patch", "parameters.name", "title changed"),
    (
        "floors: { type: integer",
        "floors: { type: number",
        "minor",
        "parameters.floors",
        "type changed from integer to number",
    ),
    ("[collective, individual]", "[collective]", "major", "parameters.heating", "'individual' removed from its words"),
    ("serial: string,", "serial: string, wing: string,", "major", "parameters.meters", "column 'wing' added"),
    ("serial: string, size: number", "serial: string", "minor", "parameters.meters", "column 'size' removed"),
    (
        "serial: string,",
        "serial: integer,",
        "major",
        "parameters.meters",
        "column 'serial' changed from string to integer",
    ),
    ("key: flat,", "key: door,", "major", "parameters.meters", "key changed from 'flat' to 'door'"),
    ("connected-home: ^1.0", "connected-home: ^1", "minor", "uses.connected-home", "changed from ^1.0 to ^1"),
    ("uses: {", "uses: { core: ^1.0,", "minor", "uses.core", "added, at ^1.0"),
    ("uses: {", "title: Block\nuses: {", "patch", "block", "title added: 'Block'"),
    ("Europe/Paris", "Europe/Rome", "minor", "site", "timezone changed from 'Europe/Paris' to 'Europe/Rome'"),
    ("[hall, boiler-room]", "[hall]", "major", "all", "'boiler-room' taken from members"),
    ("[hall, boiler-room]", "[hall, boiler-room, box]", "minor", "all", "'box' added to members"),
    ("[hall, boiler-room]", "[boiler-room, hall]", None, "", ""),
    ("title: All", "title: { en: All }", "patch", "all", "title removed"),
    ("type: Boiler,", "type: Device,", "major", "boiler-room/boiler", "type changed from Boiler to Device"),
    ("  hall: { type: Room", "  hall: { type: Kitchen", "minor", "hall", "type changed from Room to Kitchen"),
    (", devices: { pump: { type: Plug } }", "", "major", "boiler-room/boiler/pump", "device removed"),
    (
        "pump: { type: Plug }",
        "pump: { type: Plug }, fan: { type: Light }",
        "minor",
        "boiler-room/boiler/fan",
        "device added",
    ),
    ('feeds: ["/hall"]', 'feeds: ["/hall", ".."]', "minor", "boiler-room/boiler", "'..' added to relations.feeds"),
    (', relations: { feeds: ["/hall"] }', "", "major", "boiler-room/boiler", "'/hall' taken from relations.feeds"),
    ('feeds: ["/hall"]', 'feeds: "/hall"', None, "", ""),
    ("asset: L1", "asset: L2", "major", "hall/lamp", "asset changed from 'L1' to 'L2'"),
    (", has: [dimming]", "", "major", "hall/lamp", "'dimming' taken from has"),
    ("asset: L1", "lacks: [on], asset: L1", "major", "hall/lamp", "'on' added to lacks"),
    (
        'heating == "collective"',
        "floors > 2",
        "major",
        "boiler-room",
        "'when' changed from 'heating == \"collective\"' to 'floors > 2'",
    ),
    (
        'heating == "collective"',
        "true",
        "minor",
        "boiler-room",
        "'when' changed from 'heating == \"collective\"' to 'true'",
    ),
    ("f: 1..floors", "f: 2..floors", "major", "floor-${f}", "each 'f' changed from 1..floors to 2..floors"),
    ("n: 1..4,", "n: 1..3,", "major", FLAT, "each 'n' changed from 1..4 to 1..3"),
    ("n: 1..4,", "n: 1..6,", "minor", FLAT, "each 'n' changed from 1..4 to 1..6"),
    ("n: 1..4,", "n: [1, 2, 3, 4],", "patch", FLAT, "each 'n' changed from 1..4 to 1, 2, 3, 4"),
    ("[east, west]", "[east]", "major", FLAT, "each 'side' changed from east, west to east"),
    (", side: [east, west]", "", "major", FLAT, "each 'side' changed from east, west to nothing"),
    ('level: "${f}"', 'level: "${f + 1}"', "minor", "floor-${f}", "properties.level changed from '${f}' to '${f + 1}'"),
    ('properties: { level: "${f}" }', "properties: {}", "major", "floor-${f}", "properties.level removed"),
    ("with: { rooms: 3,", "with: { rooms: 4,", "major", FLAT, "with.rooms changed from '3' to '4'"),
    ('size: "${area}"', "size: 3", "minor", FLAT, "with.size changed from '${area}' to '3'"),
    (
        "r: 1..rooms }",
        "r: 0..rooms }",
        "major",
        "fragments/flat/room-${r}",
        "each 'r' changed from 1..rooms to 0..rooms",
    ),
    (
        "title: Room }",
        "title: Chamber }",
        "patch",
        "fragments/flat/room-${r}",
        "title changed from 'Room' to 'Chamber'",
    ),
    ("type: Flat\n", "type: Space\n", "major", "fragments/flat", "type changed from Flat to Space"),
    ("default: 2 }", "default: 3 }", "major", "fragments/flat.parameters.rooms", "default changed from '2' to '3'"),
    ("range: 1..6,", "range: 1..5,", "patch", "fragments/flat.parameters.rooms", "range narrowed from 1..6 to 1..5"),
    ("{ absent: true }", "{ title: Flat }", "minor", "overrides/floor-1/flat-102", "left out no more"),
    (", title: Big }", ", absent: false, title: Big }", None, "", ""),
    (
        "rooms: 5 }, title: Big }",
        "rooms: 4 }, title: Big }",
        "major",
        "overrides/floor-1/flat-101",
        "with.rooms changed from '5' to '4'",
    ),
    ("  floor-1/flat-102: { absent: true }\n", "", "minor", "overrides/floor-1/flat-102", "left out no more"),
    ("overrides:", "overrides:\n  hall: { absent: true }", "major", "overrides/hall", "left out"),
    (
        "overrides:",
        "overrides:\n  hall: { type: Kitchen }",
        "major",
        "overrides/hall",
        "type changed from none of its own to Kitchen",
    ),
    ("views:", "moved: { hall/lamp: boiler-room/lamp }\nviews:", "minor", "hall/lamp", "moved to 'boiler-room/lamp'"),
]


@pytest.mark.parametrize(("old", "new", "needs", "subject", "said"), CASES, ids=[f"{c[3]}-{c[4]}" for c in CASES])
def test_one_change_is_one_difference(old: str, new: str, needs: str | None, subject: str, said: str) -> None:
    found = [(each.needs, each.subject, each.said) for each in changed((old, new))]
    assert found[:1] == ([] if needs is None else [(needs, subject, said)])
    assert len(found) <= 1 + (said in {"title removed", "left out no more"})


def test_what_goes_goes_with_all_below_it() -> None:
    gone = changed(
        (BLOCK[BLOCK.index("  boiler-room:") : BLOCK.index("  hall:")], ""),
        (", connects: [boiler-room/boiler]", ""),
        ("[hall, boiler-room]", "[hall]"),
    )
    (found,) = [each for each in gone if each.subject == "boiler-room"]
    assert (found.needs, found.said) == ("major", "space removed, and 2 below it")


def test_another_kind_is_somebody_new() -> None:
    (found,) = changed(
        ("hall: { type: Room, devices: {", "hall: { type: Room, spaces: {"),
        ("lamp: { type: Light, asset: L1, has: [dimming] }", "lamp: { type: Room }"),
    )
    assert (found.subject, found.said) == ("hall/lamp", "changed from device to space")
    assert found.breaking


def test_what_may_have_been_renamed_is_hinted_at() -> None:
    gone, come = changed(("lamp: {", "light: {"))
    assert (gone.subject, gone.hint, come.subject) == ("hall/lamp", "renamed to 'light'?", "hall/light")
    gone, *_ = changed(("  name: { type", "  title: { type"), ("${name}", "${title}"))
    assert (gone.said, gone.subject, gone.hint) == ("parameter removed", "parameters.name", "renamed to 'title'?")


def test_what_is_moved_is_neither_gone_nor_new() -> None:
    found = changed(
        ("lamp: { type: Light, asset: L1", "light: { type: Light, asset: L2"),
        ("views:", "moved: { hall/lamp: hall/light }\nviews:"),
    )
    assert [(each.needs, each.subject, each.said) for each in found] == [
        ("major", "hall/light", "asset changed from 'L1' to 'L2'"),
        ("minor", "hall/lamp", "device moved to 'hall/light'"),
    ]


def test_fragments_come_and_go() -> None:
    used = [
        ("fragments:", "fragments:\n  hall: { type: Room, title: Hall }"),
        ("hall: { type: Room, devices", "hall: { use: hall, devices"),
    ]
    found = changed(*used)
    assert [(each.needs, each.subject, each.said) for each in found] == [
        ("major", "hall", "type changed from Room to none of its own"),
        ("minor", "hall", "use added: 'hall'"),
        ("patch", "fragments/hall", "fragment added"),
    ]
    after = BLOCK
    for old, new in used:
        after = after.replace(old, new)
    back = compare(after, BLOCK).differences
    assert [each.said for each in back if each.subject == "fragments/hall"] == ["fragment removed"]
    assert [each.needs for each in back if each.said == "use removed"] == ["major"]


def test_a_rule_that_changes_may_find_less() -> None:
    ruled = BLOCK.replace("connects: [boiler-room/boiler]", 'connects: { rule: within "/" }')
    (found,) = compare(ruled, ruled.replace('within "/"', "type is Boiler")).differences
    assert (found.needs, found.said) == ("major", "connects.rule changed from 'within \"/\"' to 'type is Boiler'")


def test_the_version_must_be_raised_accordingly() -> None:
    comparison = compare(BLOCK, BLOCK.replace("n: 1..4,", "n: 1..6,"), "1.0.0", "1.0.1")
    assert (comparison.kind, comparison.needs, comparison.least, comparison.right) == (
        "topology",
        "minor",
        "1.1.0",
        False,
    )
    assert str(comparison).splitlines()[-1] == (
        "block 1.0.0 -> 1.0.1: 0 breaking, 1 compatible. The version is too low: it must be 1.1.0 at least."
    )


def test_the_worst_comes_first_and_then_natural_order() -> None:
    found = changed(
        ("title: All", "title: Everything"),
        ("  hall: {", "  room-10: { type: Room }\n  room-9: { type: Room }\n  hall: {"),
        ("asset: L1", "asset: L2"),
    )
    assert [each.subject for each in found] == ["hall/lamp", "room-9", "room-10", "all"]


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_shipped_does_not_differ_from_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "\ntopology:" in f"\n{text}":
        assert not compare(text, f"# moved down a line\n{text}").differences


COMPARED = {
    Template: "title description uses ontology parameters fragments overrides moved site source",
    Parameter: "kind minimum maximum values default optional title description row_key columns",
    Part: "kind key each when body",
    Loop: "name values",
}
NEVER = {"name", "version", "place", "key", "broken", "lost", "diagnostics", "spoken"}


@pytest.mark.parametrize("model", COMPARED, ids=lambda model: model.__name__)
def test_all_that_can_be_said_is_compared(model: type) -> None:
    """Whoever adds a field says in twin/topology/difference what it means when it changes, and then here. What a body
    says is compared key by key as it is written, so that a new key needs a rule only if it is not an ordinary one.
    """
    assert {each.name for each in fields(model)} - NEVER == set(COMPARED[model].split()) - NEVER


ADDITIONS = [
    ("  hall: {", "  attic: { type: Room }\n  hall: {"),
    ("pump: { type: Plug }", "pump: { type: Plug }, fan: { type: Light }"),
    ("floors: {", "gardens: { type: integer, default: 1 }\n  floors: {"),
    ("views:", "views:\n  few: { members: [hall] }"),
    ("range: 1..60", "range: 0..100"),
    ("[hall, boiler-room]", "[hall, boiler-room, box]"),
    ("properties: { area", "properties: { name: Flat, area"),
    ("n: 1..4,", "n: 1..9,"),
]


@settings(deadline=None, max_examples=30)
@given(st.sets(st.sampled_from(ADDITIONS)))
def test_more_of_anything_is_never_breaking(additions: set[tuple[str, str]]) -> None:
    found = changed(*additions)
    assert len(found) == len(additions)
    assert {each.needs for each in found} <= {"minor"}
