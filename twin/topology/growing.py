"""Parts become entities: every combination of loop variables, each with its path; links are noted, not yet followed.

Bounds: `MAX_ENTITIES` entities, `MAX_ROUNDS` rounds of ``each``, `MAX_KEY` characters of a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import OWN_KEYS
from twin.ids import is_key
from twin.topology.checking import MAX_DEPTH, report_deep
from twin.topology.filling import Filling, Frames, Names
from twin.topology.grown import Grown, Reckoning, Search, Sprout
from twin.topology.overriding import Overriding
from twin.topology.seeds import Seed, fixed_names

if TYPE_CHECKING:
    from twin.graph.model import Scalar as Fact
    from twin.graph.model import Value
    from twin.source import Diagnostics
    from twin.topology.checking import Prepared, Preparer
    from twin.topology.parts import Part, Rule, Template

__all__ = ["MAX_ENTITIES", "MAX_KEY", "MAX_ROUNDS", "grow"]

MAX_ENTITIES = 250_000
MAX_ROUNDS = 1_000_000
MAX_KEY = 100


class _TooLargeError(Exception):
    """The template unfolds beyond the bounds; it has been reported."""


def grow(template: Template, preparer: Preparer, key: str, parameters: Names, report: Diagnostics) -> Grown:
    """Everything that a template describes with these parameters. ``key`` is the site's."""
    overriding = Overriding(template.overrides, key, parameters, report)
    grower = _Grower(template, preparer, parameters, overriding, report)
    try:
        grower.plant(grower.seed(preparer.prepare(template.site)), key, key, None, parameters, 0)
    except _TooLargeError:
        return Grown()
    overriding.report_unmatched(grower.grown)
    return grower.grown


