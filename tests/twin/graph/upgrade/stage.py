"""A stage for upgrades: two versions of an ontology from their types, steps between them, and a small home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tests.graphs import entity, mirror_of
from twin.engine.library import Library
from twin.errors import Place
from twin.graph.model import Change, Update
from twin.graph.upgrade import SiteUpgrade, Ways, upgrade_site
from twin.ontology.compile import compile_ontology
from twin.ontology.model import Migration, Step
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Entry
    from twin.ontology.model import Ontology

HERE = Place("lab.yaml", 1, 1, 2)
VERSIONS = {"lab": ("1.0.0", "2.0.0")}
RADIATOR = """
  Radiator:
    is: Device
    status: { temp: { type: number, unit: Cel }, on: { type: boolean, optional: true } }
    configuration: { target: { type: number, unit: Cel, range: 5..30 } }
    properties: { length: { type: number, unit: m } }
    commands: { boost: {} }
"""
"""A type of version 1."""


def ontology(devices: str, version: str = "1.0.0", rest: str = "") -> Ontology:
    """An ontology ``lab`` with these devices, a kind of space and a kind of site."""
    text = (
        f"ontology: lab\nversion: {version}\nimports: {{ core: ^1.0 }}\n"
        f"sites:\n  Lab: {{ is: Site }}\nspaces:\n"
        "  Bay: { is: Space, status: { warmth: { type: number, unit: Cel, optional: true } } }\n"
        f"devices:{devices}{rest}"
    )
    return compile_ontology([Source("lab.yaml", text)], Library(()).find)


def step(kind: Any, subject: str, **rest: Any) -> Step:
    """A step of ``lab``."""
    return Step(kind, f"lab/{subject}", **rest)


def ways(before: Ontology, after: Ontology, *steps: Step) -> Ways:
    """The ways from one to the other, by one migration."""
    return Ways(before, after, [Migration("lab", "1", "2", steps, HERE)])


class Home:
    """A site with a bay, and in it a device of the type given and a meter of nothing; the bay follows the device."""

    def __init__(self, **device: Any) -> None:
        self.site = entity("home", "site", type="lab/Lab")
        self.bay = entity("home/bay", "space", self.site, type="lab/Bay", points=("warmth",))
        self.device = entity("home/bay/device", "device", self.bay, **{"type": "lab/Radiator", **device})
        self.bay = msgspec.structs.replace(self.bay, sources={"warmth": (self.device.id, "temp")})
        self.mirror: Mirror = mirror_of([self.site, self.bay, self.device])

    @property
    def entities(self) -> list[Entity]:
        return [self.mirror.entities[each] for each in self.mirror.intervals(self.site.id).order]

    def upgrade(self, by: Ways, relations: Sequence[str] = ()) -> SiteUpgrade:
        """What becomes of it."""
        site = self.mirror.entities[self.site.id]
        return upgrade_site(site, self.entities, by, VERSIONS, self.mirror.views, relations)

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take entries in."""
        from tests.graphs import changeset

        self.mirror.apply(Change(self.mirror.head + 1, changeset(*entries)))

    def edit(self, **fields: Any) -> None:
        """A user changes the device."""
        self.apply([Update(id=self.device.id, fields=fields)])

    @property
    def now(self) -> Entity:
        """The device as it is."""
        return self.mirror.entities[self.device.id]
