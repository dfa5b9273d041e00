"""An ontology in two versions, a home that is made of it, and twins with many of these: for tests of upgrades."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.engine import Twin

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "ontology: abode\nversion: {version}\nimports: {{ core: ^1.0 }}\n"
BEFORE = (
    HEAD.format(version="1.4.0")
    + """
mixins:
  Warm: { status: { temp: { measures: air_temperature, type: number, unit: Cel } } }
sites:
  Abode: { is: Site }
spaces:
  Chamber:
    is: Space
    properties: { span: { type: number, unit: m2 } }
    status: { warmth: { measures: air_temperature, type: number, unit: Cel, optional: true } }
gateways:
  Hub: { is: Gateway }
devices:
  Stove:
    is: [Device, Warm]
    configuration: { wanted: { type: number, unit: Cel, range: 5..30 } }
    commands: { boost: {} }
  Counter:
    is: Device
    status: { energy: { measures: active_energy, type: number, unit: W.h, accumulates: true } }
"""
)
AFTER = (
    HEAD.format(version="2.0.0")
    + """
mixins:
  Warm: { status: { temperature: { measures: air_temperature, type: number, unit: Cel } } }
sites:
  Abode: { is: Site }
spaces:
  Chamber:
    is: Space
    properties:
      span: { type: number, unit: m2 }
      use: { type: string, required: true }
    status: { warmth: { measures: air_temperature, type: number, unit: Cel, optional: true } }
gateways:
  Hub: { is: Gateway }
devices:
  Heater:
    is: [Device, Warm]
    configuration: { wanted: { type: number, unit: "[degF]", range: 40..90 } }
    commands: { boost: {} }
  Counter:
    is: Device
    status: { energy: { measures: active_energy, type: number, unit: kW.h, accumulates: true } }
migrations:
  1 -> 2:
    - { rename: Warm.temp, to: temperature }
    - { rename: Stove, to: Heater }
    - { convert: Stove.wanted, from: Cel, to: "[degF]" }
    - { convert: Counter.energy, from: W.h, to: kW.h }
    - { default: Chamber.use, value: living }
"""
)
TOPOLOGY = """
topology: cottage
version: 1.0.0
uses: { abode: ^1.0 }
parameters: { rooms: { type: integer, range: 1..50, default: 1 } }
site: { type: Abode, title: Cottage }
spaces:
  "room-${n}":
    each: { n: 1..rooms }
    type: Chamber
    properties: { span: 12 }
    status: { warmth: { from: stove.temp } }
    devices:
      stove: { type: Stove, configuration: { wanted: 20 } }
      counter: { type: Counter }
views:
  warm: { rule: 'type is Stove and has temp' }
"""
TOPOLOGY_AFTER = (
    TOPOLOGY.replace("version: 1.0.0", "version: 2.0.0")
    .replace("^1.0 }", "^2.0 }", 1)
    .replace("stove.temp", "stove.temperature")
    .replace("type: Stove, configuration: { wanted: 20 }", "type: Heater, configuration: { wanted: 68 }")
    .replace("type is Stove and has temp", "type is Heater and has temperature")
    .replace("properties: { span: 12 }", "properties: { span: 12, use: living }")
)


def documents(folder: Path) -> tuple[Path, Path]:
    """The folders of the two versions: each with the ontology and the topology that is written for it."""
    made = []
    for name, ontology, topology in (("before", BEFORE, TOPOLOGY), ("after", AFTER, TOPOLOGY_AFTER)):
        each = folder / name
        each.mkdir(parents=True)
        (each / "abode.yaml").write_text(ontology)
        (each / "cottage.yaml").write_text(topology)
        made.append(each)
    return made[0], made[1]


def settle(data: Path, before: Path, sites: int, rooms: int = 1) -> None:
    """A twin with so many homes of the older version: ``home-1`` and on."""
    with Twin(data, user="integrator") as twin:
        for number in range(1, sites + 1):
            made = twin.plan(before / "cottage.yaml", site=f"home-{number}", parameters={"rooms": rooms})
            twin.apply(made)