class _Grower:
    """Walks the prepared parts, outermost first."""

    def __init__(
        self, template: Template, preparer: Preparer, shared: Names, overriding: Overriding, report: Diagnostics
    ) -> None:
        self.grown = Grown(fixed_names(template))
        self._preparer = preparer
        self._overriding = overriding
        self._shared = shared
        self._tabled = any(one.row_key in template.spoken for one in template.parameters.values())
        self._filling = Filling(report)
        self._report = report
        self._rounds = 0
        self._seeds: dict[Prepared, Seed] = {}

    def seed(self, prepared: Prepared) -> Seed:
        """The seed of a prepared part, the same each time."""
        found = self._seeds.get(prepared)
        if found is None:
            found = self._seeds[prepared] = Seed(prepared, self.grown.fixed)
        return found

    def plant(
        self, seed: Seed, key: str, path: str, parent: Sprout | None, names: Names, level: int, depth: int = 0
    ) -> None:
        """An entity and all that stands in it; ``level`` is the layer of its parent that says so."""
        if self._tabled:
            names = self._own(names, key)
        frames = (names,) if seed.single else self._frames(seed, names)
        made = self._sprout(seed, key, path, parent, frames, level)
        parts = seed.parts
        if parts is None:
            parts = seed.parts = [(within, self.seed(inner)) for within, inner in seed.prepared.parts]
        if not parts:
            return
        for within, inner in parts:
            around = frames[within]
            if inner.part.lost or around is None:
                made.uncertain = True
            elif depth >= MAX_DEPTH:
                report_deep(inner.part, self._report)
                made.uncertain = True
            elif inner.part.each:
                for turn in self._rounds_of(inner.part, made, around):
                    self._one(inner, made, turn, within, depth + 1)
            else:
                self._one(inner, made, around, within, depth + 1)
        made.end = len(self.grown.sprouts)

    def _one(self, seed: Seed, parent: Sprout, names: Names, level: int, depth: int) -> None:
        key = seed.key if seed.key is not None else self._key(seed, names)
        wanted = seed.wanted
        if wanted is None and key is not None:
            wanted = self._wanted(seed, names, key)
        if key is None or wanted is None:
            parent.uncertain = True
            return
        path = f"{parent.path}/{key}"
        if not wanted:
            self.grown.excluded.add(path)
        elif (override := self._overriding.take(path)) is None:
            self.plant(seed, key, path, parent, names, level, depth)
        elif override.absent:
            self.grown.excluded.add(path)
        else:
            above = parent.seed.prepared.type
            prepared = self._preparer.overridden(seed.part, above, depth, override)
            self.plant(self.seed(prepared), key, path, parent, names, level, depth)

    def _own(self, names: Names, key: str) -> Names:
        """The names for an entity of this key: rows of tables may be looked up by it."""
        if not self._tabled:
            return names
        around = names.get(OWN_KEYS)
        return {**names, OWN_KEYS: (key, *(around if isinstance(around, tuple) else ()))}

    def _frames(self, seed: Seed, names: Names) -> Frames:
        """The names of every layer; those of fragments that are given no values are the same for all."""
        if self._tabled or not seed.steady:
            return self._filling.frames(seed.prepared, names, self._shared)
        if seed.inner is None:
            seed.inner = self._filling.frames(seed.prepared, names, self._shared)[1:]
        return (names, *seed.inner)

    def _rounds_of(self, part: Part, parent: Sprout, names: Names) -> list[Names]:
        """The names of every round: one, where nothing repeats."""
        rounds = [names]
        for loop in part.each:
            turned: list[Names] = []
            for outer in rounds:
                values = self._filling.values(loop, outer)
                if values is None:
                    parent.uncertain = True
                    return []
                self._count(len(values), part)
                turned += [{**outer, loop.name: value} for value in values]
            rounds = turned
        return rounds

    def _count(self, rounds: int, part: Part) -> None:
        self._rounds += rounds
        if self._rounds > MAX_ROUNDS or len(self.grown.sprouts) >= MAX_ENTITIES:
            message = f"the topology unfolds to more than {MAX_ENTITIES:,} entities"
            help_ = "give smaller parameters, or make several sites of it"
            self._report.error("topology.large", message, part.place, help=help_)
            raise _TooLargeError

    def _wanted(self, seed: Seed, names: Names, key: str) -> bool | None:
        """Whether ``when`` holds."""
        wanted = self._filling.wanted(seed.part, self._own(names, key))
        if seed.fixed_when:
            seed.wanted = wanted
        return wanted

    def _key(self, seed: Seed, names: Names) -> str | None:
        part = seed.part
        key = self._filling.filled(part.key, (names,))
        if key is None:
            return None
        constant = part.key.pattern.constant  # whose form has been judged when it was read
        if len(key) <= MAX_KEY and (constant or is_key(key)):
            if seed.fixed_key:
                seed.key = key
            return key
        help_ = f"a key is at most {MAX_KEY} lowercase letters, digits and hyphens"
        self._report.error("key.invalid", f"'{key[:MAX_KEY]}' cannot be a key", part.place, help=help_)
        return None

    def _sprout(self, seed: Seed, key: str, path: str, parent: Sprout | None, frames: Frames, level: int) -> Sprout:
        """One entity, entered under its path."""
        prepared, filling, sprouts = seed.prepared, self._filling, self.grown.sprouts
        position, serial = len(sprouts), prepared.body.serial
        made = Sprout(
            seed,
            seed.type,
            path,
            key,
            parent,
            path if seed.roomy or parent is None else parent.base,
            seed.title if seed.title is not None else self._title(seed, frames),
            seed.properties if seed.properties is not None else self._facts(seed, frames),
            seed.settings if seed.settings is not None else self._settings(seed, frames),
            None if serial is None else filling.serial(serial, frames),
            prepared.body.uncertain or None in frames,
            level,
            prepared.points,
            position,
            position + 1,
        )
        earlier = sprouts.setdefault(path, made)
        if earlier is not made:
            self._report_twice(made, earlier)
            return made
        if position + 1 >= MAX_ENTITIES:
            self._count(0, prepared.part)
        if made.serial is not None:
            self._enter_serial(made)
        for naming in seed.namings:
            named = naming.path
            if named is None:
                named = filling.filled(naming.text, frames)
                if named is None:
                    continue
                if naming.fixed:
                    naming.path = named
            self.grown.links.append((made, naming, named))
        if seed.asks:
            self._enter_rules(seed, made, frames)
        return made

    def _title(self, seed: Seed, frames: Frames) -> dict[str, str]:
        title = self._filling.titles(seed.prepared.body, frames)
        if seed.fixed_title and None not in frames:
            seed.title = title
        return title

    def _facts(self, seed: Seed, frames: Frames) -> dict[str, Fact]:
        facts = self._filling.facts(seed.prepared, frames)
        if seed.fixed_facts and None not in frames:
            seed.properties = facts
        return facts

    def _settings(self, seed: Seed, frames: Frames) -> dict[str, Value]:
        settings = self._filling.settings(seed.prepared, frames)
        if seed.fixed_settings and None not in frames:
            seed.settings = settings
        return settings

    def _enter_rules(self, seed: Seed, made: Sprout, frames: Frames) -> None:
        for relation, ends, inverse in seed.ends:
            if ends.rule is not None and (names := frames[ends.rule.level]) is not None:
                self.grown.searches.append(Search(made, ends.rule, names, relation, inverse))
        prepared = seed.prepared
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
        mine = made.seed.prepared.body.serial
        if made.serial is None or mine is None:
            return
        earlier = self.grown.serials.setdefault(made.serial, made)
        theirs = earlier.seed.prepared.body.serial
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
