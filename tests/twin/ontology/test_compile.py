from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.compile.lineage import MAX_LINEAGE
from twin.ontology.model import Ontology
from twin.source import Diagnostics, Source

HEAD = "ontology: lab\nversion: 1.0.0\nimports: { core: ^1.0 }\n"


def compiled(body: str, head: str = HEAD) -> Ontology:
    return compile_ontology([Source("lab.yaml", head + body)], find)


def codes(body: str, head: str = HEAD) -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        compiled(body, head)
    return [found.code for found in caught.value.diagnostics]


def test_a_type_has_what_its_lineage_hands_down() -> None:
    ontology = compiled("""
mixins:
  Dim: { status: { level: { type: number, unit: "%", range: 0..100 } } }
devices:
  Lamp: { is: [Device, Dim], abstract: true, title: { en: Lamp }, plural: Lamps }
  Spot:
    is: Lamp
    status:
      level: { range: 10..90, every: 5 min, title: Brightness }
      on: { type: boolean, optional: true }
    configuration: { mode: { values: [day, night] } }
    properties: { socket: { values: [e14, e27], required: true } }
""")
    spot = ontology.find("Spot")
    assert spot is not None
    assert spot.lineage == ("lab/Spot", "lab/Lamp", "core/Device", "lab/Dim")
    assert list(spot.points) == ["level", "on", "mode"]
    level = spot.points["level"]
    assert (level.minimum, level.maximum, level.unit, level.every) == (10, 90, "%", 300)
    assert (level.declared_by, level.title) == ("lab/Dim", {"": "Brightness"})
    assert spot.points["mode"].values == ("day", "night")
    assert spot.points["mode"].section == "configuration"
    assert spot.properties.keys() == {"vendor", "model", "socket"}
    assert spot.properties["socket"].required
    assert ontology.concrete("lab/Lamp") == {"lab/Spot"}
    assert ontology.is_a("lab/Spot", "lab/Dim")
    assert ontology.find("lab/Lamp") is ontology.find("Lamp")


def test_an_ancestor_never_precedes_its_own_descendant() -> None:
    ontology = compiled("""
devices:
  A: { is: Device }
  B: { is: A }
  C: { is: [Device, B] }
  D: { is: [A, C] }
""")
    found = ontology.find("D")
    assert found is not None
    assert found.lineage == ("lab/D", "lab/C", "lab/B", "lab/A", "core/Device")


def test_the_narrower_of_two_inherited_points_holds() -> None:
    ontology = compiled("""
devices:
  A: { is: Device, status: { level: { type: number, unit: "%", range: 0..100 } } }
  B: { is: A, status: { level: { range: 0..50 } } }
  C: { is: A }
  D: { is: [C, B] }
  E: { is: [B, C] }
""")
    for name in "DE":
        found = ontology.find(name)
        assert found is not None
        assert found.points["level"].maximum == 50


def test_two_mixins_may_say_the_same() -> None:
    same = "{ status: { level: { type: number, unit: m } } }"
    ontology = compiled(f"mixins: {{ M: {same}, N: {same} }}\ndevices: {{ D: {{ is: [Device, M, N] }} }}\n")
    assert ontology.find("D") is not None


def test_a_redeclaration_settles_what_mixins_disagree_on_if_it_is_as_narrow_as_both() -> None:
    mixins = """
mixins:
  M: { status: { level: { type: number, unit: m, range: 0..10 } } }
  N: { status: { level: { type: number, unit: m, range: 5..20 } } }
devices:
"""
    assert codes(mixins + "  D: { is: [Device, M, N] }\n") == ["mixin.clash"]
    assert codes(mixins + "  D: { is: [Device, M, N], status: { level: {} } }\n") == ["mixin.clash"]
    assert codes(mixins + "  D: { is: [Device, M, N], status: { level: { range: 0..20 } } }\n") == ["point.widened"]
    assert compiled(mixins + "  D: { is: [Device, M, N], status: { level: { range: 5..10 } } }\n").find("D")


def test_an_integer_is_a_narrower_number() -> None:
    assert compiled("""
devices:
  A: { is: Device, status: { n: { type: number, unit: "1" } } }
  B: { is: A, status: { n: { type: integer } } }
""").find("B")


