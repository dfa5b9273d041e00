"""What exists against what is asked for, by path.

A plan touches only what its own topology created: what others made under a deleted space is shown as *kept*, and keeps
what contains it. Of an entity that exists, only fields the topology gives (or gave before) are compared, so what a user
set elsewhere survives. A kind that changes is a deletion and a creation: somebody new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.errors import Conflict
from twin.graph.model import (
    CONTAINS,
    Create,
    Delete,
    Entity,
    Link,
    Move,
    Relation,
    Unlink,
    Update,
)
from twin.ids import sort_key
from twin.topology.plan.model import FieldChange, Plan, Step
from twin.topology.plan.moving import Held
from twin.topology.plan.ownership import ABSENT, given_by, held_of, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry
    from twin.topology.desired import Desired, DesiredEntity
    from twin.topology.plan.ownership import Ruling, Take

__all__ = ["plan"]


def plan(desired: Desired, mirror: Mirror, mint: Callable[[], str], take: Take | None = None) -> Plan:
    """Compare what is asked for with what exists. ``take`` says whose value a field in conflict ends with.

    Raises:
        Conflict: the site's key, or a path in it, belongs to something this topology did not create.
    """
    return _Planner(desired, mirror, mint, take).plan()


_ORDER = "->=!~+"
"""Deletions are seen first."""


class _Planner:
    def __init__(self, desired: Desired, mirror: Mirror, mint: Callable[[], str], take: Take | None) -> None:
        self.take = take
        self.desired = desired
        self.mirror = mirror
        self.mint = mint
        self.wanted = {entity.path: entity for entity in desired.entities}
        self.held = Held(desired, self.wanted, mirror)
        self.ids: dict[str, str] = {}
        self.steps: list[Step] = []
        self.entries: list[Entry] = []
        self.counts: dict[str, int] = {}
        self.gone: set[str] = set()
        self.raised: set[str] = set()
        """Ids whose revision an earlier entry of this plan has raised."""
        self.moved: set[str] = set()

    def plan(self) -> Plan:
        desired, mirror = self.desired, self.mirror
        site = mirror.by_path(desired.site)
        self._refuse_foreign(site)
        live = self._live(site)
        self.held.take(live)
        deletes = self._delete(live)
        for entity in desired.entities:
            held = self._at(entity.path)
            self.ids[entity.path] = held.id if held is not None else self.mint()
        late = self._move_what_can()
        self.entries += [Delete(id=each.id, expected=each.revision) for each in deletes if each.id not in late]
        self._release(live)
        changes = self._changes()
        self._create()
        self.entries += [Delete(id=each.id, expected=each.revision) for each in deletes if each.id in late]
        self.entries += changes
        self._feed()
        self._relate(site)
        return Plan(
            topology=desired.topology,
            version=desired.version,
            site=desired.site,
            site_id=site.id if site is not None else None,
            timeline=mirror.timeline,
            head=mirror.head,
            steps=tuple(self.steps),
            entries=tuple(self.entries),
            documents=tuple(d for d in desired.documents if mirror.documents.get(d.name) != d),
            counts=self.counts,
        )

    def _refuse_foreign(self, site: Entity | None) -> None:
        if site is not None and site.instance != self.desired.topology:
            raise Conflict(
                f"the site {self.desired.site!r} was not made from {self.desired.topology}",
                code="site.taken",
                made_from=site.instance,
                help="choose another key with --site, or apply the topology it was made from",
            )

    def _live(self, site: Entity | None) -> list[Entity]:
        if site is None:
            return []
        intervals = self.mirror.intervals(site.id)
        return [self.mirror.entities[entity_id] for entity_id in intervals.order]

    def _count(self, verb: str) -> None:
        self.counts[verb] = self.counts.get(verb, 0) + 1

    def _at(self, path: str) -> Entity | None:
        """What is kept of what there is, by the path it will have."""
        held = self.held.at(path)
        return held if held is not None and held.id not in self.gone else None

    def _delete(self, live: list[Entity]) -> list[Entity]:
        """What goes, the deepest first."""
        doomed = self._doomed(live)
        keeps = {above for entity in doomed.values() if self._is_foreign(entity) for above in self._chain(entity)}
        for entity in doomed.values():
            if entity.id in keeps and self.held.path(entity) in self.wanted:
                raise self._taken(entity)
            if entity.id not in keeps:
                self.gone.add(entity.id)
                self._count("delete")
                self.steps.append(Step("-", entity.kind, entity.path, _short(entity.type)))
            elif not self._is_foreign(entity):
                self.steps.append(Step("=", entity.kind, entity.path, "kept: it contains what others created"))
        return [entity for entity in reversed(doomed.values()) if entity.id in self.gone]

    def _doomed(self, live: list[Entity]) -> dict[str, Entity]:
        """What is not wanted any more, or not as what it is, with all below it; parents first."""
        doomed: dict[str, Entity] = {}
        for entity in live:
            wanted = self.wanted.get(self.held.path(entity))
            if self._is_foreign(entity):
                if wanted is not None:
                    raise self._taken(entity)
                if entity.parent in doomed:
                    doomed[entity.id] = entity
                continue
            lost = entity.parent in doomed and entity.id not in self.held.moves
            if lost or wanted is None or wanted.kind != entity.kind:
                doomed[entity.id] = entity
        return doomed

    def _is_foreign(self, entity: Entity) -> bool:
        return entity.instance != self.desired.topology

    def _taken(self, entity: Entity) -> Conflict:
        return Conflict(
            f"there is something at {entity.path} that {self.desired.topology} did not create",
            code="path.taken",
            help="give it another key in the topology, or delete what is there",
        )

    def _move_what_can(self) -> set[str]:
        """Move what has a parent to move to already; the ids of what still contains one that has to wait."""
        late: set[str] = set()
        for wanted in self.desired.entities:
            entity_id = self.ids[wanted.path]
            if self.held.moves.get(entity_id) != wanted.path:
                continue
            if self.mirror.get(self.ids[wanted.parent or wanted.path]) is not None:
                self._move(wanted, entity_id)
            else:
                late.update(self._chain(self.mirror.entities[entity_id]))
        return late

    def _move(self, wanted: DesiredEntity, entity_id: str) -> None:
        held = self.mirror.entities[entity_id]
        self.moved.add(entity_id)
        parent = self.ids[wanted.parent or wanted.path]
        self.entries.append(Move(id=entity_id, parent=parent, key=wanted.key, expected=self._expected(held)))
        self.raised.add(entity_id)
        self._count("move")
        self.steps.append(Step(">", held.kind, f"{held.path} -> {wanted.path}"))

    def _chain(self, entity: Entity) -> Iterator[str]:
        above: Entity | None = entity
        while above is not None:
            yield above.id
            above = self.mirror.get(above.parent) if above.parent is not None else None

    def _release(self, live: list[Entity]) -> None:
        """Serials that pass to another device are let go of before anyone takes them."""
        takers = {wanted.serial: wanted.path for wanted in self.desired.entities if wanted.serial is not None}
        for entity in live:
            taker = takers.get(entity.serial or "")
            if entity.id not in self.gone and taker is not None and taker != self.held.path(entity):
                self.entries.append(Update(id=entity.id, expected=self._expected(entity), fields={"serial": None}))
                self.raised.add(entity.id)

    def _expected(self, held: Entity) -> int | None:
        """The revision that an entry may ask for: none, once an earlier entry of this plan has raised it."""
        return None if held.id in self.raised else held.revision

    def _changes(self) -> list[Entry]:
        """The updates: shown before the creations, committed after them, since they may point at what is new."""
        updates: list[Entry] = []
        for wanted in self.desired.entities:
            held = self._at(wanted.path)
            if held is None:
                continue
            rulings = self._rulings(held, wanted)
            changes = self._differences(held, wanted, rulings)
            if changes:
                fields = {change.name: change.after for change in changes}
                updates.append(Update(id=held.id, expected=self._expected(held), fields=fields))
            shown = tuple(change for change in changes if change.name not in {"declared", "hidden"})
            if shown:
                self._count("change")
                self.steps.append(Step("~", held.kind, wanted.path, fields=self._itemised(shown)))
            self._show_rulings(held, wanted.path, rulings)
        return updates

    def _rulings(self, held: Entity, wanted: DesiredEntity) -> list[Ruling]:
        """What becomes of each field that the topology gives, or gave before."""
        given, last = given_by(wanted), held.declared
        return [
            rule(name, held_of(held, name), last.get(name, ABSENT), given.get(name, ABSENT), self.take)
            for name in dict.fromkeys((*given, *last))
        ]

    def _show_rulings(self, held: Entity, path: str, rulings: list[Ruling]) -> None:
        by = f"(last changed by {held.updated_by})" if held.updated_by else ""
        for ruling in rulings:
            shown = (FieldChange(ruling.name.removeprefix("properties."), ruling.live, ruling.given),)
            if ruling.verdict == "kept":
                self._count("keep")
                self.steps.append(Step("=", held.kind, path, by, shown))
            elif ruling.verdict == "conflict":
                self._count("conflict")
                self.steps.append(Step("!", held.kind, path, by, shown))

    def _itemised(self, changes: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
        """Properties and followed points one by one, with paths for ids; the rest as they are."""
        shown: list[FieldChange] = []
        for change in changes:
            if change.name not in {"properties", "sources"}:
                shown.append(change)
                continue
            before, after = change.before, change.after
            if change.name == "sources":
                before, after = self._followed(before), self._followed(after)
            names = sorted(before.keys() | after.keys())
            shown += [
                FieldChange(name, before.get(name), after.get(name))
                for name in names
                if before.get(name) != after.get(name)
            ]
        return tuple(shown)

    def _followed(self, sources: dict[str, tuple[str, str]]) -> dict[str, str]:
        """``temperature from`` -> ``flat/kitchen/climate.temperature``."""
        paths = {entity_id: path for path, entity_id in self.ids.items()}
        found = {}
        for point, (source, other) in sources.items():
            held = self.mirror.get(source)
            path = paths.get(source) or (held.path if held is not None else source)
            found[f"{point} from"] = f"{path}.{other}"
        return found

    def _differences(self, held: Entity, wanted: DesiredEntity, rulings: list[Ruling]) -> list[FieldChange]:
        after: dict[str, Any] = {
            "type": wanted.type,
            "points": wanted.points,
            "sources": self._sources(wanted),
            "properties": dict(held.properties),
            "declared": given_by(wanted),
            "hidden": False,
        }
        for ruling in rulings:
            if ruling.name == "title":
                after["title"] = ruling.after or {}
            elif ruling.name == "serial":
                after["serial"] = ruling.after
            elif ruling.after is ABSENT:
                after["properties"].pop(ruling.name.removeprefix("properties."), None)
            else:
                after["properties"][ruling.name.removeprefix("properties.")] = ruling.after
        if any(ruling.verdict == "conflict" for ruling in rulings):
            after["declared"] = held.declared  # until somebody has said whose it is, nothing is forgotten
        return [
            FieldChange(name, getattr(held, name), value)
            for name, value in after.items()
            if getattr(held, name) != value
        ]

    def _sources(self, wanted: DesiredEntity) -> dict[str, tuple[str, str]]:
        return {point: (self.ids[path], source) for point, (path, source) in wanted.sources.items()}

    def _create(self) -> None:
        """What is new, parents first, and with them what had to wait for one to be moved to."""
        site = self.ids[self.desired.site]
        for wanted in self.desired.entities:
            entity_id = self.ids[wanted.path]
            if self.mirror.get(entity_id) is None:
                self._insert(wanted, entity_id, site)
            elif entity_id in self.held.moves and entity_id not in self.moved:
                self._move(wanted, entity_id)
        self.steps.sort(key=lambda step: _ORDER.index(step.sign))

    def _insert(self, wanted: DesiredEntity, entity_id: str, site: str) -> None:
        entity = Entity(
            id=entity_id,
            kind=wanted.kind,
            type=wanted.type,
            key=wanted.key,
            path=wanted.path,
            site=site,
            parent=self.ids[wanted.parent] if wanted.parent is not None else None,
            title=dict(wanted.title),
            properties=dict(wanted.properties),
            points=wanted.points,
            serial=wanted.serial,
            instance=self.desired.topology,
            declared=given_by(wanted),
        )
        self.entries.append(Create(entity))
        self._count("create")
        self.steps.append(Step("+", wanted.kind, wanted.path, _short(wanted.type)))

    def _feed(self) -> None:
        """Points of new spaces follow devices that may be newer still: set once everything exists."""
        for wanted in self.desired.entities:
            entity_id = self.ids[wanted.path]
            if wanted.sources and self.mirror.get(entity_id) is None:
                self.entries.append(Update(id=entity_id, fields={"sources": self._sources(wanted)}))

    def _relate(self, site: Entity | None) -> None:
        wanted = {
            (self.ids[relation.source], self.ids[relation.target], relation.type): relation
            for relation in self.desired.relations
        }
        for relation in self._live_relations(site):
            if relation.key not in wanted and not {relation.source, relation.target} & self.gone:
                self.entries.append(Unlink(type=relation.type, source=relation.source, target=relation.target))
                self._count("unlink")
                ends = f"{self.mirror.entities[relation.source].path} -> {self.mirror.entities[relation.target].path}"
                self.steps.append(Step("-", relation.type, ends))
        for (source, target, name), new in wanted.items():
            if self.mirror.relation(source, target, name) is None:
                instance = self.desired.topology
                self.entries.append(Link(Relation(type=name, source=source, target=target, instance=instance)))
                self._count("link")
                self.steps.append(Step("+", name, f"{new.source} -> {new.target}"))

    def _live_relations(self, site: Entity | None) -> list[Relation]:
        if site is None:
            return []
        graph, instance = self.mirror.graph, self.desired.topology
        found = [
            Relation(type=key, source=source, target=target, instance=instance)
            for source in self.mirror.intervals(site.id).order
            for target, keys in graph.adj[source].items()
            for key, data in keys.items()
            if key != CONTAINS and data.get("instance") == instance
        ]
        paths = self.mirror.entities
        return sorted(found, key=lambda each: (sort_key(paths[each.source].path), sort_key(paths[each.target].path)))


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]
