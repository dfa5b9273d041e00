"""A whole site: what becomes of everything in it, as the entries of one ChangeSet and as lines for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.model import Delete, Made, Update
from twin.graph.upgrade.entities import Shift, shift
from twin.graph.upgrade.gaps import Gap, gaps
from twin.graph.upgrade.rules import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from twin.graph.model import Entity, Entry
    from twin.graph.rules import Graph
    from twin.graph.upgrade.rules import RuleNames
    from twin.graph.upgrade.ways import Way, Ways
    from twin.ontology.model import Step

__all__ = ["SiteUpgrade", "upgrade_site"]


class SiteUpgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What the upgrade does at one site."""

    site: str
    """The site's key."""
    site_id: str
    versions: dict[str, tuple[str, str]]
    """Document -> from, to."""
    shifts: tuple[Shift, ...] = ()
    deletes: tuple[tuple[str, str], ...] = ()
    """(id, path) of what goes with its type, the deepest first."""
    made: tuple[Made | None, Made] | None = None
    """What the site says it is made of, before and after."""
    gaps: tuple[Gap, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: int = 0
    """Values that users have set, and that go along."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What to commit: together, or not at all."""
        updates: list[Entry] = []
        for each in self.shifts:
            fields = dict(each.after)
            if each.id == self.site_id and self.made is not None:
                fields["made"] = self.made[1]
            if fields:
                updates.append(Update(id=each.id, fields=fields))
        if self.made is not None and all(each.id != self.site_id for each in self.shifts):
            updates.append(Update(id=self.site_id, fields={"made": self.made[1]}))
        deletes = [Delete(id=entity_id) for entity_id, _ in self.deletes]
        return (*updates, *(one for each in self.shifts for one in each.recasts), *deletes)

    def counts(self) -> dict[str, int]:
        """The site's row of the table."""
        return {
            "change": sum(bool(each.after) for each in self.shifts),
            "rename": sum(len(each.points) + len(each.properties) for each in self.shifts),
            "convert": sum(len(each.units) for each in self.shifts),
            "default": sum(len(each.defaults) for each in self.shifts),
            "remove": sum(len(each.removed) for each in self.shifts),
            "delete": len(self.deletes),
            "warn": len(self.warnings),
            "keep": self.kept,
        }

    def lines(self) -> Iterator[str]:
        """What changes, entity by entity."""
        for _, path in self.deletes:
            yield f"- {path}  goes with its type"
        for each in self.shifts:
            said = "; ".join(_said(each))
            if said:
                yield f"~ {each.path}  {said}"


def upgrade_site(
    site: Entity,
    entities: Sequence[Entity],
    ways: Ways,
    versions: Mapping[str, tuple[str, str]],
    graph: Graph,
    relations: Iterable[str] = (),
) -> SiteUpgrade:
    """What becomes of a site. ``entities`` are all of it, itself included, what contains before what is contained;
    ``relations`` the types of the relations between them; ``versions`` what each document comes from and to.
    """
    gone = _Ways(entities, ways, graph)
    names = ways.names
    doomed = gone.doomed()
    found: Counter[Gap] = Counter()
    shifts: list[Shift] = []
    warnings: list[str] = []
    for entity in entities:
        if entity.id in doomed:
            continue
        way = gone.ways[entity.id]
        missing = [*gaps(entity, way, ways)]
        found.update(missing)
        if missing or way.after is None:
            continue
        made = shift(entity, way, ways, names, gone.ways.get)
        if made.after or made.recasts:
            shifts.append(made)
        warnings += _warnings(entity, made, way, names)
    found.update(gone.gaps())
    found.update(_relation_gaps(relations, ways))
    return SiteUpgrade(
        site=site.key,
        site_id=site.id,
        versions=dict(versions),
        shifts=tuple(shifts),
        deletes=tuple((each.id, each.path) for each in reversed(entities) if each.id in doomed),
        made=(site.made, _made(site, versions)),
        gaps=tuple(sorted(found)),
        warnings=tuple(warnings),
        kept=sum(_edits(each, gone.ways[each.id]) for each in entities),
    )


class _Ways:
    """The way of every entity of a site."""

    def __init__(self, entities: Sequence[Entity], ways: Ways, graph: Graph) -> None:
        self._entities = entities
        self._undecided: list[Gap] = []
        self._leaving: list[Gap] = []
        self.ways: dict[str, Way] = {}
        for entity in entities:
            splits = ways.splits(entity.type)
            chosen = {id(step): choose(step, entity, ways.before, graph) for step in splits}
            self.ways[entity.id] = ways.way(entity.type, _chosen(chosen))
            for step in splits:
                if chosen[id(step)] is None:
                    said = f"is split, and no rule is true of {entity.path}"
                    self._undecided.append(Gap(step.subject, said, "a type without a rule in its 'to'"))

    def doomed(self) -> frozenset[str]:
        """The ids of what goes: its type is removed by a step, or what contains it goes."""
        doomed: set[str] = set()
        for entity in self._entities:
            way = self.ways[entity.id]
            removed = way.after is None and way.removed is not None
            if removed or entity.parent in doomed:
                doomed.add(entity.id)
                if not removed:
                    self._leaving.append(Gap(way.before.name, f"stays, and what contains {entity.path} goes", ""))
        return frozenset(doomed)

    def gaps(self) -> list[Gap]:
        """What cannot be decided."""
        return [*self._undecided, *self._leaving]


def _chosen(types: Mapping[int, str | None]) -> Callable[[Step], str | None]:
    return lambda step: types.get(id(step))


def _relation_gaps(relations: Iterable[str], ways: Ways) -> Iterator[Gap]:
    for name in sorted(set(relations)):
        if name in ways.before.relations and name not in ways.after.relations:
            yield Gap(name, "is gone, and is used here", "the relation again: no step covers relations")


def _made(site: Entity, versions: Mapping[str, tuple[str, str]]) -> Made:
    made = site.made or Made()
    return msgspec.structs.replace(
        made, ontologies={**made.ontologies, **{name: after for name, (_, after) in versions.items()}}
    )


def _edits(entity: Entity, way: Way) -> int:
    """How many values of an entity are none that a topology or the ontology gives."""
    declared, old = entity.declared, way.before
    values: dict[str, Any] = {f"properties.{name}": value for name, value in entity.properties.items()}
    values |= {f"desired.{name}": value for name, value in entity.desired.items()}
    given = {f"properties.{name}": each.default for name, each in old.properties.items()}
    given |= {f"desired.{name}": each.default for name, each in old.points.items()}
    if entity.title:
        values["title"] = entity.title
    return sum(value != declared.get(field, given.get(field)) for field, value in values.items())


def _warnings(entity: Entity, made: Shift, way: Way, names: RuleNames) -> Iterator[str]:
    type_ = way.after
    desired = made.after.get("desired", entity.desired)
    for name, value in desired.items():
        point = None if type_ is None else type_.points.get(name)
        if point is None:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        low = number and point.minimum is not None and value < point.minimum
        high = number and point.maximum is not None and value > point.maximum
        if low or high or (point.values is not None and value not in point.values):
            yield f"{entity.path}: {name} is set to {value}, which is outside of what is allowed now"
    for rule in (entity.rule, *(each.rule for each in entity.computed.values())):
        for name in names.lost(rule) if rule is not None else ():
            yield f"{entity.path}: its rule compares {name!r}, which nothing has any more"


def _said(each: Shift) -> Iterator[str]:
    if "type" in each.after:
        yield f"{_short(each.before['type'])} -> {_short(each.after['type'])}"
    for name, new in {**each.points, **each.properties}.items():
        yield f"{name} -> {new}"
    for name, (before, after) in each.units.items():
        yield f"{name} from {before} to {after}"
    for name, value in each.defaults.items():
        yield f"{name} = {value}"
    for name in each.removed:
        yield f"{name} removed"


def _short(name: str) -> str:
    return name.rpartition("/")[2]
