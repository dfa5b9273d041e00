"""From a type of before to a type of now: what the steps between two versions make of it and of its members.

Inside one migration every step speaks of things by the names they have where it begins; so two names may be exchanged.
Steps that concern an ancestor or a mixin concern every type that has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from twin.graph.upgrade.rules import RuleNames
from twin.graph.upgrade.steps import qualified, targets_of
from twin.units import affine, compatible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from twin.ontology.model import (
        Default,
        EntityType,
        Migration,
        Ontology,
        PointType,
        PropertyType,
        Step,
    )

__all__ = ["Conversion", "Way", "Ways"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """Values in another unit: ``value * factor + offset``."""

    factor: float = 1.0
    offset: float = 0.0
    whole: bool = False
    """Whether only whole numbers are kept."""
    units: tuple[str, str] | None = None
    """From, to; None where only the kind of number differs."""


@dataclass(slots=True)
class Way:
    """What became of one type. The maps are from the names of before to those of now; None: gone, by a step."""

    before: EntityType
    after: EntityType | None
    """None: gone, by a step or without one."""
    points: dict[str, str | None]
    properties: dict[str, str | None]
    commands: dict[str, str | None]
    removed: str | None = None
    """Why the type itself was removed, where a step says so."""
    converts: set[str] = field(default_factory=set)
    """Members of before that a step converts."""
    defaults: dict[str, Default] = field(default_factory=dict)
    """Member of now -> the value for those that have none."""

    def conversion(self, name: str) -> Conversion | None:
        """How values of a point or property of before become values of now; None: as they are."""
        after = self.after
        renamed = self.points.get(name) or self.properties.get(name)
        if after is None or renamed is None:
            return None
        old = self.before.points.get(name) or self.before.properties.get(name)
        new = after.points.get(renamed) or after.properties.get(renamed)
        return None if old is None or new is None else _conversion(old, new)

    def added_points(self) -> list[str]:
        """Points of now that every entity of the type has, and none of before had to have."""
        if self.after is None:
            return []
        had = {new for old, new in self.points.items() if not self.before.points[old].optional}
        return [name for name, each in self.after.points.items() if not each.optional and name not in had]

    def added_commands(self) -> list[str]:
        """The same of commands."""
        if self.after is None:
            return []
        had = {new for old, new in self.commands.items() if not self.before.commands[old].optional}
        return [name for name, each in self.after.commands.items() if not each.optional and name not in had]


class Ways:
    """Every type's way from one ontology to a later one, by the migrations of the documents that differ."""

    def __init__(self, before: Ontology, after: Ontology, migrations: Sequence[Migration]) -> None:
        self.before = before
        self.after = after
        self.migrations = tuple(migrations)
        self._ways: dict[tuple[str, tuple[str | None, ...]], Way] = {}

    def splits(self, name: str) -> list[Step]:
        """The steps that split a type of before."""
        found: list[Step] = []

        def first(step: Step) -> str | None:
            found.append(step)
            return next(iter(targets_of(step)), None)

        self._walk(name, first)
        return found

    def way(self, name: str, choose: Callable[[Step], str | None] = lambda _: None) -> Way:
        """The way of a type of before. ``choose`` says which type one becomes that a step splits."""
        chosen = {id(step): choose(step) for step in self.splits(name)}
        key = (name, tuple(chosen.values()))
        if key not in self._ways:
            self._ways[key] = self._walk(name, lambda step: chosen.get(id(step)))
        return self._ways[key]

    def renamed_types(self) -> dict[str, tuple[str, ...]]:
        """Every type of before that is no more -> what it becomes (several where it is split)."""
        found = {}
        for name in self.before.types:
            splits = self.splits(name)
            targets = [to for step in splits for to in targets_of(step)]
            becomes = targets or [way.after.name for way in [self.way(name)] if way.after is not None]
            if becomes and tuple(becomes) != (name,):
                found[name] = tuple(dict.fromkeys(becomes))
        return found

    @cached_property
    def names(self) -> RuleNames:
        """What the words of rules have become."""
        return RuleNames(self)

    def role(self, name: str) -> str | None:
        """What became of a role, by its qualified name; None: gone."""
        for migration in self.migrations:
            for step in migration.steps:
                if step.subject == name and step.kind in {"rename", "merge"} and step.to:
                    name = qualified(name, step.to[0])
                    break
        return name if name in self.after.roles else None

    def _walk(self, name: str, choose: Callable[[Step], str | None]) -> Way:
        before = self.before.types[name]
        walk = _Walk(before, self.after)
        for migration in self.migrations:
            walk.follow(migration, choose)
        return walk.way()


