"""What exists against what is asked for, by path.

A plan touches only what its own topology created: what others made under a deleted space is shown as *kept*, and keeps
what contains it. Of an entity that exists, only fields the topology gives (or gave before) are compared, so what a user
set elsewhere survives. A kind that changes is a deletion and a creation: somebody new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.errors import Conflict
from twin.graph.model import Create, Delete, Entity, Move, Update
from twin.ontology.installing import installable
from twin.topology.plan import making
from twin.topology.plan.beside import Beside
from twin.topology.plan.fields import Fields, is_as_wanted, new_fields
from twin.topology.plan.hanging import hanging_on
from twin.topology.plan.model import Plan
from twin.topology.plan.moving import Held
from twin.topology.plan.relating import is_related, links, live_relations, unlinks
from twin.topology.plan.steps import SIGNS, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry, Made
    from twin.topology.desired import Desired, DesiredEntity
    from twin.topology.plan.ownership import Take
    from twin.topology.plan.steps import Sign

__all__ = ["plan"]


def plan(
    desired: Desired,
    mirror: Mirror,
    mint: Callable[[], str],
    take: Take | None = None,
    beside: Beside | None = None,
) -> Plan:
    """Compare what is asked for with what exists. ``take`` says whose value a field in conflict ends with.

    Raises:
        Conflict: the site's key, or a path in it, belongs to something this topology did not create.
    """
    return _Planner(desired, mirror, mint, take, beside or Beside()).plan()


class _Planner:
    def __init__(
        self, desired: Desired, mirror: Mirror, mint: Callable[[], str], take: Take | None, beside: Beside
    ) -> None:
        self.beside = beside
        self.fields = Fields(take, beside, self._path_of)
        self.desired = desired
        self.mirror = mirror
        self.mint = mint
        self.wanted = {entity.path: entity for entity in desired.entities}
        self.held = Held(desired, self.wanted, mirror)
        self.ids: dict[str, str] = {}
        self.kept: list[tuple[DesiredEntity, Entity]] = []
        """What there will be, and is there."""
        self.paths: dict[str, str] = {}
        """The path that an id will have; made when somebody asks."""
        self.steps: dict[Sign, list[Step]] = {sign: [] for sign in SIGNS}
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
        self._match()
        made = making.made_of(desired)
        self._record(site, made)
        late = self._move_what_can()
        self.entries += [Delete(id=each.id, expected=each.revision) for each in deletes if each.id not in late]
        self._release(live)
        changes = self._changes()
        self._create(made)
        self.entries += [Delete(id=each.id, expected=each.revision) for each in deletes if each.id in late]
        self.entries += changes
        self._relate(site)
        return Plan(
            topology=desired.topology,
            version=desired.version,
            site=desired.site,
            site_id=site.id if site is not None else None,
            timeline=mirror.timeline,
            head=mirror.head,
            steps=tuple(step for sign in SIGNS for step in self.steps[sign]),
            entries=tuple(self.entries),
            documents=installable(desired.documents, mirror.documents),
            counts=self.counts,
        )

    def _match(self) -> None:
        """Give everything that is wanted its id: of what there is, else a new one."""
        for wanted in self.desired.entities:
            held = self._at(wanted.path)
            if held is None:
                self.ids[wanted.path] = self.mint()
            else:
                self.ids[wanted.path] = held.id
                self.kept.append((wanted, held))

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

    def _show(self, step: Step) -> None:
        self.steps[step.sign].append(step)

    def _at(self, path: str) -> Entity | None:
        """What is kept of what there is, by the path it will have."""
        held = self.held.at(path)
        return held if held is not None and held.id not in self.gone else None

    def _path_of(self, entity_id: str) -> str:
        """The path that an entity will have, of those that are wanted; else that which it has."""
        if not self.paths:
            self.paths = {entity_id: path for path, entity_id in self.ids.items()}
        held = self.mirror.get(entity_id)
        return self.paths.get(entity_id) or (held.path if held is not None else entity_id)

    def _record(self, site: Entity | None, made: Made) -> None:
        """What the site is made of comes before the rest: an interrupted plan is made again from what it says."""
        if site is not None and site.made != made:
            self.entries.append(Update(id=site.id, expected=site.revision, fields={"made": made}))
            self.raised.add(site.id)
            self._show(Step("~", "made", site.path, fields=making.differences(site.made, made)))

    def _delete(self, live: list[Entity]) -> list[Entity]:
        """What goes, the deepest first."""
        doomed = self._doomed(live)
        keeps = {above for entity in doomed.values() if self._is_foreign(entity) for above in self._chain(entity)}
        for entity in doomed.values():
            if entity.id in keeps and self.held.path(entity) in self.wanted:
                raise self._taken(entity)
            if entity.id not in keeps:
                self.gone.add(entity.id)
            elif not self._is_foreign(entity):
                self._show(Step("=", entity.kind, entity.path, "kept: it contains what others created"))
        going = [entity for entity in doomed.values() if entity.id in self.gone]
        for entity in going:
            self._count("delete")
            hanging = hanging_on(entity, self.gone, self.desired.topology, self.mirror, self.beside)
            self._show(Step("-", entity.kind, entity.path, _short(entity.type), hangs=hanging))
        return going[::-1]

    def _doomed(self, live: list[Entity]) -> dict[str, Entity]:
        """What is not wanted any more, or not as what it is, with all below it; parents first."""
        doomed: dict[str, Entity] = {}
        wants, instance, path_of = self.wanted, self.desired.topology, self.held.path
        for entity in live:
            wanted = wants.get(path_of(entity))
            if wanted is not None and wanted.kind == entity.kind and entity.instance == instance and not doomed:
                continue  # nearly always
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
        if not self.held.moves:
            return late
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
        self._show(Step(">", held.kind, f"{held.path} -> {wanted.path}"))

    def _chain(self, entity: Entity) -> Iterator[str]:
        above: Entity | None = entity
        while above is not None:
            yield above.id
            above = self.mirror.get(above.parent) if above.parent is not None else None

    def _release(self, live: list[Entity]) -> None:
        """Serials that pass to another device are let go of before anyone takes them."""
        takers = {wanted.serial: wanted.path for wanted in self.desired.entities if wanted.serial is not None}
        for entity in live if takers else ():
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
        for wanted, held in self.kept:
            if not is_as_wanted(held, wanted, sources := self._sources(wanted)):
                fields = self._change(held, wanted, sources)
                if fields:
                    updates.append(Update(id=held.id, expected=self._expected(held), fields=fields))
        return updates

    def _change(self, held: Entity, wanted: DesiredEntity, sources: dict[str, tuple[str, str]]) -> dict[str, Any]:
        """What changes of one entity, shown."""
        rulings = self.fields.rulings(held, wanted)
        changes = self.fields.differences(held, wanted, sources, rulings)
        shown = self.fields.itemised(changes, wanted)
        if shown:
            self._count("change")
            self._show(Step("~", held.kind, wanted.path, fields=shown))
        for ruling in rulings:
            if ruling.verdict in {"kept", "conflict"}:
                kept = ruling.verdict == "kept"
                self._count("keep" if kept else "conflict")
                fields = (self.fields.shown(ruling, wanted),)
                by = self.fields.changed_by(held)
                self._show(Step("=" if kept else "!", held.kind, wanted.path, by, fields))
        return {change.name: change.after for change in changes}

    def _sources(self, wanted: DesiredEntity) -> dict[str, tuple[str, str]]:
        ids = self.ids
        return {point: (ids[path], name) for point, (path, name) in wanted.sources.items()} if wanted.sources else {}

    def _create(self, made: Made) -> None:
        """What is new, parents first, and with them what had to wait for one to be moved to."""
        if len(self.kept) == len(self.desired.entities) and not self.held.moves:
            return
        site = self.ids[self.desired.site]
        for wanted in self.desired.entities:
            entity_id = self.ids[wanted.path]
            if entity_id not in self.mirror.entities:
                self._insert(wanted, entity_id, site, made if entity_id == site else None)
            elif entity_id in self.held.moves and entity_id not in self.moved:
                self._move(wanted, entity_id)

    def _insert(self, wanted: DesiredEntity, entity_id: str, site: str, made: Made | None) -> None:
        entity = Entity(
            id=entity_id,
            kind=wanted.kind,
            key=wanted.key,
            path=wanted.path,
            site=site,
            parent=self.ids[wanted.parent] if wanted.parent is not None else None,
            sources=self._sources(wanted),
            instance=self.desired.topology,
            made=made,
            **new_fields(wanted),
        )
        self.entries.append(Create(entity))
        self._count("create")
        self._show(Step("+", wanted.kind, wanted.path, self.fields.summary(wanted)))

    def _relate(self, site: Entity | None) -> None:
        desired, ids = self.desired, self.ids
        if site is not None and not self.gone and is_related(desired, ids, self.mirror, site.id):
            return
        live = set() if site is None else live_relations(self.mirror, site.id, desired.topology, self.gone)
        keys = [(ids[one.source], ids[one.target], one.type) for one in desired.relations]
        for verb, changes in (
            ("unlink", unlinks(live.difference(keys) if live else (), self.mirror)),
            ("link", links(desired, keys, self.mirror, live)),
        ):
            for entry, step in changes:
                self.entries.append(entry)
                self._count(verb)
                self._show(step)


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]
