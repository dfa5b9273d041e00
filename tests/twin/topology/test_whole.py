"""The whole language at once: models, settings, roles, rules of views, computed points, both ends of relations."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring import GOLDEN, find
from twin import Twin
from twin.engine.library import shipped
from twin.errors import AuthoringError
from twin.expressions import parse_rule, printed
from twin.graph import query
from twin.graph.model import Computed
from twin.source import Diagnostics, Source
from twin.store.memory import MemoryStore
from twin.topology.desired import Desired, DesiredEntity
from twin.topology.expand import expand
from twin.topology.parts import Template
from twin.topology.template import read_topology

HEAD = "topology: t\nversion: 1.0.0\nuses: { blocks: ^1.0 }\n"
SITE = "site: { type: Block }\n"


@cache
def template(text: str) -> Template:
    return read_topology(Source("t.yaml", HEAD + text), find)


def made(text: str, **parameters: str | float) -> Desired:
    return expand(template(text), "s", parameters)


def entity(text: str, path: str, **parameters: str | float) -> DesiredEntity:
    return next(each for each in made(text, **parameters).entities if each.path == f"s/{path}")


def said(text: str) -> list[str]:
    report = Diagnostics()
    try:
        expand(template(text), "s", {}, report)
    except AuthoringError as error:
        report.include(error.diagnostics)
    return [found.code for found in report.all]


DOTS = (
    SITE
    + """devices:
  plain: { type: Lamp }
  dot: { model: Dot }
  own: { model: Dot, lacks: [level], has: [blink], properties: { watts: 7, vendor: Us }, title: Mine }
  late: { use: lamp }
  other: { use: lamp, type: Heater }
fragments:
  lamp: { type: Lamp }
overrides:
  late: { model: Dot, configuration: {} }
  other: { configuration: { setpoint: 21 }, roles: {}, relations: { warms: [/flat] } }
spaces:
  flat: { type: Flat }
"""
)


@pytest.mark.parametrize(
    ("key", "points", "commands", "properties"),
    [
        ("plain", ("on",), ("switch", "blink"), {}),
        ("dot", ("on", "level"), ("switch", "dim"), {"model": "Velio Dot", "vendor": "Velio", "watts": 5.0}),
        ("own", ("on",), ("switch", "dim", "blink"), {"model": "Velio Dot", "vendor": "Us", "watts": 7.0}),
        ("late", ("on", "level"), ("switch", "dim"), {"model": "Velio Dot", "vendor": "Velio", "watts": 5.0}),
    ],
)
def test_a_model_says_what_its_products_have_and_an_instance_what_it_has_itself(
    key: str, points: tuple[str, ...], commands: tuple[str, ...], properties: dict[str, object]
) -> None:
    found = entity(DOTS, key)
    assert (found.type, found.points, found.commands) == ("blocks/Lamp", points, commands)
    assert found.properties == properties
    assert {name for name in found.given if name.startswith("properties.")} == {f"properties.{n}" for n in properties}


def test_what_the_ontology_has_a_default_for_is_not_given() -> None:
    plain, dot = entity(DOTS, "plain"), entity(DOTS, "dot")
    assert plain.property_defaults == {"colour": "white", "watts": 9.0}
    assert dot.property_defaults == {"colour": "white"}
    assert plain.given == ()


def test_an_override_may_say_all_that_an_entry_may() -> None:
    found = entity(DOTS, "other")
    assert found.desired == {"setpoint": 21.0}
    assert found.defaults == {"mode": "eco"}
    assert found.given == ("desired.setpoint",)
    assert ("warms", "s/other", "s/flat") in {(r.type, r.source, r.target) for r in made(DOTS).relations}


HEATERS = (
    """parameters:
  warmth: { type: number, default: 20.5 }
  mode: { type: string, optional: true }
"""
    + SITE
    + """devices:
  a:
    type: Heater
    configuration:
      setpoint: "${warmth}"
      mode: "${mode}"
      boost: true
      names: [hall, "n-${warmth}"]
      curve: { slope: 1 }
"""
)


def test_settings_are_worked_out_and_have_their_points() -> None:
    found = entity(HEATERS, "a", warmth=7)
    assert found.desired == {"setpoint": 7.0, "boost": True, "names": ["hall", "n-7"], "curve": {"slope": 1.0}}
    assert found.defaults == {"mode": "eco"}
    assert found.points == ("on", "setpoint", "mode", "boost", "names", "curve")
    assert entity(HEATERS, "a", mode="comfort").desired["mode"] == "comfort"


@pytest.mark.parametrize("warmth", [5, 5.5, 30])
def test_a_step_counts_from_the_least_value(warmth: float) -> None:
    assert entity(HEATERS, "a", warmth=warmth).desired["setpoint"] == warmth


def test_a_place_to_fill_is_named_with_its_role() -> None:
    text = (
        SITE + "spaces: { flat: { use: f } }\nfragments: { f: { type: Flat, roles: { tenant: { role: Tenant } } } }\n"
    )
    assert entity(text, "flat").roles == {"tenant": "blocks/Tenant"}


VIEWS = (
    """parameters:
  floors: { type: integer, default: 2 }
  least: { type: integer, default: -3 }
  colour_wanted: { type: string, default: red }
