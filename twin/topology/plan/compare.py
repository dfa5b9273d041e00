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
    Relation,
    Unlink,
    Update,
)
from twin.ids import sort_key
from twin.topology.plan.model import FieldChange, Plan, Step
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


class _Planner:
    def __init__(self, desired: Desired, mirror: Mirror, mint: Callable[[], str], take: Take | None) -> None:
        self.take = take
        self.desired = desired
        self.mirror = mirror
        self.mint = mint
        self.wanted = {entity.path: entity for entity in desired.entities}
        self.ids: dict[str, str] = {}
        self.steps: list[Step] = []
        self.entries: list[Entry] = []
        self.counts: dict[str, int] = {}
        self.gone: set[str] = set()
        self.released: set[str] = set()

    def plan(self) -> Plan:
        desired, mirror = self.desired, self.mirror
        site = mirror.by_path(desired.site)
        self._refuse_foreign(site)
        live = self._live(site)
        self._delete(live)
        for entity in desired.entities:
            held = mirror.by_path(entity.path)
            self.ids[entity.path] = held.id if held is not None and held.id not in self.gone else self.mint()
        self._release(live)
        changes = self._changes()
        self._create()
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

    def _delete(self, live: list[Entity]) -> None:
        keeps: set[str] = set()
        steps: list[Step] = []
        for entity in reversed(live):
            wanted = self.wanted.get(entity.path)
            if wanted is not None and wanted.kind == entity.kind and entity.instance == self.desired.topology:
                continue
            if entity.instance != self.desired.topology:
                if wanted is not None:
                    raise Conflict(
                        f"there is something at {entity.path} that {self.desired.topology} did not create",
                        code="path.taken",
                        help="give it another key in the topology, or delete what is there",
                    )
                keeps.update(above for above in self._chain(entity))
                continue
            if entity.id in keeps:
                steps.append(Step("=", entity.kind, entity.path, "kept: it contains what others created"))
                continue
            self.gone.add(entity.id)
            self.entries.append(Delete(id=entity.id, expected=entity.revision))
            self._count("delete")
            steps.append(Step("-", entity.kind, entity.path, _short(entity.type)))
        self.steps.extend(reversed(steps))

    def _chain(self, entity: Entity) -> Iterator[str]:
        above: Entity | None = entity
        while above is not None:
            yield above.id
            above = self.mirror.get(above.parent) if above.parent is not None else None

    def _release(self, live: list[Entity]) -> None:
        """Serials that pass to another device are let go of before anyone takes them."""
        takers = {wanted.serial: wanted.path for wanted in self.desired.entities if wanted.serial is not None}
        for entity in live:
            if entity.id not in self.gone and entity.serial in takers and takers[entity.serial] != entity.path:
                self.entries.append(Update(id=entity.id, expected=entity.revision, fields={"serial": None}))
                self.released.add(entity.id)

    def _changes(self) -> list[Entry]:
        """The updates: shown before the creations, committed after them, since they may point at what is new."""
        updates: list[Entry] = []
        for wanted in self.desired.entities:
            held = self.mirror.by_path(wanted.path)
            if held is None or held.id in self.gone:
                continue
            rulings = self._rulings(held, wanted)
            changes = self._differences(held, wanted, rulings)
            if changes:
                expected = None if held.id in self.released else held.revision
                fields = {change.name: change.after for change in changes}
                updates.append(Update(id=held.id, expected=expected, fields=fields))
            shown = tuple(change for change in changes if change.name != "declared")
            if shown:
                self._count("change")
                self.steps.append(Step("~", held.kind, held.path, fields=self._itemised(shown)))
            self._show_rulings(held, rulings)
        return updates

    def _rulings(self, held: Entity, wanted: DesiredEntity) -> list[Ruling]:
        """What becomes of each field that the topology gives, or gave before."""
        given, last = given_by(wanted), held.declared
        return [
            rule(name, held_of(held, name), last.get(name, ABSENT), given.get(name, ABSENT), self.take)
            for name in dict.fromkeys((*given, *last))
        ]

    def _show_rulings(self, held: Entity, rulings: list[Ruling]) -> None:
        by = f"(last changed by {held.updated_by})" if held.updated_by else ""
        for ruling in rulings:
            shown = (FieldChange(ruling.name.removeprefix("properties."), ruling.live, ruling.given),)
            if ruling.verdict == "kept":
                self._count("keep")
                self.steps.append(Step("=", held.kind, held.path, by, shown))
            elif ruling.verdict == "conflict":
                self._count("conflict")
                self.steps.append(Step("!", held.kind, held.path, by, shown))

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
        site = self.ids[self.desired.site]
        for wanted in self.desired.entities:
            entity_id = self.ids[wanted.path]
            if self.mirror.get(entity_id) is not None:
                continue
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
