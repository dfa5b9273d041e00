"""What grows from the parts of a template: entities in the making, and what they name, ask for, and work out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from twin.graph.model import Scalar as Fact
from twin.graph.model import Value
from twin.ontology.model import RelationType
from twin.topology.computing import Computing
from twin.topology.filling import Names
from twin.topology.parts import Rule
from twin.topology.seeds import Naming, Seed

if TYPE_CHECKING:
    from twin.errors import Place
    from twin.topology.parts import Part, Text

__all__ = ["Grown", "Link", "Reckoning", "Search", "Sprout"]


class Sprout(msgspec.Struct, eq=False):
    """An entity in the making: all of it but what depends on others."""

    seed: Seed
    type: str
    """The qualified name of its type; empty where that is wrong, and has been reported."""
    path: str
    key: str
    parent: Sprout | None
    base: str
    """What its paths are relative to: its own path for a space or a site, that of the nearest one around it else."""
    title: dict[str, str]
    properties: dict[str, Fact]
    settings: dict[str, Value]
    serial: str | None
    uncertain: bool
    level: int
    """Which layer of its parent says that it is there."""
    points: tuple[str, ...]
    position: int
    """How many grew before it."""
    end: int
    """The position after the last of those that stand in it."""

    @property
    def declared(self) -> dict[str, Fact]:
        """What rules may ask of its properties, named as in `twin.graph.model.Entity.declared`."""
        return {f"properties.{name}": value for name, value in self.properties.items()}

    @property
    def part(self) -> Part:
        """The part of the template it grew from."""
        return self.seed.part


@dataclass(slots=True, eq=False)
class Link:
    """One path that an entity names, to be looked at more closely."""

    origin: Sprout
    naming: Naming
    path: str
    at: Place | None = None
    """Where it is written, if that is not where the text stands."""

    @property
    def text(self) -> Text:
        """What is written."""
        return self.naming.text

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.at or self.text.scalar.place

    @property
    def used(self) -> list[tuple[Place, str]]:
        """Where the fragment is used that it is written in, if it is."""
        level, around = self.text.level, self.origin
        while (word := around.seed.prepared.layers[level].word) is None and around.parent is not None:
            level, around = around.level, around.parent
        return [] if word is None else [(word.place, f"{word.text} is used here")]


class Search(msgspec.Struct, frozen=True, eq=False):
    """A rule that finds what an entity is related to, connects or includes, or what a point is worked out from."""

    origin: Sprout
    rule: Rule
    names: Names
    relation: RelationType | None = None
    inverse: bool = False


class Reckoning(msgspec.Struct, frozen=True, eq=False):
    """A point of an entity that is worked out from those of devices."""

    origin: Sprout
    computing: Computing
    search: Search | None
    """Which devices; None: all that are there."""


@dataclass(slots=True, eq=False)
class Grown:
    """All that grew."""

    fixed: frozenset[str] = frozenset()
    """Parameters whose value is the same wherever they are spoken of."""
    sprouts: dict[str, Sprout] = field(default_factory=dict)
    """By path; each followed by all that stands in it."""
    links: list[tuple[Sprout, Naming, str]] = field(default_factory=list)
    """The paths that entities name."""
    searches: list[Search] = field(default_factory=list)
    """For the ends of relations, and what gateways connect."""
    views: dict[str, Search] = field(default_factory=dict)
    """By path of the view: what else it includes."""
    reckonings: list[Reckoning] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    """Paths that ``when`` or an override left out: naming them is no mistake."""
    serials: dict[str, Sprout] = field(default_factory=dict)