def test_what_may_stand_where_is_inherited() -> None:
    ontology = compiled("""
spaces:
  Floor: { is: Space, contains: [Room] }
  Attic: { is: Floor }
  Room: { is: Space, contains: [] }
views:
  Lit: { is: View, of: [Room, Device] }
gateways:
  Hub: { is: Gateway }
relations:
  lights: { from: Device, to: [Room, Floor], inverse: lit_by, title: Lights }
""")
    assert ontology.types["lab/Attic"].contains == ("lab/Room",)
    assert ontology.types["lab/Room"].contains == ()
    assert ontology.types["lab/Lit"].of == ("lab/Room", "core/Device")
    assert ontology.types["lab/Hub"].connects == ("core/Device",)
    lights = ontology.relations["lights"]
    assert (lights.sources, lights.targets, lights.inverse) == (("core/Device",), ("lab/Room", "lab/Floor"), "lit_by")


@pytest.mark.parametrize(
    ("count", "least", "most"),
    [(", count: 0..1", 0, 1), (", count: 1..", 1, None), (", count: ..3", 0, 3), (", count: 2", 2, 2), ("", 0, None)],
)
def test_how_many_ends_a_relation_may_have(count: str, least: int, most: int | None) -> None:
    ontology = compiled(f"relations: {{ lights: {{ from: Device, to: Space{count} }} }}\n")
    assert (ontology.relations["lights"].least, ontology.relations["lights"].most) == (least, most)


def test_a_relation_is_found_by_its_name_from_the_other_end() -> None:
    ontology = compiled("""
relations:
  lights: { from: Device, to: Space, inverse: lit_by, description: Shines on, aligns: { brick: feeds } }
""")
    lights = ontology.relations["lights"]
    assert ontology.inverse("lit_by") is lights
    assert ontology.inverse("lights") is None
    assert (lights.description, lights.aligns) == ({"": "Shines on"}, {"brick": "feeds"})


def test_installed_documents_compile_to_the_same() -> None:
    source = find("connected-home")
    assert source is not None
    ontology = compile_ontology([source], find)
    assert [document.name for document in ontology.documents] == ["core", "connected-home"]
    assert compile_documents(ontology.documents) == ontology
    assert compile_documents(tuple(reversed(ontology.documents))) == ontology


def test_a_document_sees_only_what_it_imports() -> None:
    lamps = Source(
        "lamps.yaml", "ontology: lamps\nversion: 1\nimports: { core: '*' }\ndevices: { Lamp: { is: Device } }\n"
    )
    lab = Source("lab.yaml", HEAD + "devices: { Spot: { is: Lamp } }\n")
    with pytest.raises(AuthoringError) as caught:
        compile_ontology([lamps, lab], find)
    (found,) = caught.value.diagnostics
    assert found.code == "type.unknown"
    assert "add that to 'imports'" in found.help


def test_two_documents_of_one_name_are_one_too_many() -> None:
    one, other = Source("a.yaml", HEAD), Source("b.yaml", HEAD + "title: Another\n")
    with pytest.raises(AuthoringError) as caught:
        compile_ontology([one, other], find)
    assert [found.code for found in caught.value.diagnostics] == ["document.duplicate"]
    assert compile_ontology([one, Source("copy.yaml", HEAD)], find)


def test_warnings_are_left_in_the_report_and_only_for_what_was_asked_for() -> None:
    body = "devices:\n  Lamp: { is: Device, abstract: true }\n"
    report = Diagnostics()
    compile_ontology([Source("lab.yaml", HEAD + body)], find, report)
    assert [found.code for found in report.all] == ["type.barren"]
    report = Diagnostics()
    user = Source("user.yaml", "ontology: user\nversion: 1\nimports: { lab: ^1.0 }\n")
    compile_ontology([user], {"lab": Source("lab.yaml", HEAD + body), "core": find("core")}.get, report)
    assert not report.all


def test_lineages_have_a_bound() -> None:
    types = "".join(f"  T{n}: {{ is: T{n + 1} }}\n" for n in range(MAX_LINEAGE + 20))
    assert codes(f"devices:\n{types}  T{MAX_LINEAGE + 20}: {{ is: Device }}\n") == ["type.deep"]


