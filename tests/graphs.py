"""Small graphs for tests, and a random walk of valid ChangeSets over them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.graph.mirror import Mirror
from twin.graph.model import (
    Actor,
    Change,
    ChangeSet,
    Create,
    Delete,
    Entity,
    Link,
    Move,
    Relation,
    Unlink,
    Update,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from twin.graph.model import Entry, Kind

ACTOR = Actor("ana", "tests")
_numbers = itertools.count(1)
TYPES: dict[str, str] = {
    "site": "t/Home",
    "space": "t/Room",
    "device": "t/Sensor",
    "gateway": "t/Box",
    "view": "t/Group",
}


def entity(path: str, kind: Kind = "space", parent: Entity | None = None, **fields: object) -> Entity:
    """A new entity whose id is readable: its path and a number."""
    key = path.rsplit("/", 1)[-1]
    entity_id = f"{path.replace('/', '.')}-{next(_numbers)}"
    site = parent.site if parent is not None else entity_id
    given = {"type": TYPES[kind], **fields}
    return Entity(id=entity_id, kind=kind, key=key, path=path, site=site, parent=parent.id if parent else None, **given)


def changeset(*entries: Entry, **fields: object) -> ChangeSet:
    """A ChangeSet of tests: its op_id is new unless given."""
    given = {"op_id": f"op-{next(_numbers)}", "actor": ACTOR, "at": 1_000_000, **fields}
    return ChangeSet(entries=tuple(entries), **given)


def mirror_of(entities: Iterable[Entity], relations: Iterable[Relation] = ()) -> Mirror:
    """A mirror that holds these."""
    mirror = Mirror()
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
        made = entity(f"{parent.path}/{kind}-{next(_numbers)}", kind, parent)
        nested = [Create(entity(f"{made.path}/inner", "device", made))] if kind in {"space", "device"} else []
        return [Create(made), *nested]

    def _update(self) -> list[Entry]:
        found = self._any()
        if found is None:
            return []
        value = self.random.randrange(3)
        return [Update(id=found.id, expected=found.revision, fields={"properties": {"level": value}})]

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
        source, target = self._any("device", "view", "gateway"), self._any("space", "device")
        name = self.random.choice(["feeds", "INCLUDES", "CONNECTS"])
        if source is None or target is None or self.mirror.relation(source.id, target.id, name):
            return []
        return [Link(Relation(type=name, source=source.id, target=target.id))]

    def _unlink(self) -> list[Entry]:
        found = sorted(self.mirror.relations(), key=lambda each: each.key)
        if not found:
            return []
        chosen = self.random.choice(found)
        return [Unlink(type=chosen.type, source=chosen.source, target=chosen.target)]

    def _delete(self) -> list[Entry]:
        found = self._any("space", "device")
        if found is None:
            return []
        start, end = self.mirror.intervals(found.site).span(found.id)
        below = self.mirror.intervals(found.site).order[start:end]
        return [Delete(id=each) for each in reversed(below)]
