"""The difference between what a topology asks for and what exists, to be looked at and then applied.

Deletions come first, then changes, then creations. A plan touches only what its own topology created: what others made
under a deleted space is shown as *kept*, and keeps what contains it. Of an entity that exists, only fields the topology
gives (or gave before) are compared, so what a user set elsewhere survives. A kind that changes is a deletion and a
creation: somebody new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.errors import Conflict
from twin.graph.model import (
    CONTAINS,
    Actor,
    ChangeSet,
    Create,
    Delete,
    Entity,
    Link,
    Relation,
    Unlink,
    Update,
)
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Document, Entry
    from twin.topology.desired import Desired, DesiredEntity

__all__ = ["CHANGESET_ENTRIES", "FieldChange", "Plan", "Step", "changesets", "plan"]

CHANGESET_ENTRIES = 2_000
"""A larger plan is committed in parts of this many entries, each valid alone; applying again resumes it."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an entity: what it is and what it shall be (None: absent)."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a plan: ``-`` delete, ``~`` change, ``+`` create, ``=`` kept, of an entity or a relation."""

    sign: str
    kind: str
    path: str
    """An entity's path; for a relation ``source -> target``."""
    detail: str = ""
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a topology would do, and the sequence of the log it was made at."""

    topology: str
    version: str
    site: str
    site_id: str | None
    head: int
    steps: tuple[Step, ...]
    entries: tuple[Entry, ...]
    documents: tuple[Document, ...] = ()
    """Ontology documents that are new or differ from what is installed."""
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.entries and not self.documents

    @property
    def deletes(self) -> int:
        """How many entities it would delete."""
        return self.counts.get("delete", 0)

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "topology": self.topology,
            "version": self.version,
            "site": self.site,
            "made_at": self.head,
            "counts": self.counts,
            "ontologies": [{"name": document.name, "version": document.version} for document in self.documents],
            "steps": [
                {
                    "sign": step.sign,
                    "kind": step.kind,
                    "path": step.path,
                    "detail": step.detail,
                    "fields": [
                        {"name": change.name, "before": change.before, "after": change.after} for change in step.fields
                    ],
                }
                for step in self.steps
            ],
        }

    def __str__(self) -> str:
        lines = [line for step in self.steps for line in _lines(step)]
        lines += [f"~ ontology  {document.name} {document.version}" for document in self.documents]
        return "\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """The last line."""
        if self.empty:
            return f"No changes: {self.site} is as {self.topology} {self.version} says. Made at {self.head}."
        words = ", ".join(f"{self.counts.get(verb, 0)} to {verb}" for verb in ("delete", "change", "create"))
        relations = self.counts.get("unlink", 0), self.counts.get("link", 0)
        linked = f"; relations: {relations[0]} to remove, {relations[1]} to add" if any(relations) else ""
        needs = " Needs --allow-delete." if self.deletes else ""
        return f"Plan: {words}{linked}.{needs} Made at {self.head}."


def _lines(step: Step) -> Iterator[str]:
    changes = "; ".join(f"{change.name} {_text(change.before)} -> {_text(change.after)}" for change in step.fields)
    yield f"{step.sign} {step.kind:<9} {step.path:<48} {step.detail or changes}".rstrip()


def _text(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, dict) and set(value) == {""}:
        value = value[""]
    if isinstance(value, tuple):
        return ", ".join(value) or "(none)"
    return f'"{value}"' if isinstance(value, str) else str(value)


def plan(desired: Desired, mirror: Mirror, mint: Callable[[], str]) -> Plan:
    """Compare what is asked for with what exists.

    Raises:
        Conflict: the site's key, or a path in it, belongs to something this topology did not create.
    """
    return _Planner(desired, mirror, mint).plan()


def changesets(made: Plan, actor: Actor, at: int, mint: Callable[[], str]) -> list[ChangeSet]:
    """A plan as what is committed: one ChangeSet, or several where it is larger than `CHANGESET_ENTRIES`."""
    entries = made.entries
    parts = [entries[start : start + CHANGESET_ENTRIES] for start in range(0, len(entries), CHANGESET_ENTRIES)] or [()]
    return [
        ChangeSet(
            op_id=mint(),
            actor=actor,
            at=at,
            entries=part,
            documents=made.documents if number == 0 else (),
            summary=f"apply {made.topology} {made.version} to {made.site}"
            + (f" ({number + 1} of {len(parts)})" if len(parts) > 1 else ""),
            expected_head=made.head if number == 0 else None,
            site=made.site_id if number == 0 else None,
        )
        for number, part in enumerate(parts)
    ]


class _Planner:
    def __init__(self, desired: Desired, mirror: Mirror, mint: Callable[[], str]) -> None:
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
            changes = self._differences(held, wanted)
            shown = tuple(change for change in changes if change.name != "declared")
            if not changes:
                continue
            fields = {change.name: change.after for change in changes}
            expected = None if held.id in self.released else held.revision
            updates.append(Update(id=held.id, expected=expected, fields=fields))
            if shown:
                self._count("change")
                self.steps.append(Step("~", held.kind, held.path, fields=self._itemised(shown)))
        return updates

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

    def _differences(self, held: Entity, wanted: DesiredEntity) -> list[FieldChange]:
        after: dict[str, Any] = {
            "type": wanted.type,
            "points": wanted.points,
            "sources": self._sources(wanted),
            "properties": _merged(held, wanted),
            "declared": wanted.given,
        }
        if "title" in wanted.given:
            after["title"] = dict(wanted.title)
        elif "title" in held.declared:
            after["title"] = {}
        if "serial" in wanted.given or "serial" in held.declared:
            after["serial"] = wanted.serial
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
                declared=wanted.given,
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


def _merged(held: Entity, wanted: DesiredEntity) -> dict[str, Any]:
    """The properties after a re-apply: what the topology gives, and what it never gave."""
    gave = {name.removeprefix("properties.") for name in held.declared if name.startswith("properties.")}
    return {name: value for name, value in held.properties.items() if name not in gave} | dict(wanted.properties)


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]
