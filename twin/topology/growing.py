"""Parts become entities: every combination of loop variables, each with its path; links are noted, not yet followed.

Bounds: `MAX_ENTITIES` entities, `MAX_ROUNDS` rounds of ``each``, `MAX_KEY` characters of a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.ids import is_key
from twin.topology.filling import Filling, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Place
    from twin.graph.model import Scalar as Fact
    from twin.ontology.model import RelationType
    from twin.source import Diagnostics
    from twin.topology.checking import Prepared
    from twin.topology.parts import Part, Text

__all__ = ["MAX_ENTITIES", "MAX_KEY", "MAX_ROUNDS", "Grown", "Link", "Sprout", "grow"]

MAX_ENTITIES = 250_000
MAX_ROUNDS = 1_000_000
MAX_KEY = 100


@dataclass(slots=True, eq=False)
class Sprout:
    """An entity in the making: all of it but what depends on others."""

    prepared: Prepared
    path: str
    key: str
    parent: Sprout | None
    title: dict[str, str]
    properties: dict[str, Fact]
    serial: str | None
    uncertain: bool

    @property
    def part(self) -> Part:
        """The part of the template it grew from."""
        return self.prepared.part

    @property
    def space(self) -> Sprout:
        """What its paths are relative to: itself for a space or a site, the nearest one around it for anything else."""
        found = self
        while found.part.kind not in {"site", "space"} and found.parent is not None:
            found = found.parent
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One path that an entity names: a source of a point, a member, or the target of a relation."""

    origin: Sprout
    text: Text
    path: str
    point: str | None = None
    """The origin's point that follows what the path names."""
    relation: RelationType | None = None
    """None (and no point): a member of a view, or what a gateway connects."""

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.text.scalar.place


@dataclass(slots=True, eq=False)
class Grown:
    """All that grew."""

    sprouts: dict[str, Sprout] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    """Paths that ``when`` left out: naming them is no mistake."""
    serials: dict[str, Sprout] = field(default_factory=dict)


class _TooLargeError(Exception):
    """The template unfolds beyond the bounds; it has been reported."""


def grow(site: Prepared, key: str, parameters: Names, report: Diagnostics) -> Grown:
    """Everything that a prepared template describes with these parameters."""
    grower = _Grower(report)
    names = dict(parameters)
    try:
        root = grower.sprout(site, key, None, names)
        grower.below(root, names)
    except _TooLargeError:
        return Grown()
    return grower.grown


class _Grower:
    """Walks the prepared parts, outermost first."""

    def __init__(self, report: Diagnostics) -> None:
        self.grown = Grown()
        self._filling = Filling(report)
        self._report = report
        self._rounds = 0

    def below(self, parent: Sprout, names: Names) -> None:
        """All that stands in an entity."""
        for prepared in parent.prepared.parts:
            if prepared.part.lost:
                parent.uncertain = True
                continue
            for inner in self._rounds_of(prepared.part, parent, names):
                self._one(prepared, parent, inner)

    def _one(self, prepared: Prepared, parent: Sprout, names: Names) -> None:
        part = prepared.part
        key = self._key(part, names)
        wanted = self._filling.wanted(part, names)
        if key is None or wanted is None:
            parent.uncertain = True
        elif not wanted:
            self.grown.excluded.add(f"{parent.path}/{key}")
        else:
            child = self.sprout(prepared, key, parent, names)
            self.below(child, names)

    def _rounds_of(self, part: Part, parent: Sprout, names: Names) -> Iterator[Names]:
        """The names of every round: one, where nothing repeats."""
        rounds = [names]
        for loop in part.each:
            turned: list[Names] = []
            for outer in rounds:
                values = self._filling.values(loop, outer)
                if values is None:
                    parent.uncertain = True
                    return
                self._count(len(values), part)
                turned += [{**outer, loop.name: value} for value in values]
            rounds = turned
        yield from rounds

    def _count(self, rounds: int, part: Part) -> None:
        self._rounds += rounds
        if self._rounds > MAX_ROUNDS or len(self.grown.sprouts) >= MAX_ENTITIES:
            message = f"the topology unfolds to more than {MAX_ENTITIES:,} entities"
            help_ = "give smaller parameters, or make several sites of it"
            self._report.error("topology.large", message, part.place, help=help_)
            raise _TooLargeError

    def _key(self, part: Part, names: Names) -> str | None:
        key = self._filling.filled(part.key, names)
        if key is None or (is_key(key) and len(key) <= MAX_KEY):
            return key
        if part.key.pattern.constant and len(key) <= MAX_KEY:
            return key  # its form has been judged when it was read
        help_ = f"a key is at most {MAX_KEY} lowercase letters, digits and hyphens"
        self._report.error("key.invalid", f"'{key[:MAX_KEY]}' cannot be a key", part.place, help=help_)
        return None

    def sprout(self, prepared: Prepared, key: str, parent: Sprout | None, names: Names) -> Sprout:
        """One entity, entered under its path."""
        part = prepared.part
        made = Sprout(
            prepared=prepared,
            path=key if parent is None else f"{parent.path}/{key}",
            key=key,
            parent=parent,
            title=self._filling.titles(part, names),
            properties=self._filling.facts(prepared, names),
            serial=self._filling.serial(part, names),
            uncertain=part.uncertain,
        )
        earlier = self.grown.sprouts.setdefault(made.path, made)
        if earlier is not made:
            self._report_twice(made, earlier)
            return made
        self._count(0, part)
        self._enter_serial(made)
        self.grown.links.extend(self._links(prepared, made, names))
        return made

    def _enter_serial(self, made: Sprout) -> None:
        if made.serial is None or made.part.serial is None:
            return
        earlier = self.grown.serials.setdefault(made.serial, made)
        if earlier is not made and earlier.part.serial is not None:
            message = f"the serial '{made.serial}' is that of '{earlier.path}' too"
            related = [(earlier.part.serial.scalar.place, earlier.path)]
            place = made.part.serial.scalar.place
            self._report.error("serial.duplicate", message, place, related=related, help="a serial is one product's")

    def _report_twice(self, made: Sprout, earlier: Sprout) -> None:
        same = made.part is earlier.part
        help_ = "rename one: spaces, devices, gateways and views under one parent share their keys"
        if same:
            variables = ", ".join(f"${{{loop.name}}}" for loop in made.part.each)
            help_ = f"each round needs a key of its own: put {variables} in it"
        related = [] if same else [(earlier.part.place, f"the first '{earlier.key}'")]
        message = f"two entities have the path '{made.path}'"
        self._report.error("path.duplicate", message, made.part.place, related=related, help=help_)

    def _links(self, prepared: Prepared, made: Sprout, names: Names) -> Iterator[Link]:
        for point, text in prepared.sources:
            path = self._filling.filled(text, names)
            if path is not None:
                yield Link(made, text, path, point=point)
        for relation, texts in prepared.relations:
            for text in texts:
                path = self._filling.filled(text, names)
                if path is not None:
                    yield Link(made, text, path, relation=relation)
        for text in prepared.part.members:
            path = self._filling.filled(text, names)
            if path is not None:
                yield Link(made, text, path)