@pytest.mark.parametrize(
    "body",
    [
        "devices: [Lamp]\nviews: { V: { is: View, of: Lamp } }\n",
        "devices: { Lamp: 5, Spot: { is: Lamp } }\n",
        "devices: { Lamp: { is: Spott }, Spot: { is: Lamp }, S: { is: Spot, status: { x: { range: 0..1 } } } }\n",
        "enums: { Mode: off }\ndevices: { Lamp: { is: Device, status: { mode: { type: Mode } } } }\n",
        "quantities: { glare: 5 }\ndevices: { L: { is: Device, status: { x: { measures: glare, type: boolean } } } }\n",
        "devices: { L: { is: Device, status: { x: { type: number, unit: q } } }, M: { is: L, status: { x: {} } } }\n",
    ],
)
def test_one_mistake_is_one_diagnostic(body: str) -> None:
    assert len(codes(body)) == 1


def test_what_follows_from_an_import_that_is_not_there_is_not_reported() -> None:
    head = HEAD.replace("core: ^1.0", "core: ^1.0, lamps2: ^1.0")
    assert codes("devices: { Spot: { is: Lamp, status: { x: { measures: glare, type: boolean } } } }\n", head) == [
        "import.unknown"
    ]


def test_objects_and_lists_are_merged_down_the_lineage() -> None:
    ontology = compiled("""
devices:
  Robot:
    is: Device
    status:
      place: { fields: { x: { type: number, unit: m, range: 0..10 }, room: { type: string, optional: true } } }
      tags: { items: { values: [red, green] } }
  Mower:
    is: Robot
    status:
      place: { description: Where, fields: { x: { range: 1..9 }, on: { type: boolean } } }
      tags: { items: { values: [red] } }
""")
    place, tags = (ontology.types["lab/Mower"].points[name] for name in ("place", "tags"))
    assert place.value == "object"
    assert place.fields is not None
    assert list(place.fields) == ["x", "room", "on"]
    assert (place.fields["x"].minimum, place.fields["x"].maximum, place.fields["x"].unit) == (1, 9, "m")
    assert place.fields["room"].optional
    assert place.description == {"": "Where"}
    assert tags.value == "list"
    assert tags.items is not None
    assert (tags.items.name, tags.items.values) == ("", ("red",))


def test_what_else_a_point_says_is_inherited_and_may_be_narrowed() -> None:
    ontology = compiled("""
devices:
  Meter:
    is: Device
    aligns: { brick: Meter }
    status:
      energy: { type: number, unit: kW.h, accumulates: true, retention: 400 d, aligns: { brick: Energy_Sensor } }
      power: { type: number, unit: W, deadband: 5 }
    configuration:
      limit: { type: number, unit: W, range: 0..100, step: 5, default: 50 }
      plan: { items: { values: [day, night] }, default: [day] }
      home: { fields: { x: { type: integer, default: 3 }, y: { type: number, unit: m } }, default: { y: 1 } }
    properties: { owner: { type: string, default: nobody, private: true } }
  Submeter: { is: Meter, status: { power: { deadband: 9, private: true } }, configuration: { limit: { step: 10 } } }
""")
    meter, sub = ontology.types["lab/Meter"], ontology.types["lab/Submeter"]
    assert (meter.aligns, sub.aligns) == ({"brick": "Meter"}, {})
    energy, limit = sub.points["energy"], sub.points["limit"]
    assert (energy.accumulates, energy.retention, energy.aligns) == (True, 400 * 86_400, {"brick": "Energy_Sensor"})
    assert (sub.points["power"].deadband, sub.points["power"].private, meter.points["power"].private) == (
        9,
        True,
        False,
    )
    assert (limit.step, limit.default, type(limit.default)) == (10, 50.0, float)
    assert (sub.points["plan"].default, sub.points["home"].default) == (["day"], {"y": 1.0})
    assert (sub.properties["owner"].default, sub.properties["owner"].private) == ("nobody", True)


def test_a_default_that_does_not_fit_is_warned_of_and_nothing_is_wished() -> None:
    body = "devices: { Lamp: { is: Device, configuration: { level: { type: number, unit: W, range: 0..5, %s } } } }\n"
    for said, default in (("default: 9", None), ("default: 3", 3.0), ("step: 2, default: 3", None)):
        report = Diagnostics()
        ontology = compile_ontology([Source("lab.yaml", HEAD + body % said)], find, report)
        assert ontology.types["lab/Lamp"].points["level"].default == default
        assert [found.code for found in report.all] == ["default.outside"] * (default is None)
    report = Diagnostics()
    user = Source("user.yaml", "ontology: user\nversion: 1\nimports: { lab: ^1.0 }\n")
    lab = Source("lab.yaml", HEAD + body % "default: 9")
    assert compile_ontology([user], {"lab": lab, "core": find("core")}.get, report).types["lab/Lamp"]
    assert not report.all


