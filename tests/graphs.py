"""Small graphs for tests, and a random walk of valid ChangeSets over them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.errors import Place
from twin.graph.mirror import Mirror
from twin.graph.model import (
    Actor,
    Change,
    ChangeSet,
    Computed,
    Create,
    Delete,
    Entity,
    Link,
    Move,
    Relation,
    Unlink,
    Update,
)
from twin.ontology.model import EntityType, Ontology, PointType, Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.model import Entry
    from twin.ontology.model import Kind

ACTOR = Actor("ana", "tests")
_numbers = itertools.count(1)
TYPES: dict[str, str] = {
    "site": "t/Home",
    "space": "t/Room",
    "device": "t/Sensor",
    "gateway": "t/Box",
    "view": "t/Group",
}
_HERE = Place("test.yaml", 1, 1, 2)


def words(types: Iterable[EntityType], *quantities: str) -> Ontology:
    """An ontology of these types and quantities, whose short names are those behind the slash."""
    found = {each.name: each for each in types}
    return Ontology(
        documents=(),
        types=found,
        relations={},
        quantities={name: Quantity(name, None, {}, _HERE) for name in quantities},
        enums={},
        short_names={each.short: each.name for each in found.values()},
    )


def type_of(kind: Kind, name: str, *parents: str, of: tuple[str, ...] | None = None, **points: str) -> EntityType:
    """A type of entities; points by what they measure."""
    nothing = dict.fromkeys(("contains", "connects", "plural"))
    empty: dict[str, dict[str, str]] = {"properties": {}, "title": {}, "description": {}}
    return EntityType(
        name=f"t/{name}",
        short=name,
        kind=kind,
        abstract=name == kind.title(),
        mixin=False,
        parents=parents,
        lineage=(f"t/{name}", *parents),
        points={point: _point(point, measures) for point, measures in points.items()},
        of=of,
        place=_HERE,
        **nothing,
        **empty,
    )


_UNITS = {"temperature": "Cel", "active_power": "W", "heat": "[degF]", "watts": "kW"}


def _point(name: str, measures: str) -> PointType:
    """A point; one of a space or a view, which others are worked into, measures nothing itself."""
    nothing = dict.fromkeys(("minimum", "maximum", "values", "enum", "every"))
    value = "boolean" if measures == "occupancy" else "integer" if name == "devices" else "number"
    unit = _UNITS.get(measures or name)
    told = {"measures": measures or None, "unit": unit, "optional": True, "title": {}, "declared_by": "t"}
    return PointType(name=name, section="status", value=value, place=_HERE, **told, **nothing)


_WORKED = {"heat": "", "watts": "", "busy": "", "devices": ""}

ONTOLOGY = words(
    [
        type_of("site", "Home", **_WORKED),
        type_of("space", "Space"),
        type_of("space", "Room", "t/Space", **_WORKED),
        type_of("space", "Hall", "t/Room", "t/Space", **_WORKED),
        type_of("device", "Device"),
        type_of("device", "Sensor", "t/Device", warmth="temperature", present="occupancy"),
        type_of("device", "Meter", "t/Device", power="active_power"),
        type_of("gateway", "Box"),
        type_of("view", "Group", **_WORKED),
        type_of("view", "Zone", of=("t/Space",), **_WORKED),
    ],
    "temperature",
    "occupancy",
    "active_power",
)
"""The types of these graphs, for mirrors that ask rules."""
_TYPES = {"space": ("t/Room", "t/Hall"), "device": ("t/Sensor", "t/Meter"), "view": ("t/Group", "t/Zone")}
_POINTS = {"t/Sensor": ("warmth", "present"), "t/Meter": ("power",)}


def entity(path: str, kind: Kind = "space", parent: Entity | None = None, **fields: object) -> Entity:
    """A new entity whose id is readable: its path and a number."""
    key = path.rsplit("/", 1)[-1]
    entity_id = f"{path.replace('/', '.')}-{next(_numbers)}"
    site = parent.site if parent is not None else entity_id
    given = {"type": TYPES[kind], **fields}
    return Entity(id=entity_id, kind=kind, key=key, path=path, site=site, parent=parent.id if parent else None, **given)


def party(kind: Kind, key: str) -> Entity:
    """A user, a client or a fleet; its id is its key."""
    return Entity(id=key, kind=kind, type=f"core/{kind.title()}", key=key, path=f"{kind}:{key}", site="")


def changeset(*entries: Entry, **fields: object) -> ChangeSet:
    """A ChangeSet of tests: its op_id is new unless given."""
    given = {"op_id": f"op-{next(_numbers)}", "actor": ACTOR, "at": 1_000_000, **fields}
    return ChangeSet(entries=tuple(entries), **given)


def mirror_of(
    entities: Iterable[Entity], relations: Iterable[Relation] = (), ontology: Ontology | None = None
) -> Mirror:
    """A mirror that holds these."""
    mirror = Mirror()
    if ontology is not None:
        mirror.adopt(ontology)
    mirror.load(head=0, timeline="t", documents=(), entities=entities, relations=relations)
    return mirror


def contents(mirror: Mirror) -> dict[str, object]:
    """Everything a mirror says that must equal what another one says of the same graph."""
    return {
        "head": mirror.head,
        "entities": mirror.entities,
        "relations": sorted(relation.key for relation in mirror.relations()),
        "edges": sorted(mirror.graph.edges(keys=True)),
        "nodes": {node: data["entity"] for node, data in mirror.graph.nodes(data=True)},
        "order": {site: mirror.intervals(site).order for site in mirror.sites},
        "paths": {each.path: found.id for each in mirror.entities.values() if (found := mirror.by_path(each.path))},
    }


@dataclass
class Walk:
    """Random but valid ChangeSets, one after another, over a growing and shrinking graph."""

    random: random.Random
    mirror: Mirror = field(default_factory=Mirror)
    across: bool = False
    """Whether relations lead from site to site too, as those may that were kept before that was refused."""

    def step(self) -> ChangeSet:
        """The next ChangeSet; valid on the mirror as it stands. The caller applies it."""
        choices = [
            self._create,
            self._create,
            self._create,
            self._update,
            self._move,
            self._link,
            self._unlink,
            self._delete,
        ]
        while True:
            entries = self.random.choice(choices)()
            if entries:
                return changeset(*entries)

    def apply(self, made: ChangeSet) -> Change:
        """Take it as committed at the next sequence."""
        change = Change(self.mirror.head + 1, made)
        self.mirror.apply(change)
        return change

    def _any(self, *kinds: str) -> Entity | None:
        found = [each for each in self.mirror.entities.values() if not kinds or each.kind in kinds]
        return self.random.choice(found) if found else None

    def _create(self) -> list[Entry]:
        parent = self._any("site", "space", "device")
        if parent is None or self.random.random() < 0.05:
            return [Create(entity(f"site-{next(_numbers)}", "site"))]
        below = {"site": ["space", "gateway", "view"], "space": ["space", "device"], "device": ["device"]}
        kind = self.random.choice(below[parent.kind])
        made = entity(f"{parent.path}/{kind}-{next(_numbers)}", kind, parent, **self._fields(kind, parent.site))
        inner = self._fields("device", parent.site)
        nested = [Create(entity(f"{made.path}/inner", "device", made, **inner))] if kind in {"space", "device"} else []
        return [Create(made), *nested]

    def _fields(self, kind: str, site: str) -> dict[str, Any]:
        """What an entity of a kind may be: of any of its types, with some of its points; for a view, with a rule."""
        if kind not in _TYPES:
            return {}
        type_ = self.random.choice(_TYPES[kind])
        points = tuple(point for point in _POINTS.get(type_, ()) if self.random.random() < 0.7)
        declared = {"properties.level": self.random.randrange(3)} if self.random.random() < 0.5 else {}
        rule = self.rule(site) if kind == "view" and self.random.random() < 0.8 else None
        worked = {} if kind == "device" else self._computed(site)
        return {"type": type_, "points": points, "declared": declared, "rule": rule, "computed": worked}

    def _computed(self, site: str) -> dict[str, Computed]:
        """Some computed points of a space or a view."""
        functions = {
            "heat": ("temperature", ("sum", "avg", "min", "max")),
            "watts": ("active_power", ("sum", "max")),
            "busy": ("occupancy", ("any", "all")),
            "devices": (self.random.choice(["occupancy", "temperature"]), ("count",)),
        }
        return {
            point: Computed(self.random.choice(names), of, self.rule(site) if self.random.random() < 0.4 else None)
            for point, (of, names) in functions.items()
            if self.random.random() < 0.2
        }

    def rule(self, site: str, depth: int = 2) -> str:
        """Some rule over a site; now and then one whose words mean nothing."""
        if depth and self.random.random() < 0.6:
            first, second = self.rule(site, depth - 1), self.rule(site, depth - 1)
            return self.random.choice([f"({first}) and ({second})", f"({first}) or ({second})", f"not ({first})"])
        inside = [each for each in self.mirror.entities.values() if each.site == site]
        places = [each.path.partition("/")[2] for each in inside if each.kind in {"space", "device", "site"}]
        views = [each.key for each in inside if each.kind == "view"] or ["none"]
        types = ["Space", "Room", "Hall", "Device", "Sensor", "Meter", "Meter", "Gone"]
        return self.random.choice(
            [
                f"type is {self.random.choice(types)}",
                f'within "/{self.random.choice(places or [""])}"',
                f"in view:{self.random.choice(views)}",
                self.random.choice(["has warmth", "measures occupancy", "measures active_power"]),
                f"level == {self.random.randrange(3)}",
            ]
        )

    def _update(self) -> list[Entry]:
        found = self._any()
        if found is None:
            return []
        given = self._fields(found.kind, found.site)
        fields = {"properties": {"level": self.random.randrange(3)}}
        for together in (("type", "points"), ("declared",), ("rule",), ("computed",)):
            if self.random.random() < 0.5:
                fields |= {name: given[name] for name in together if name in given}
        return [Update(id=found.id, expected=found.revision, fields=fields)]

    def _move(self) -> list[Entry]:
        found = self._any("space", "device", "view")
        if found is None:
            return []
        inside = set(self.mirror.subtree(found.id))
        kinds = {"space": {"site", "space"}, "device": {"site", "space", "device"}, "view": {"site"}}[found.kind]
        parents = [
            each
            for each in self.mirror.entities.values()
            if each.site == found.site and each.kind in kinds and each.id not in inside
        ]
        if not parents:
            return []
        key = f"moved-{next(_numbers)}"
        return [Move(id=found.id, expected=found.revision, parent=self.random.choice(parents).id, key=key)]

    def _link(self) -> list[Entry]:
        source = self._any("device", "view", "gateway")
        ends = [each for each in self.mirror.entities.values() if each.kind in {"space", "device", "view"}]
        targets = [each for each in ends if source is not None and (self.across or each.site == source.site)]
        if source is None or not targets:
            return []
        target = self.random.choice(targets)
        name = "INCLUDES" if source.kind == "view" else self.random.choice(["feeds", "CONNECTS"])
        if self.mirror.relation(source.id, target.id, name):
            return []
        return [Link(Relation(type=name, source=source.id, target=target.id))]

    def _unlink(self) -> list[Entry]:
        found = sorted(self.mirror.relations(), key=lambda each: each.key)
        if not found:
            return []
        chosen = self.random.choice(found)
        return [Unlink(type=chosen.type, source=chosen.source, target=chosen.target)]

    def _delete(self) -> list[Entry]:
        found = self._any("space", "device", "view")
        if found is None:
            return []
        start, end = self.mirror.intervals(found.site).span(found.id)
        below = self.mirror.intervals(found.site).order[start:end]
        return [Delete(id=each) for each in reversed(below)]


def walked(seed: int, steps: int, ontology: Ontology | None = None, *, across: bool = False) -> Walk:
    """A walk that has gone some way."""
    walk = Walk(random.Random(seed), across=across)
    if ontology is not None:
        walk.mirror.adopt(ontology)
    for _ in range(steps):
        walk.apply(walk.step())
    return walk
