"""What exists: entities and relations as values, and the ChangeSets that are the only way to change them.

An `Entity` is immutable; a change makes a new one with the next revision. ``id`` never changes or returns; ``path`` is
``site-key/…/key`` and may. The tree (CONTAINS) is the chain of ``parent``: site -> space, gateway, view, device;
space -> space, device; device -> its parts. Users, clients, organisations, fleets and assets are in no site
(``user:ana``). Times are microseconds since 1970-01-01 UTC.

What there are a million of is left out of garbage collections (``gc=False``): it holds values only, never itself.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from twin.ontology.model import Document, Kind

UPDATABLE = frozenset(
    {
        "title",
        "properties",
        "points",
        "commands",
        "sources",
        "computed",
        "rule",
        "desired",
        "roles",
        "sends",
        "serial",
        "type",
        "declared",
        "made",
        "hidden",
    }
)
"""What an `Update` may change; the rest of an entity is its identity or its history."""

__all__ = [
    "CONNECTS",
    "CONTAINS",
    "DECLARES",
    "HAS_ROLE",
    "INCLUDES",
    "MANAGES",
    "MEMBER_OF",
    "PARTIES",
    "STANDINGS",
    "UPDATABLE",
    "Actor",
    "Change",
    "ChangeSet",
    "Committed",
    "Computed",
    "Create",
    "Delete",
    "Document",
    "Entity",
    "Entry",
    "Held",
    "Kind",
    "Link",
    "Made",
    "Move",
    "Recast",
    "Relation",
    "Scalar",
    "Sent",
    "Unlink",
    "Update",
    "Value",
    "apply_update",
    "created",
    "moved",
    "relocated",
]

CONTAINS = "CONTAINS"
INCLUDES = "INCLUDES"
CONNECTS = "CONNECTS"
HAS_ROLE = "HAS_ROLE"
"""From a user, a client or an organisation to what it may act on; says by `Held` in which roles, and until when."""
MANAGES = "MANAGES"
"""From a fleet to a site or a device: who has a role on the fleet has it there; and to the assets that it owns."""
DECLARES = "DECLARES"
"""From an asset to the one gateway or device that it is."""
MEMBER_OF = "MEMBER_OF"
"""From a user to an organisation: they have its roles. Says by one `Held` as which of `STANDINGS`, and until when."""
"""The relations every twin has; those an ontology declares keep the ontology's own spelling (``feeds``)."""

STANDINGS = ("member", "admin")
"""What somebody may be of an organisation; an admin invites others, and gives and takes its roles."""
PARTIES: frozenset[Kind] = frozenset({"fleet", "user", "client", "organisation", "asset"})
"""Kinds that belong to no site and contain nothing."""

Scalar = str | int | float | bool
"""The value of a property, and of most points."""
Value = str | int | float | bool | list[Any] | dict[str, Any]
"""The value of any point: of an object or a list as well."""
Function = Literal["sum", "avg", "min", "max", "any", "all", "count"]


class _Nothing(dict[str, Any]):
    """A map that stays empty."""

    def __setitem__(self, key: str, value: Any) -> None:
        """Refuse: everybody would have it."""
        message = "this map is of all entities that say nothing: give the entity another"
        raise TypeError(message)

    setdefault = update = __setitem__  # type: ignore[assignment]


NOTHING = _Nothing()
"""What entities have in common that say nothing: eight maps each, of a million, would be half of what they need."""


class Computed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point of a space or a view that is worked out from points of devices: the ``avg`` of ``air_temperature``."""

    function: Function
    of: str
    """The quantity that the points measure; for ``count``, of devices that have such a point."""
    rule: str | None = None
    """Which devices, in the words of `twin.graph.rules`; None: all below the space, or in the view."""


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a device names a point in its messages, and the unit in which it means what it says no unit of."""

    point: str
    unit: str | None = None


