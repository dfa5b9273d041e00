"""Parts become entities: every combination of loop variables, each with its path; links are noted, not yet followed.

Bounds: `MAX_ENTITIES` entities, `MAX_ROUNDS` rounds of ``each``, `MAX_KEY` characters of a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.expressions import OWN_KEYS, Table
from twin.ids import is_key
from twin.topology.checking import MAX_DEPTH, report_deep
from twin.topology.filling import Filling, Frames, Names
from twin.topology.overriding import Overriding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.errors import Place
    from twin.graph.model import Scalar as Fact
    from twin.graph.model import Value
    from twin.ontology.model import RelationType
    from twin.source import Diagnostics
    from twin.topology.checking import Prepared, Preparer
    from twin.topology.computing import Computing
    from twin.topology.parts import Ends, Part, Rule, Template, Text

__all__ = ["MAX_ENTITIES", "MAX_KEY", "MAX_ROUNDS", "Grown", "Link", "Reckoning", "Search", "Sprout", "grow"]

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
    settings: dict[str, Value]
    serial: str | None
    uncertain: bool
    level: int
    """Which layer of its parent says that it is there."""
    points: tuple[str, ...]

    @property
    def type(self) -> str:
        """The qualified name of its type; empty where that is wrong, and has been reported."""
        return self.prepared.type.name if self.prepared.type is not None else ""

    @property
    def declared(self) -> dict[str, Fact]:
        """What rules may ask of its properties, named as in `twin.graph.model.Entity.declared`."""
        return {f"properties.{name}": value for name, value in self.properties.items()}

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


@dataclass(slots=True, eq=False)
class Link:
    """One path that an entity names: a source of a point, a member, or the target of a relation."""

    origin: Sprout
    text: Text
    path: str
    point: str | None = None
    """The origin's point that follows what the path names."""
    relation: RelationType | None = None
    """None (and no point): a member of a view, or what a gateway connects."""
    inverse: bool = False
    """Whether the relation leads from what the path names to the origin."""
    at: Place | None = None
    """Where it is written, if that is not where the text stands."""

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.at or self.text.scalar.place

    @property
    def used(self) -> list[tuple[Place, str]]:
        """Where the fragment is used that it is written in, if it is."""
        level, around = self.text.level, self.origin
        while (word := around.prepared.layers[level].word) is None and around.parent is not None:
            level, around = around.level, around.parent
        return [] if word is None else [(word.place, f"{word.text} is used here")]


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """A rule that finds what an entity is related to, connects or includes, or what a point is worked out from."""

    origin: Sprout
    rule: Rule
    names: Names
    relation: RelationType | None = None
    inverse: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Reckoning:
    """A point of an entity that is worked out from those of devices."""

    origin: Sprout
    computing: Computing
    search: Search | None
    """Which devices; None: all that are there."""


@dataclass(slots=True, eq=False)
class Grown:
    """All that grew."""

    sprouts: dict[str, Sprout] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    """For the ends of relations, and what gateways connect."""
    views: dict[str, Search] = field(default_factory=dict)
    """By path of the view: what else it includes."""
    reckonings: list[Reckoning] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    """Paths that ``when`` or an override left out: naming them is no mistake."""
    serials: dict[str, Sprout] = field(default_factory=dict)


class _TooLargeError(Exception):
    """The template unfolds beyond the bounds; it has been reported."""


def grow(template: Template, preparer: Preparer, key: str, parameters: Names, report: Diagnostics) -> Grown:
    """Everything that a template describes with these parameters. ``key`` is the site's."""
    overriding = Overriding(template.overrides, key, parameters, report)
    grower = _Grower(preparer, parameters, overriding, report)
    try:
        grower.plant(preparer.prepare(template.site), key, None, parameters, 0)
    except _TooLargeError:
        return Grown()
    overriding.report_unmatched(grower.grown)
    return grower.grown


def _ends_of(prepared: Prepared) -> Sequence[tuple[RelationType | None, Ends, bool]]:
    """Where the relations of an entity end, and what it includes or connects."""
    members = prepared.body.members
    return (*prepared.relations, (None, members, False)) if members else prepared.relations