class _Walk:
    """One type on its way through the migrations."""

    def __init__(self, before: EntityType, after: Ontology) -> None:
        self.before = before
        self.after = after
        self.name: str | None = before.name
        self.lineage = list(before.lineage)
        self.members: dict[str, str | None] = {
            name: name for name in (*before.points, *before.properties, *before.commands)
        }
        self.removed: str | None = None
        self.converts: set[str] = set()
        self.defaults: dict[str, Default] = {}

    def follow(self, migration: Migration, choose: Callable[[Step], str | None]) -> None:
        name, lineage, members = self.name, tuple(self.lineage), dict(self.members)
        for step in migration.steps:
            owner, _, member = step.subject.partition(".")
            if self.name is None or step.kind == "default" or owner not in lineage:
                continue
            if member:
                self._member(step, member, members)
            elif step.kind in {"rename", "merge"} and step.to:
                self._become(owner, qualified(owner, step.to[0]), own=owner == name)
            elif owner == name and step.kind == "split":
                chosen = choose(step)
                self._become(owner, chosen if chosen is None else qualified(owner, chosen), own=True)
            elif owner == name and step.kind == "remove":
                self.name, self.removed = None, step.reason
        self._fill(migration)

    def _fill(self, migration: Migration) -> None:
        """What is new is named as in the newer version: of the type as the other steps have left it."""
        now = self.after.types.get(self.name or "")
        lineage = {*self.lineage, *(() if now is None else now.lineage)}
        for step in migration.steps:
            owner, _, member = step.subject.partition(".")
            if step.kind == "default" and owner in lineage and step.value is not None:
                self.defaults[member] = step.value

    def _become(self, old: str, new: str | None, *, own: bool) -> None:
        self.lineage = [each if each != old else new or old for each in self.lineage]
        if own:
            self.name = new
            found = self.after.types.get(new or "")
            self.lineage += () if found is None else found.lineage

    def _member(self, step: Step, member: str, members: Mapping[str, str | None]) -> None:
        if step.kind in {"rename", "remove"} and member in self.defaults:
            value = self.defaults.pop(member)
            self.defaults |= {step.to[0]: value} if step.to else {}
        for origin in [name for name, now in members.items() if now == member]:
            if step.kind in {"rename", "merge"} and step.to:
                self.members[origin] = step.to[0].rpartition(".")[2]
            elif step.kind == "convert":
                self.converts.add(origin)
            elif step.kind == "remove":
                self.members[origin] = None

    def way(self) -> Way:
        before = self.before
        return Way(
            before,
            None if self.name is None else self.after.types.get(self.name),
            self._of(before.points),
            self._of(before.properties),
            self._of(before.commands),
            self.removed,
            self.converts,
            self.defaults,
        )

    def _of(self, names: Iterable[str]) -> dict[str, str | None]:
        return {name: self.members[name] for name in names}


_NUMBERS = frozenset({"number", "integer"})


def _conversion(old: PointType | PropertyType, new: PointType | PropertyType) -> Conversion | None:
    if old.value not in _NUMBERS or new.value not in _NUMBERS:
        return None
    whole = new.value == "integer"
    if old.unit != new.unit and old.unit is not None and new.unit is not None and compatible(old.unit, new.unit):
        return Conversion(*affine(old.unit, new.unit), whole, (old.unit, new.unit))
    return None if old.value == new.value else Conversion(whole=whole)