def test_commands_and_events_are_merged_down_the_lineage() -> None:
    ontology = compiled("""
mixins:
  Closable: { commands: { close: {}, stop: { optional: true } } }
devices:
  Blind:
    is: [Device, Closable]
    commands:
      move:
        title: Move
        arguments: { to: { type: number, unit: "%", range: 0..100, default: 50 } }
        result: { took: { type: number, unit: s } }
        timeout: 30 s
    events: { jammed: { fields: { side: { values: [left, right] } } } }
  Shutter:
    is: Blind
    commands:
      move: { arguments: { slowly: { type: boolean, optional: true } }, timeout: 1 min }
      stop: { optional: false }
    events: { jammed: { fields: { force: { type: integer } } } }
""")
    blind, shutter = ontology.types["lab/Blind"], ontology.types["lab/Shutter"]
    assert list(blind.commands) == ["close", "stop", "move"]
    move = shutter.commands["move"]
    assert (list(move.arguments), list(move.result)) == (["to", "slowly"], ["took"])
    assert (move.arguments["to"].default, move.arguments["to"].maximum) == (50.0, 100)
    assert (move.timeout, move.title, move.declared_by) == (60, {"": "Move"}, "lab/Blind")
    assert (blind.commands["stop"].optional, shutter.commands["stop"].optional) == (True, False)
    assert list(shutter.events["jammed"].fields) == ["side", "force"]
    assert shutter.events["jammed"].declared_by == "lab/Blind"


def test_two_mixins_may_offer_the_same_command() -> None:
    same = "commands: { go: { arguments: { to: { type: number, unit: m } } } }"
    mixins = f"mixins: {{ M: {{ {same} }}, N: {{ {same} }} }}\n"
    assert compiled(mixins + "devices: { D: { is: [Device, M, N] } }\n").types["lab/D"].commands["go"]


def test_what_descends_from_a_boundary_is_one() -> None:
    ontology = compiled("spaces: { Flat: { is: Space, boundary: true }, Loft: { is: Flat }, Hall: { is: Space } }\n")
    assert [ontology.types[f"lab/{name}"].boundary for name in ("Flat", "Loft", "Hall")] == [True, True, False]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("commands: { go: { arguments: { to: { type: Mode } } } }", "type.unknown"),
        ("commands: { go: { result: { to: 5 } } }", "value.type"),
        ("events: { went: { fields: { by: { items: { type: number } } } } }", "unit.missing"),
        ("status: { place: { fields: { x: { type: number, unit: q } } } }", "unit.unknown"),
        ("status: { place: { items: { items: { range: 2..1, type: integer } } } }", "range.empty"),
    ],
)
def test_a_mistake_inside_another_thing_is_one_diagnostic(body: str, code: str) -> None:
    assert codes(f"devices: {{ Lamp: {{ is: Device, {body} }}, Spot: {{ is: Lamp, {body} }} }}\n")[:1] == [code]
    assert codes(f"devices: {{ Lamp: {{ is: Device, {body} }}, Spot: {{ is: Lamp }} }}\n") == [code]


@pytest.mark.parametrize(
    ("one", "other", "settled"),
    [
        ("x: { type: string }", "x: { type: string }, y: { type: boolean }", "y: { type: boolean }"),
        ("x: { values: [a, b] }", "x: { values: [b, c] }", "x: { values: [b] }"),
        ("x: { type: integer, optional: true }", "x: { type: integer }", "x: { optional: false }"),
        (
            "x: { items: { type: integer } }",
            "x: { items: { type: integer, range: 0..5 } }",
            "x: { items: { range: 1..5 } }",
        ),
    ],
)
def test_what_two_parents_say_must_both_be_kept(one: str, other: str, settled: str) -> None:
    for section, name in (("status", "place"), ("events", "went")):
        mixins = "mixins:\n" + "".join(
            f"  {mixin}: {{ {section}: {{ {name}: {{ fields: {{ {fields} }} }} }} }}\n"
            for mixin, fields in (("M", one), ("N", other))
        )
        text = mixins + "devices: { D: { is: [Device, M, N], %s: { %s: { %s } } } }\n"
        assert codes(text % (section, name, "")) == ["mixin.clash"]
        assert compiled(text % (section, name, f"fields: {{ {settled} }}")).find("D")