class Made(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a site was last made of: enough to make the same again, of a later version."""

    topology: str = ""
    version: str = ""
    parameters: dict[str, Any] = {}
    tables: dict[str, str] = {}
    """CSV as it was given, by the parameter's name."""
    ontologies: dict[str, str] = {}
    """Name -> version of the documents whose types its entities are of."""


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A node of the graph. ``site`` is the id of its site: the partition (a site's own id for the site itself; empty
    for what is in no site).
    """

    id: str
    kind: Kind
    type: str
    """Qualified: ``connected-home/Thermostat``."""
    key: str
    path: str
    site: str
    parent: str | None = None
    """The id of what contains it; None for a site."""
    title: dict[str, str] = NOTHING
    """By language; ``""`` is the text whose language was not said."""
    properties: dict[str, Scalar] = NOTHING
    points: tuple[str, ...] = ()
    """The points it really has, a subset of its type's."""
    commands: tuple[str, ...] = ()
    """The commands it really offers, a subset of its type's."""
    sources: dict[str, tuple[str, str]] = NOTHING
    """Points of a space that follow a device's: point -> (entity id, point)."""
    computed: dict[str, Computed] = NOTHING
    """Points that are worked out from those of several devices, and kept live."""
    rule: str | None = None
    """Of a view: what else it includes, whatever comes and goes; names worked out, paths from the site on."""
    desired: dict[str, Value] = NOTHING
    """What is wished of its configuration points, in the point's own unit."""
    roles: dict[str, str] = NOTHING
    """Places to fill: key -> qualified role (``tenant`` -> ``collective-housing/Tenant``)."""
    sends: dict[str, Sent] = NOTHING
    """Names in its messages that mean another point, or another unit, than they say."""
    serial: str | None = None
    """The declared serial; on MQTT it may stand for the id."""
    instance: str | None = None
    """The topology that created it (its name); None when an app did."""
    hidden: bool = False
    """Of a site: it is still being built, in several ChangeSets, and nobody sees it before the last."""
    declared: dict[str, Any] = NOTHING
    """The fields that topology gives, as it gave them last (``title``, ``properties.area``): its to change."""
    made: Made | None = None
    """Of a site: what it was made of."""
    revision: int = 1
    created: int = 0
    created_by: str = ""
    updated: int = 0
    updated_by: str = ""


class Held(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A role as somebody has it on something."""

    role: str
    """Qualified: ``collective-housing/Tenant``."""
    until: int | None = None
    """The first moment at which it is over; None: it does not end by itself."""


class Relation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A typed, directed edge; at most one of a type between two entities."""

    type: str
    source: str
    target: str
    instance: str | None = None
    roles: tuple[Held, ...] = ()
    """Of HAS_ROLE: which roles; at least one, each once. Of MEMBER_OF: the one standing."""

    @property
    def key(self) -> tuple[str, str, str]:
        """(source, target, type): what identifies it."""
        return (self.source, self.target, self.type)


class Create(msgspec.Struct, frozen=True, tag_field="do", tag="create", gc=False):
    """A new entity; its CONTAINS edge follows from ``parent``."""

    entity: Entity


class Update(msgspec.Struct, frozen=True, tag_field="do", tag="update", kw_only=True):
    """New values for some fields of one entity."""

    id: str
    expected: int | None = None
    """The revision it must still have, or None for whatever it is now."""
    fields: dict[str, Any]
    """Field name -> value, of `UPDATABLE`."""


class Move(msgspec.Struct, frozen=True, tag_field="do", tag="move", kw_only=True):
    """A new place in the tree of its site, for an entity and all below it: another parent, another key, or both."""

    id: str
    parent: str
    key: str
    expected: int | None = None


class Delete(msgspec.Struct, frozen=True, tag_field="do", tag="delete", kw_only=True):
    """The end of an entity and of every relation that ends at it; what it contains must be deleted before it."""

    id: str
    expected: int | None = None


class Link(msgspec.Struct, frozen=True, tag_field="do", tag="link", gc=False):
    """A new relation (never CONTAINS)."""

    relation: Relation


class Unlink(msgspec.Struct, frozen=True, tag_field="do", tag="unlink", kw_only=True):
    """The end of a relation (never CONTAINS)."""

    type: str
    source: str
    target: str


class Recast(msgspec.Struct, frozen=True, tag_field="do", tag="recast", kw_only=True):
    """The readings of a point under another name, in another unit: ``value * factor + offset``. It follows the
    `Update` that gives the entity its new type or points. All of one ChangeSet are done at once, so two points may
    change names with each other; where two become one, the newer reading stays.
    """

    id: str
    point: str
    to: str
    """May be the same name, where only the unit differs; ``temp@1.4.0`` sets the reading of a lost point aside."""
    factor: float = 1.0
    offset: float = 0.0
    whole: bool = False
    """Whether the point takes whole numbers only."""


Entry = Create | Update | Move | Delete | Link | Unlink | Recast


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who makes a change, and through what: ``ana`` through ``cli``."""

    name: str
    via: str
    client: str = ""
    """The OAuth2 client that somebody made it with, where it was made through the API."""
    token: str = ""
    """The id of the access token."""
    address: str = ""
    """Where the request came from. With the token's, for the audit only: no other answer tells it."""


class ChangeSet(msgspec.Struct, frozen=True, kw_only=True):
    """Creations, updates and deletions committed as one, or not at all."""

    op_id: str
    """Chosen by the caller, unique: the same op_id committed again returns what the first one did."""
    actor: Actor
    at: int
    entries: tuple[Entry, ...]
    documents: tuple[Document, ...] = ()
    """Ontology documents this ChangeSet installs or replaces, by name."""
    summary: str = ""
    expected_head: int | None = None
    """The sequence a plan was made at: anything committed since, on ``site``, refuses it."""
    site: str | None = None
    """The site id it is about, where it is about one."""


class Committed(msgspec.Struct, frozen=True):
    """What became of a ChangeSet: its place in the log."""

    sequence: int
    op_id: str


class Change(msgspec.Struct, frozen=True):
    """One record of the log."""

    sequence: int
    changeset: ChangeSet


def moved(entity: Entity, move: Move, parent: Entity, at: int, by: str) -> Entity:
    """The entity after a move: its next revision, under its new parent. What is below it is `relocated`."""
    return msgspec.structs.replace(
        entity,
        parent=parent.id,
        key=move.key,
        path=f"{parent.path}/{move.key}",
        revision=entity.revision + 1,
        updated=at,
        updated_by=by,
    )


def relocated(entity: Entity, before: str, after: str) -> Entity:
    """An entity below one that has moved from a path to another: its own path follows, and nothing else changes."""
    return msgspec.structs.replace(entity, path=after + entity.path[len(before) :])


_FIELD_TYPES = {field.name: field.type for field in msgspec.structs.fields(Entity)}


def created(entity: Entity, changeset: ChangeSet) -> Entity:
    """The entity as its ChangeSet creates it: marked with when and by whom."""
    at, by = changeset.at, changeset.actor.name
    return msgspec.structs.replace(entity, created=at, created_by=by, updated=at, updated_by=by)


def apply_update(entity: Entity, update: Update, at: int, by: str) -> Entity:
    """The entity after an update: its next revision, or the very same object where nothing differs.

    Values are taken in the field's own type, so an update that was read back from a log does what it did before.
    """
    fields = {name: msgspec.convert(value, _FIELD_TYPES[name]) for name, value in update.fields.items()}
    changed = {name: value for name, value in fields.items() if getattr(entity, name) != value}
    if not changed:
        return entity
    return msgspec.structs.replace(entity, **changed, revision=entity.revision + 1, updated=at, updated_by=by)
