"""Whether a ChangeSet may be applied to the graph as it stands: asked before it is written, answered at once.

`check` raises the first reason why not, and changes nothing. What it guarantees is invariant 2: after every commit a
site's CONTAINS is a tree, paths and serials are unique, and relations end at what exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import Conflict, InvalidValue, NotFound
from twin.graph.model import (
    CONTAINS,
    UPDATABLE,
    Create,
    Delete,
    Link,
    Move,
    Recast,
    Unlink,
    Update,
    apply_update,
    moved,
    relocated,
)
from twin.ids import is_key

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet, Entity, Entry, Kind

__all__ = ["check", "overlaps", "stands_alone", "touched"]

_MAY_CONTAIN: dict[Kind, frozenset[Kind]] = {
    "site": frozenset({"space", "device", "gateway", "view"}),
    "space": frozenset({"space", "device"}),
    "device": frozenset({"device"}),
    "gateway": frozenset(),
    "view": frozenset(),
}


def check(mirror: Mirror, *changesets: ChangeSet) -> None:
    """Raise `Conflict`, `NotFound` or `InvalidValue` if a ChangeSet cannot stand on the mirror's head; of a series, if
    one cannot stand on those before it.
    """
    draft = _Draft(mirror, changesets[0])
    for changeset in changesets:
        _check_head(mirror, changeset)
        draft.changeset = changeset
        for entry in changeset.entries:
            draft.take(entry)
        draft.finish()


def _check_head(mirror: Mirror, changeset: ChangeSet) -> None:
    made_at, site = changeset.expected_head, changeset.site
    if made_at is None or made_at == mirror.head:
        return
    touched_at = mirror.head if site is None else mirror.sites.get(site, mirror.head)
    if made_at > mirror.head or touched_at > made_at:
        raise Conflict(
            "the plan is stale: its site has changed since it was made",
            code="plan.stale",
            help="make the plan again and look at what differs",
        )


def touched(changeset: ChangeSet) -> set[str]:
    """The ids of every entity a ChangeSet reads or writes."""
    found: set[str] = set()
    for entry in changeset.entries:
        match entry:
            case Create(entity):
                found |= {entity.id, entity.site, entity.parent or entity.id, f"path {entity.path}"}
                found |= {source for source, _ in entity.sources.values()}
                if entity.serial is not None:
                    found.add(f"serial {entity.site} {entity.serial}")
            case Link(relation):
                found |= {relation.source, relation.target}
            case Move():
                found |= {entry.id, entry.parent}
            case Update() | Delete() | Recast():
                found.add(entry.id)
            case Unlink():
                found |= {entry.source, entry.target}
    return found


def stands_alone(changeset: ChangeSet) -> bool:
    """Whether it changes what others look up (it deletes, moves, renames or installs): nothing may share its group."""
    return bool(changeset.documents) or any(
        isinstance(entry, Delete | Move | Recast)
        or (isinstance(entry, Update) and {"serial", "sources"} & entry.fields.keys())
        for entry in changeset.entries
    )


def overlaps(changeset: ChangeSet, earlier: set[str]) -> bool:
    """Whether it must wait for another group than that of what touches ``earlier``."""
    return bool(earlier) and (stands_alone(changeset) or not earlier.isdisjoint(touched(changeset)))


class _Draft:
    """The mirror as it would be after the entries taken so far; only differences are held."""

    def __init__(self, mirror: Mirror, changeset: ChangeSet) -> None:
        self.mirror = mirror
        self.changeset = changeset
        self.changed: dict[str, Entity] = {}
        self.deleted: dict[str, Entity] = {}
        self.paths: dict[str, str] = {}
        self.serials: dict[tuple[str, str], str] = {}
        self.linked: set[tuple[str, str, str]] = set()
        self.unlinked: set[tuple[str, str, str]] = set()

    def get(self, entity_id: str) -> Entity | None:
        if entity_id in self.deleted:
            return None
        return self.changed.get(entity_id) or self.mirror.get(entity_id)

    def need(self, entity_id: str, expected: int | None = None) -> Entity:
        entity = self.get(entity_id)
        if entity is None:
            raise NotFound(
                f"there is no entity {entity_id}", ref=entity_id, help="it may have been deleted: look again"
            )
        if expected is not None and entity.revision != expected:
            raise Conflict(
                f"{entity.path} is at revision {entity.revision}, not {expected}",
                ref=entity_id,
                revision=entity.revision,
                help="read it again and repeat the change on what it says now",
            )
        return entity

    def take(self, entry: Entry) -> None:
        match entry:
            case Create(entity):
                self.create(entity)
            case Link(relation):
                self.link(relation.key)
            case Update():
                self.update(entry)
            case Move():
                self.move(entry)
            case Delete():
                self.delete(self.need(entry.id, entry.expected))
            case Unlink():
                self.unlink((entry.source, entry.target, entry.type))
            case Recast():
                self.need(entry.id)

    def create(self, entity: Entity) -> None:
        if self.get(entity.id) is not None or entity.id in self.deleted:
            raise Conflict(f"the id {entity.id} is taken", code="id.taken", help="mint a new id: they are never reused")
        if entity.revision != 1:
            raise InvalidValue(f"{entity.path} is not new", code="entity.not_new", help="a new entity has revision 1")
        self.place(entity)
        self.changed[entity.id] = entity
        self.paths[entity.path] = entity.id
        self.claim_serial(entity)

    def place(self, entity: Entity) -> None:
        """Whether the entity may stand where it says: a key, a parent of the right kind, a path that is free."""
        if not is_key(entity.key):
            raise InvalidValue(
                f"{entity.key!r} is not a key", code="key.invalid", help="keys are [a-z0-9][a-z0-9-]*: flat-302"
            )
        if entity.kind == "site":
            right = entity.parent is None and entity.site == entity.id and entity.path == entity.key
        else:
            parent = self.need(entity.parent or "")
            right = (
                entity.kind in _MAY_CONTAIN[parent.kind]
                and entity.site == parent.site
                and entity.path == f"{parent.path}/{entity.key}"
            )
        if not right:
            raise InvalidValue(
                f"{entity.path} ({entity.kind}) cannot stand there",
                code="parent.invalid",
                help="sites contain spaces, devices, gateways and views; spaces contain spaces and devices; "
                "devices contain their parts",
            )
        there = self.mirror.by_path(entity.path)
        held = self.get(self.paths.get(entity.path) or (there.id if there is not None else ""))
        if held is not None and held.path == entity.path and held.id != entity.id:
            raise Conflict(f"there is something at {entity.path} already", code="path.taken", help="use another key")

    def move(self, entry: Move) -> None:
        entity, parent = self.need(entry.id, entry.expected), self.need(entry.parent)
        above: Entity | None = parent
        while above is not None and above.id != entity.id:
            above = self.get(above.parent) if above.parent is not None else None
        if above is not None or entity.parent is None:
            raise InvalidValue(
                f"{entity.path} cannot be moved into {parent.path}",
                code="parent.invalid",
                help="a site stays where it is, and nothing can be moved into itself or what it contains",
            )
        after = moved(entity, entry, parent, self.changeset.at, self.changeset.actor.name)
        self.place(after)
        held = [self.get(each) for each in {*self.mirror.subtree(entity.id), *self.changed}]
        for each in held:
            if each is not None and each.path.startswith(f"{entity.path}/"):
                self.changed[each.id] = below = relocated(each, entity.path, after.path)
                self.paths[below.path] = each.id
        self.changed[entity.id] = after
        self.paths[after.path] = entity.id

    def update(self, entry: Update) -> None:
        entity = self.need(entry.id, entry.expected)
        unknown = entry.fields.keys() - UPDATABLE
        if unknown:
            raise InvalidValue(
                f"{', '.join(sorted(unknown))} cannot be changed",
                code="field.fixed",
                help=f"an update may change {', '.join(sorted(UPDATABLE))}",
            )
        after = apply_update(entity, entry, self.changeset.at, self.changeset.actor.name)
        if entity.serial is not None and after.serial != entity.serial:
            self.serials[entity.site, entity.serial] = ""
        self.changed[entity.id] = after
        self.claim_serial(after)

    def claim_serial(self, entity: Entity) -> None:
        if entity.serial is None:
            return
        slot = (entity.site, entity.serial)
        holder = self.serials.get(slot)
        if holder is None:
            there = self.mirror.by_serial(*slot)
            holder = there.id if there is not None and there.id not in self.deleted else ""
        if holder not in {"", entity.id}:
            raise Conflict(
                f"the serial {entity.serial!r} belongs to another device of this site",
                code="serial.taken",
                help="a serial names one device: release it there first",
            )
        self.serials[slot] = entity.id

    def delete(self, entity: Entity) -> None:
        children = {*self.mirror.children(entity.id), *self.changed}
        left = [each for each in map(self.get, children) if each is not None and each.parent == entity.id]
        if left:
            raise Conflict(
                f"{entity.path} still contains {len(left)} entit{'y' if len(left) == 1 else 'ies'}",
                code="entity.occupied",
                help="delete what it contains before it, in the same ChangeSet",
            )
        self.deleted[entity.id] = entity
        self.changed.pop(entity.id, None)
        if self.paths.get(entity.path) == entity.id:
            del self.paths[entity.path]

    def link(self, key: tuple[str, str, str]) -> None:
        source, target, relation = key
        self.need(source)
        self.need(target)
        exists = self.mirror.relation(*key) is not None and key not in self.unlinked
        if relation == CONTAINS or exists or key in self.linked:
            raise Conflict(
                f"there is a relation {relation} between the two already",
                code="relation.taken",
                help="relations of one type between two entities are one; CONTAINS follows the parent",
            )
        self.linked.add(key)
        self.unlinked.discard(key)

    def unlink(self, key: tuple[str, str, str]) -> None:
        exists = self.mirror.relation(*key) is not None and key not in self.unlinked
        if key[2] == CONTAINS or not (exists or key in self.linked):
            raise NotFound(f"there is no relation {key[2]} between the two", code="relation.unknown")
        self.unlinked.add(key)
        self.linked.discard(key)

    def finish(self) -> None:
        for entity in self.changed.values():
            for point, (source, _) in entity.sources.items():
                if self.get(source) is None:
                    raise NotFound(f"{entity.path}.{point} follows what does not exist", code="source.unknown")