"""
    + SITE
    + """spaces:
  "floor-${f}":
    each: { f: 1..floors }
    type: Floor
    properties: { level: "${f}" }
    devices:
      lamp: { type: Lamp, properties: { colour: red } }
      heater: { type: Heater }
views:
  "lamps-${f}":
    each: { f: 1..floors }
    type: Lights
    rule: 'type is Lamp and within "floor-${f}" and colour == colour_wanted'
  top: { members: [floor-2] }
  around: { members: [top] }
  red: { rule: in view:lamps-1 or (in view:around and type is Heater) }
  high: { rule: "level > least and level not in [floors]" }
  zone: { type: Zone, rule: type is Floor or type is Lamp }
  lit: { type: Zone, members: [floor-1], rule: 'level == 2 and floors > 1' }
  some: { rule: type is Lamp and (floors > 9 or within "/") }
"""
)


@pytest.mark.parametrize(
    ("view", "rule"),
    [
        ("lamps-2", 'type is Lamp and within "/floor-2" and colour == "red"'),
        ("red", 'in view:"lamps-1" or in view:"around" and type is Heater'),
        ("high", "level > -3 and not level in [2]"),
        ("lit", "level == 2"),
        ("some", 'type is Lamp and within "/"'),
        ("top", None),
    ],
)
def test_the_rule_of_a_view_is_kept_with_its_names_worked_out(view: str, rule: str | None) -> None:
    assert entity(VIEWS, view).rule == rule
    assert rule is None or printed(parse_rule(rule)) == rule


def test_what_a_rule_finds_is_no_relation_of_the_plan() -> None:
    found = made(VIEWS)
    assert {(r.source, r.target) for r in found.relations} == {
        ("s/top", "s/floor-2"),
        ("s/around", "s/top"),
        ("s/lit", "s/floor-1"),
    }
    assert said(VIEWS) == []


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        ("type is Zone", ["s/lit", "s/zone"]),
        (
            "in view:zone",
            ["s/floor-1", "s/floor-1/heater", "s/floor-1/lamp", "s/floor-2", "s/floor-2/heater", "s/floor-2/lamp"],
        ),
        ("in view:lit and type is Floor", ["s/floor-1", "s/floor-2"]),
        ("in view:around", ["s/floor-2", "s/floor-2/heater", "s/floor-2/lamp"]),
        ("in view:high and type is Heater", ["s/floor-1/heater"]),
        ("in view:lamps-1", ["s/floor-1/lamp"]),
        ("in view:red and not in view:lamps-1", ["s/floor-2/heater"]),
    ],
)
def test_relations_may_lead_to_views_and_to_what_they_include(rule: str, ends: list[str]) -> None:
    text = VIEWS + f"devices: {{ eye: {{ type: Sensor, relations: {{ monitors: {{ rule: {rule} }} }} }} }}\n"
    assert [each.target for each in made(text).relations if each.type == "monitors"] == ends


_ASKED = st.sampled_from(
    [
        *("type is Lamp", "type is Floor", "within '/floor-1'", "has on", "measures on_off", "in view:top", "true"),
        *("in view:around", "in view:zone", "level > 1", "level in 1..n", "colour == 'red'", "n == 2"),
    ]
)
_RULES = st.recursive(
    _ASKED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda parts: f"({''.join(parts)})"),
        inner.map("not {}".format),
    ),
    max_leaves=5,
)


@settings(max_examples=6, deadline=None)
@given(st.lists(_RULES, min_size=10, max_size=10))
def test_a_rule_finds_the_same_in_a_topology_and_in_what_is_made_of_it(rules: list[str]) -> None:
    text = HEAD + VIEWS.replace("parameters:", "parameters:\n  n: { type: integer, default: 2 }")
    text += "".join(f'  v-{index}: {{ rule: "{rule}" }}\n' for index, rule in enumerate(rules)) + "devices:\n"
    relation = "relations: { monitors: { rule"
    text += "".join(
        f'  e-{index}: {{ type: Sensor, {relation}: "{rule}" }} }} }}\n' for index, rule in enumerate(rules)
    )
    with Twin(store=MemoryStore(), ontology_path=[GOLDEN / "imports", shipped("ontologies")]) as twin:
        with TemporaryDirectory() as folder:
            (Path(folder) / "t.yaml").write_text(text, encoding="utf-8")
            twin.apply(twin.plan(Path(folder) / "t.yaml", site="s"))
        for index in range(len(rules)):
            view, eye = (twin.mirror.by_path(f"s/{name}-{index}") for name in "ve")
            assert view is not None
            assert eye is not None
            found = [one.entity for one in query.related(twin.mirror, eye, "monitors")]
            planned = {one.path for one in found if one.kind in {"space", "device"}}
            live = {one.path for one in query.members(twin.mirror, view)}
            assert live - {eye.path} == planned, view.rule


COMPUTED = """site: { type: Block, status: { power: { sum: active_power } } }
spaces:
  floor:
    type: Floor
    spaces:
      flat:
        type: Flat
        relations: { warmed_by: [/stove], counted_by: { rule: type is Meter } }
        status:
          power: { sum: active_power, over: { rule: type is Meter and within "." } }
          temperature: { avg: air_temperature }
          occupied: { any: occupancy }
          busy: { count: occupancy }
        devices:
          meter: { type: Meter }
          sensor: { type: Sensor, has: [occupied] }
