"""The two worked files of the proposed language: they compile, with the changes that stand beside them in comments."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.authoring import find as find_shipped
from twin.engine import Twin
from twin.graph.model import Computed
from twin.ontology.compile import compile_ontology
from twin.ontology.difference import compare_ontologies
from twin.ontology.model import Ontology
from twin.source import Diagnostics, Source
from twin.store.memory import MemoryStore
from twin.topology.desired import Desired, DesiredEntity
from twin.topology.expand import check_topology, expand
from twin.topology.template import Template, read_topology

HERE = Path(__file__).parent
TEXT = (HERE / "connected-home.yaml").read_text(encoding="utf-8")
MIGRATIONS = """
migrations:
  1 -> 2:
    - { rename: Radiator.temp, to: temperature }
    - { convert: HeatMeter.energy, from: W.h, to: kW.h }
"""
RADIATOR = "      temp:        { measures: surface_temperature, type: number, unit: Cel, optional: true }\n"
INDEX = "type: number, unit: kW.h, accumulates: true"
METERS = "flat,serial\n" + "".join(f"flat-{f}{n:02},SN-{f}{n:02}\n" for f in range(8) for n in range(1, 5))


def find(name: str) -> Source | None:
    path = HERE / f"{name}.yaml"
    return Source(path.name, path.read_text(encoding="utf-8")) if path.is_file() else find_shipped(name)


def compiled(text: str) -> tuple[Ontology, Diagnostics]:
    report = Diagnostics()
    return compile_ontology([Source("connected-home.yaml", text)], find_shipped, report), report


@cache
def template() -> Template:
    return read_topology(Source("block-of-flats.yaml", (HERE / "block-of-flats.yaml").read_text("utf-8")), find)


@cache
def block() -> Desired:
    tables = {"meters": Source("meters.csv", METERS)}
    return expand(template(), "hugo", {"floors": 8, "name": "Hugo"}, tables=tables)


def entity(path: str) -> DesiredEntity:
    return next(each for each in block().entities if each.path == f"hugo/{path}")


def test_the_ontology_compiles() -> None:
    ontology, report = compiled(TEXT)
    assert report.all == ()
    thermostat = ontology.types["connected-home/Thermostat"]
    assert thermostat.commands["boost"].arguments["minutes"].default == 30
    assert thermostat.points["setpoint"].step == 0.5
    assert thermostat.points["temperature"].deadband == 0.1
    assert thermostat.events["window_opened"].fields["side"].value == "string"
    assert thermostat.aligns == {"brick": "Thermostat", "haystack": "thermostat", "saref": "Thermostat"}
    assert ontology.types["connected-home/Flat"].boundary
    assert ontology.types["connected-home/Flat"].points["occupied"].private
    assert ontology.models["VelioSolar"].lacks == ("position",)
    assert ontology.roles["connected-home/Landlord"].crosses == ("connected-home/Flat",)
    assert ontology.types["connected-home/HeatMeter"].points["energy"].accumulates


def test_version_two_says_how_what_exists_follows() -> None:
    before = TEXT.replace(INDEX, INDEX.replace("kW.h", "W.h"))
    after = TEXT[: TEXT.index("deprecated:")].replace("version: 1.2.0", "version: 2.0.0").replace(RADIATOR, "")
    old, new = compiled(before)[0], compiled(after + MIGRATIONS)[0]
    (migration,) = new.migrations
    assert [(step.kind, step.subject) for step in migration.steps] == [
        ("rename", "connected-home/Radiator.temp"),
        ("convert", "connected-home/HeatMeter.energy"),
    ]
    compared = compare_ontologies(old, new, "connected-home")
    assert {each.subject for each in compared.differences} >= {"connected-home/HeatMeter.energy"}


def test_the_topology_is_only_warned_of_what_its_buildings_do_not_have() -> None:
    report = Diagnostics()
    check_topology(template(), report)
    expand(template(), "hugo", {"floors": 8, "name": "Hugo"}, report)
    assert {(each.severity, each.code) for each in report.all} <= {
        ("warning", "computed.empty"),
        ("warning", "rule.empty"),
    }


def test_a_flat_has_what_its_fragment_says() -> None:
    flat = entity("floor-1/flat-102")
    assert flat.roles == {"tenant": "connected-home/Tenant"}
    assert flat.computed == {"power": Computed("sum", "active_power", "type is PowerMeter")}
    rooms = [each for each in block().entities if each.path.startswith(f"{flat.path}/room-") and each.kind == "space"]
    assert len(rooms) == 5
    assert entity("floor-1/flat-102/room-2/thermostat").desired == {"setpoint": 20}
    assert entity("floor-1/flat-102/meter").serial == "SN-102"
    assert entity("boiler-room/boiler/pump").type == "collective-housing/Pump"
    assert not [each for each in block().entities if each.path.startswith("hugo/floor-1/flat-103")]


def test_views_go_by_their_rules() -> None:
    assert entity("thermal").rule == "type is HeatingEquipment"
    assert entity("penthouse-lights").rule == 'type is Light and within "/floor-7" and has dimming'
    assert entity("penthouse-lights").type == "core/Group"


def test_it_is_built_once() -> None:
    with Twin(store=MemoryStore(), ontology_path=[HERE]) as twin:
        made = twin.plan(HERE / "block-of-flats.yaml", site="hugo", parameters={"floors": 2, "name": "Hugo"})
        twin.apply(made)
        again = twin.plan(HERE / "block-of-flats.yaml", site="hugo", parameters={"floors": 2, "name": "Hugo"})
        assert not again.entries
        entities = {each.path: each for each in twin.entities()}
        members = [
            end for _, end, key in twin.graph.out_edges(entities["hugo/thermal"].id, keys=True) if key == "INCLUDES"
        ]
    heating = {path for path, each in entities.items() if each.type.endswith(("/Radiator", "/Thermostat", "/Boiler"))}
    assert {entities[path].id for path in heating} == set(members)
    assert entities["hugo/floor-1/flat-101/room-1/thermostat"].desired == {"mode": "eco", "setpoint": 20}
    assert "hugo/floor-0/flat-002/room-4" in entities
