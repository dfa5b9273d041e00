"""Whether a ChangeSet may be applied to the graph as it stands: asked before it is written, answered at once.

`check` raises the first reason why not, and changes nothing. What it guarantees is invariant 2: after every commit a
site's CONTAINS is a tree, paths and serials are unique, and relations end at what exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.errors import Conflict, InvalidValue, NotFound
from twin.graph.declared import Drafted, is_serial, stands_as_asset
from twin.graph.model import (
    CONTAINS,
    DECLARES,
    HAS_ROLE,
    MANAGES,
    MEMBER_OF,
    PARTIES,
    STANDINGS,
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
    from collections.abc import Callable

    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet, Entity, Entry, Kind, Relation

__all__ = ["check", "overlaps", "stands_alone", "touched"]

_MAY_CONTAIN: dict[Kind, frozenset[Kind]] = {
    "site": frozenset({"space", "device", "gateway", "view"}),
    "space": frozenset({"space", "device"}),
    "device": frozenset({"device"}),
    "gateway": frozenset(),
    "view": frozenset(),
}
_MAY_MEET: dict[str, tuple[frozenset[Kind], frozenset[Kind]]] = {
    HAS_ROLE: (
        frozenset({"user", "client", "organisation"}),
        frozenset({"site", "fleet", "space", "view", "device"}),
    ),
    MEMBER_OF: (frozenset({"user"}), frozenset({"organisation"})),
    MANAGES: (frozenset({"fleet"}), frozenset({"site", "device", "asset"})),
    DECLARES: (frozenset({"asset"}), frozenset({"gateway", "device"})),
}
"""What may stand at the two ends of the relations that say who may do what; at those of others, nobody."""


def check(mirror: Mirror, *changesets: ChangeSet) -> None:
    """Raise `Conflict`, `NotFound` or `InvalidValue` if a ChangeSet cannot stand on the mirror's head; of a series, if
    one cannot stand on those before it.
    """
    draft = _Draft(mirror, changesets[0])
    for changeset in changesets:
        _check_head(mirror, changeset)
        draft.changeset = changeset
        for entry in changeset.entries:
            _TAKES[type(entry)](draft, entry)
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
                found |= {entity.id, entity.site or entity.id, entity.parent or entity.id, f"path {entity.path}"}
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
        self.under: dict[str, dict[str, None]] = {}
        """What was created in an entity, or moved there; it may be elsewhere by now."""
        self.following: dict[str, None] = {}
        """What this ChangeSet has changed, of what follows others."""
        self.shrunk = False
        """Whether this ChangeSet has deleted anything."""
        self.deleted: dict[str, Entity] = {}
        self.paths: dict[str, str] = {}
        self.serials: dict[tuple[str, str], str] = {}
        self.declared = Drafted(mirror.declared)
        self.linked: set[tuple[str, str, str]] = set()
        self.unlinked: set[tuple[str, str, str]] = set()

    def get(self, entity_id: str) -> Entity | None:
        found = self.changed.get(entity_id)
        if found is None and entity_id not in self.deleted:
            found = self.mirror.entities.get(entity_id)
        return found

    def put(self, entity: Entity) -> None:
        self.changed[entity.id] = entity
        if entity.sources:
            self.following[entity.id] = None

    def stand(self, entity: Entity) -> None:
        """Have an entity where it says that it is."""
        self.put(entity)
        self.paths[entity.path] = entity.id
        if entity.parent is not None:
            self.under.setdefault(entity.parent, {})[entity.id] = None

    def contained(self, entity_id: str) -> list[Entity]:
        """What an entity contains by now."""
        children = {*self.mirror.children(entity_id), *self.under.get(entity_id, ())}
        return [each for each in map(self.get, children) if each is not None and each.parent == entity_id]

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

    def create(self, entry: Create) -> None:
        entity = entry.entity
        if self.get(entity.id) is not None or entity.id in self.deleted:
            raise Conflict(f"the id {entity.id} is taken", code="id.taken", help="mint a new id: they are never reused")
        if entity.revision != 1:
            raise InvalidValue(f"{entity.path} is not new", code="entity.not_new", help="a new entity has revision 1")
        self.place(entity)
        self.stand(entity)
        self.claim_serial(entity)

    def place(self, entity: Entity) -> None:
        """Whether the entity may stand where it says: a key, a parent of the right kind, a path that is free."""
        if not (is_serial if entity.kind == "asset" else is_key)(entity.key):
            raise InvalidValue(
                f"{entity.key!r} is not a key", code="key.invalid", help="keys are [a-z0-9][a-z0-9-]*: flat-302"
            )
        if entity.kind == "site":
            right = entity.parent is None and entity.site == entity.id and entity.path == entity.key
        elif entity.kind == "asset":
            right = stands_as_asset(entity)
        elif entity.kind in PARTIES:
            right = entity.parent is None and not entity.site and entity.path == f"{entity.kind}:{entity.key}"
        else:
            parent = self.need(entity.parent or "")
            right = (
                entity.kind in _MAY_CONTAIN.get(parent.kind, ())
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
        holder = self.paths.get(entity.path) or (None if there is None else there.id)
        held = None if holder is None else self.get(holder)
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
        below = self.contained(entity.id)
        for each in below:
            below += self.contained(each.id)
        for each in below:
            self.stand(relocated(each, entity.path, after.path))
        self.stand(after)

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
        if after.serial != entity.serial:
            self.declared.renumbered(after)
        self.put(after)
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

    def delete(self, entry: Delete) -> None:
        entity = self.need(entry.id, entry.expected)
        left = self.contained(entity.id)
        if left:
            raise Conflict(
                f"{entity.path} still contains {len(left)} entit{'y' if len(left) == 1 else 'ies'}",
                code="entity.occupied",
                help="delete what it contains before it, in the same ChangeSet",
            )
        self.deleted[entity.id] = entity
        self.declared.drop(entity)
        self.shrunk = True
        self.changed.pop(entity.id, None)
        if self.paths.get(entity.path) == entity.id:
            del self.paths[entity.path]

    def link(self, entry: Link) -> None:
        relation = entry.relation
        key = (relation.source, relation.target, relation.type)
        source, target = (self.changed.get(end) or self.need(end) for end in key[:2])
        _check_ends(relation, source, target)
        _check_site(relation, source, target)
        if key[2] == CONTAINS or self.related(key):
            raise Conflict(
                f"there is a relation {key[2]} between the two already",
                code="relation.taken",
                help="relations of one type between two entities are one; CONTAINS follows the parent",
            )
        if key[2] == DECLARES:
            self.declared.join(source, target)
        self.linked.add(key)
        self.unlinked.discard(key)

    def related(self, key: tuple[str, str, str]) -> bool:
        """Whether there is such a relation by now."""
        known = self.mirror.entities
        if key in self.linked:
            return True
        if key[0] not in known or key[1] not in known or key in self.unlinked:
            return False
        return self.mirror.relation(*key) is not None

    def unlink(self, entry: Unlink) -> None:
        key = (entry.source, entry.target, entry.type)
        gone = entry.source in self.deleted or entry.target in self.deleted
        if key[2] == CONTAINS or gone or not self.related(key):
            raise NotFound(f"there is no relation {key[2]} between the two", code="relation.unknown")
        if key[2] == DECLARES:
            self.declared.part(*key[:2])
        self.unlinked.add(key)
        self.linked.discard(key)

    def recast(self, entry: Recast) -> None:
        self.need(entry.id)

    def finish(self) -> None:
        """A ChangeSet ends: what it has changed (where it deletes: all that has changed) follows what is there."""
        loose = map(self.get, self.changed if self.shrunk else self.following)
        for entity in filter(None, loose):
            for point, (source, _) in entity.sources.items():
                followed = self.get(source)
                if followed is None:
                    raise NotFound(f"{entity.path}.{point} follows what does not exist", code="source.unknown")
                if followed.site != entity.site:
                    raise InvalidValue(
                        f"{entity.path}.{point} follows a point of another site",
                        code="source.across",
                        help="a point follows one of its own site: who sees a site need not see another",
                    )
        self.following.clear()
        self.shrunk = False
        self.declared.finish(self.get)


def _check_site(relation: Relation, source: Entity, target: Entity) -> None:
    """A site is a partition: who sees one need not see another, and what is in a view is seen with the view."""
    if relation.type not in _MAY_MEET and source.site != target.site:
        raise InvalidValue(
            f"there can be no relation {relation.type} from {source.path} to {target.path}: they are of two sites",
            code="relation.across",
            help="relations stay within a site; only HAS_ROLE, MANAGES and DECLARES lead into sites",
        )


def _check_ends(relation: Relation, source: Entity, target: Entity) -> None:
    """Whether a relation may be between the two, as far as it says who may do what."""
    sources, targets = _MAY_MEET.get(relation.type, (None, None))
    if sources is None or targets is None:
        right = not PARTIES & {source.kind, target.kind}
    else:
        right = source.kind in sources and target.kind in targets
    names = [held.role for held in relation.roles]
    if relation.type == MEMBER_OF:
        right = right and len(names) == 1 and names[0] in STANDINGS
    else:
        right = right and len(set(names)) == len(names) and bool(names) == (relation.type == HAS_ROLE)
    if not right:
        raise InvalidValue(
            f"there can be no relation {relation.type} from a {source.kind} to a {target.kind} like this",
            code="relation.ends",
            help="HAS_ROLE leads from users, clients and organisations to what they act on, with roles, each once; "
            "MANAGES from fleets to sites, devices and assets; DECLARES from assets to gateways and devices; MEMBER_OF "
            f"from users to organisations, as one of {', '.join(STANDINGS)}; no other relation from or to any of these",
        )


_TAKES: dict[type[Entry], Callable[[_Draft, Any], None]] = {
    Create: _Draft.create,
    Link: _Draft.link,
    Update: _Draft.update,
    Move: _Draft.move,
    Delete: _Draft.delete,
    Unlink: _Draft.unlink,
    Recast: _Draft.recast,
}