class _Grower:
    """Walks the prepared parts, outermost first."""

    def __init__(self, preparer: Preparer, shared: Names, overriding: Overriding, report: Diagnostics) -> None:
        self.grown = Grown()
        self._preparer = preparer
        self._overriding = overriding
        self._shared = shared
        self._tabled = any(isinstance(value, Table) for value in shared.values())
        self._filling = Filling(report)
        self._report = report
        self._rounds = 0

    def plant(self, prepared: Prepared, key: str, parent: Sprout | None, names: Names, level: int) -> None:
        """An entity and all that stands in it; ``level`` is the layer of its parent that says so."""
        frames = self._filling.frames(prepared, self._own(names, key), self._shared)
        made = self._sprout(prepared, key, parent, frames, level)
        depth = made.path.count("/")
        for within, inner in prepared.parts:
            around = frames[within]
            if inner.part.lost or around is None:
                made.uncertain = True
            elif depth >= MAX_DEPTH:
                report_deep(inner.part, self._report)
                made.uncertain = True
            else:
                for turn in self._rounds_of(inner.part, made, around):
                    self._one(inner, made, turn, within)

    def _one(self, prepared: Prepared, parent: Sprout, names: Names, level: int) -> None:
        part = prepared.part
        key = self._key(part, names)
        wanted = None if key is None else self._filling.wanted(part, self._own(names, key))
        if key is None or wanted is None:
            parent.uncertain = True
        elif not wanted:
            self.grown.excluded.add(f"{parent.path}/{key}")
        elif (override := self._overriding.take(path := f"{parent.path}/{key}")) is None:
            self.plant(prepared, key, parent, names, level)
        elif override.absent:
            self.grown.excluded.add(path)
        else:
            depth = path.count("/")
            prepared = self._preparer.overridden(part, parent.prepared.type, depth, override)
            self.plant(prepared, key, parent, names, level)

    def _own(self, names: Names, key: str) -> Names:
        """The names for an entity of this key: rows of tables may be looked up by it."""
        if not self._tabled:
            return names
        around = names.get(OWN_KEYS)
        return {**names, OWN_KEYS: (key, *(around if isinstance(around, tuple) else ()))}

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
        key = self._filling.filled(part.key, (names,))
        if key is None or (part.key.pattern.constant and len(key) <= MAX_KEY):
            return key  # the form of a constant has been judged when it was read
        if is_key(key) and len(key) <= MAX_KEY:
            return key
        help_ = f"a key is at most {MAX_KEY} lowercase letters, digits and hyphens"
        self._report.error("key.invalid", f"'{key[:MAX_KEY]}' cannot be a key", part.place, help=help_)
        return None

    def _sprout(self, prepared: Prepared, key: str, parent: Sprout | None, frames: Frames, level: int) -> Sprout:
        """One entity, entered under its path."""
        body = prepared.body
        made = Sprout(
            prepared=prepared,
            path=key if parent is None else f"{parent.path}/{key}",
            key=key,
            parent=parent,
            title=self._filling.titles(body, frames),
            properties=self._filling.facts(prepared, frames),
            settings=self._filling.settings(prepared, frames),
            serial=self._filling.serial(body.serial, frames),
            uncertain=body.uncertain or None in frames,
            level=level,
            points=prepared.points,
        )
        earlier = self.grown.sprouts.setdefault(made.path, made)
        if earlier is not made:
            self._report_twice(made, earlier)
            return made
        self._count(0, prepared.part)
        self._enter_serial(made)
        self.grown.links.extend(self._links(prepared, made, frames))
        self._enter_rules(prepared, made, frames)
        return made

    def _enter_rules(self, prepared: Prepared, made: Sprout, frames: Frames) -> None:
        for relation, ends, inverse in _ends_of(prepared):
            if ends.rule is not None and (names := frames[ends.rule.level]) is not None:
                self.grown.searches.append(Search(made, ends.rule, names, relation, inverse))
        if prepared.body.rule is not None and (view := self._search(made, prepared.body.rule, frames)) is not None:
            self.grown.views[made.path] = view
        for one in prepared.computations:
            search = self._search(made, one.computation.over, frames)
            if search is not None or one.computation.over is None:
                self.grown.reckonings.append(Reckoning(made, one, search))

    @staticmethod
    def _search(made: Sprout, rule: Rule | None, frames: Frames) -> Search | None:
        names = frames[rule.level] if rule is not None else None
        return Search(made, rule, names) if rule is not None and names is not None else None

    def _enter_serial(self, made: Sprout) -> None:
        mine = made.prepared.body.serial
        if made.serial is None or mine is None:
            return
        earlier = self.grown.serials.setdefault(made.serial, made)
        theirs = earlier.prepared.body.serial
        if earlier is not made and theirs is not None:
            message = f"the serial '{made.serial}' is that of '{earlier.path}' too"
            related = [(theirs.scalar.place, earlier.path)]
            place = mine.scalar.place
            self._report.error("serial.duplicate", message, place, related=related, help="a serial is one product's")

    def _report_twice(self, made: Sprout, earlier: Sprout) -> None:
        if made.parent is not earlier.parent:  # theirs is one path too, and that has been reported
            return
        same = made.part is earlier.part
        help_ = "rename one: spaces, devices, gateways and views under one parent share their keys"
        if same:
            key = made.part.key.scalar.text
            unused = [f"${{{loop.name}}}" for loop in made.part.each if f"${{{loop.name}" not in key]
            help_ = f"each round needs a key of its own: put {', '.join(unused)} in it"
            if not unused:
                help_ = "each round needs a key of its own: go over each value once"
        elif made.level != earlier.level:
            help_ = "rename one; what stands in a fragment is changed under 'overrides', by path"
        related = [] if same else [(earlier.part.place, f"the first '{earlier.key}'")]
        message = f"two entities have the path '{made.path}'"
        self._report.error("path.duplicate", message, made.part.place, related=related, help=help_)

    def _links(self, prepared: Prepared, made: Sprout, frames: Frames) -> Iterator[Link]:
        for point, text in prepared.sources:
            path = self._filling.filled(text, frames)
            if path is not None:
                yield Link(made, text, path, point=point)
        for relation, ends, inverse in _ends_of(prepared):
            for text in ends.paths:
                path = self._filling.filled(text, frames)
                if path is not None:
                    yield Link(made, text, path, relation=relation, inverse=inverse)