devices:
  stove: { type: Heater }
views:
  zone: { type: Zone, rule: type is Flat, status: { temperature: { max: air_temperature } } }
"""


def test_points_are_worked_out_from_devices() -> None:
    flat = entity(COMPUTED, "floor/flat")
    assert flat.computed == {
        "power": Computed("sum", "active_power", 'type is Meter and within "/floor/flat"'),
        "temperature": Computed("avg", "air_temperature"),
        "occupied": Computed("any", "occupancy"),
        "busy": Computed("count", "occupancy"),
    }
    assert flat.points == ("power", "temperature", "occupied", "busy")
    assert entity(COMPUTED, "zone").computed == {"temperature": Computed("max", "air_temperature")}
    site = next(each for each in made(COMPUTED).entities if each.kind == "site")
    assert site.computed == {"power": Computed("sum", "active_power")}
    assert said(COMPUTED) == []


def test_a_relation_may_be_written_from_its_other_end() -> None:
    found = {(r.type, r.source, r.target) for r in made(COMPUTED).relations}
    assert found == {("warms", "s/stove", "s/floor/flat"), ("counts", "s/floor/flat/meter", "s/floor/flat")}


OWN = """parameters:
  meters: { type: table, key: flat, columns: { serial: string, there: boolean }, optional: true }
site: { type: Block }
spaces:
  "flat-${n}":
    each: { n: 1..3 }
    when: meters[flat].there != false
    use: flat
    with: { serial: "${meters[flat].serial}" }
fragments:
  flat:
    parameters: { serial: { type: string, optional: true } }
    type: Flat
    devices:
      meter: { type: Meter, asset: "${serial}", relations: { counts: ["."] } }
      sensor: { type: Sensor, asset: "S-${meters[flat].serial}" }
"""


def test_the_key_of_a_table_is_that_of_the_entity_or_of_what_is_around_it() -> None:
    sheet = Source("m.csv", "flat,serial,there\nflat-1,A1,true\nflat-2,A2,false\nflat-3,A3,\n")
    found = expand(template(OWN), "s", {}, None, {"meters": sheet})
    assert {each.path: each.serial for each in found.entities if each.serial} == {
        "s/flat-1/meter": "A1",
        "s/flat-1/sensor": "S-A1",
        "s/flat-3/meter": "A3",
        "s/flat-3/sensor": "S-A3",
    }
    assert found.tables == {"meters": sheet.text}


def test_the_key_of_a_table_means_nothing_outside_of_it() -> None:
    with pytest.raises(AuthoringError) as caught:
        made(OWN.replace('asset: "${serial}"', 'asset: "${flat}"'))
    assert "name.unknown" in [found.code for found in caught.value.diagnostics]


def test_many_views_with_rules_look_at_little() -> None:
    text = (
        SITE
        + """spaces:
  "flat-${n}": { each: { n: 1..400 }, type: Flat, devices: { "lamp-${i}": { each: { i: 1..3 }, type: Lamp } } }
views:
  "lamps-${n}": { each: { n: 1..400 }, type: Lights, rule: 'type is Lamp and within "flat-${n}"' }
"""
    )
    views = [each for each in made(text).entities if each.kind == "view"]
    assert len(views) == 400
    assert all(one.rule != other.rule for one, other in pairwise(views))
