"""A small building for the tests of the web, and an engine that stands in for the real one: a real mirror, no store."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from argon2 import PasswordHasher

from tests.graphs import party
from tests.rights import role
from twin.access.audit import Audit, Reported
from twin.access.authority import Authority
from twin.access.passwords import Passwords
from twin.access.placing import in_place
from twin.access.visibility import Visibilities
from twin.engine.annals import Annals
from twin.engine.auditing import Auditing
from twin.engine.authoring import Authoring
from twin.engine.granting import sites_held
from twin.engine.positions import Position, Positions
from twin.engine.topologies import Topologies
from twin.engine.vault import Vault
from twin.errors import BackendError, Place
from twin.events import Bus
from twin.graph.check import check
from twin.graph.mirror import Mirror
from twin.graph.model import (
    CONNECTS,
    INCLUDES,
    Actor,
    Change,
    ChangeSet,
    Committed,
    Create,
    Entity,
    Held,
    Link,
    Relation,
    Unlink,
)
from twin.graph.readings import Reading, order_key
from twin.ontology.model import (
    PERMISSIONS,
    EntityType,
    EnumType,
    Ontology,
    PointType,
    PropertyType,
    Quantity,
    RelationType,
)
from twin.records import Records
from twin.store.about import change_about
from twin.telemetry.deadletters import DeadLetters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AT = 1_793_689_200_000_000
"""2026-11-03T07:00:00Z."""
HERE = Place("home.yaml", 1, 1, 2)
_orders = itertools.count()
T = TypeVar("T")


def point(name: str, value: str = "number", **more: Any) -> PointType:
    fields: dict[str, Any] = {
        "section": "status",
        "unit": None,
        "measures": None,
        "minimum": None,
        "maximum": None,
        "values": None,
        "enum": None,
        "every": None,
        "optional": False,
        "title": {},
        "declared_by": "",
        "place": HERE,
    }
    return PointType(name=name, value=value, **{**fields, **more})  # type: ignore[arg-type]


def prop(name: str, value: str, **more: Any) -> PropertyType:
    fields: dict[str, Any] = {
        "unit": None,
        "values": None,
        "minimum": None,
        "maximum": None,
        "required": False,
        "title": {},
        "place": HERE,
    }
    return PropertyType(name=name, value=value, **{**fields, **more})  # type: ignore[arg-type]


class Writer:
    """Writes types in the order of their inheritance and merges what they inherit."""

    def __init__(self) -> None:
        self.types: dict[str, EntityType] = {}

    def add(self, short: str, kind: str | None, *parents: str, points: tuple[PointType, ...] = (), **more: Any) -> None:
        name = f"home/{short}"
        above = [self.types[f"home/{parent}"] for parent in parents]
        lineage = tuple(dict.fromkeys((name, *(each for parent in above for each in parent.lineage))))
        own = {each.name: each if each.declared_by else _declared(each, name) for each in points}
        inherited = {key: value for parent in above for key, value in parent.points.items()}
        properties = {key: value for parent in above for key, value in parent.properties.items()}
        self.types[name] = EntityType(
            name=name,
            short=short,
            kind=kind,  # type: ignore[arg-type]
            abstract=more.get("abstract", False),
            mixin=kind is None,
            parents=tuple(f"home/{parent}" for parent in parents),
            lineage=lineage,
            points={**inherited, **own},
            properties={**properties, **{each.name: each for each in more.get("properties", ())}},
            contains=None,
            connects=None,
            of=None,
            title={"": short, "fr": f"{short} (fr)"},
            description={},
            plural=None,
            place=HERE,
        )


def _declared(each: PointType, name: str) -> PointType:
    return point(**{**{field: getattr(each, field) for field in each.__dataclass_fields__}, "declared_by": name})


def ontology() -> Ontology:
    writer = Writer()
    for base in ("Site", "Space", "View", "Gateway", "Device"):
        writer.add(base, base.lower(), abstract=True)
    battery = point("battery", unit="%", measures="battery_level", minimum=0, maximum=100)
    writer.add("BatteryPowered", None, points=(battery,))
    writer.add("HeatingEquipment", "device", "Device", abstract=True)
    writer.add("Residence", "site", "Site")
    writer.add("Flat", "space", "Space", properties=(prop("area", "number", unit="m2", minimum=1),))
    air = point("temperature", unit="Cel", measures="air_temperature", optional=True)
    writer.add("Room", "space", "Space", points=(air,))
    writer.add("ThermalDevices", "view", "View")
    writer.add("Box", "gateway", "Gateway", points=(point("online", "boolean"),))
    writer.add(
        "Thermostat",
        "device",
        "HeatingEquipment",
        "BatteryPowered",
        points=(
            point("temperature", unit="Cel", measures="air_temperature", every=300.0),
            point("relative_humidity", unit="%", measures="relative_humidity", optional=True),
            point("setpoint", section="configuration", unit="Cel"),
            point("mode", "enum", section="configuration", values=("off", "eco", "comfort"), enum="HeatingMode"),
        ),
        properties=(prop("vendor", "string"), prop("colour", "enum", values=("white", "black"))),
    )
    writer.add(
        "Valve",
        "device",
        "HeatingEquipment",
        points=(
            point("strokes", "integer"),
            point("open", "boolean"),
            point("firmware", "string"),
            point("serviced", "timestamp"),
            point("type"),
        ),
    )
    return Ontology(
        documents=(),
        types=writer.types,
        relations={"controls": RelationType("controls", ("device",), ("device",), "controlled_by", {}, HERE)},
        quantities={
            "air_temperature": Quantity("air_temperature", "Cel", {}, HERE),
            "battery_level": Quantity("battery_level", "%", {}, HERE),
            "relative_humidity": Quantity("relative_humidity", "%", {}, HERE),
        },
        enums={"HeatingMode": EnumType("HeatingMode", ("off", "eco", "comfort"), HERE)},
        short_names={each.short: each.name for each in writer.types.values()},
        roles={each.name: each for each in ROLES},
    )


ROLES = (
    role("Owner", ["home/Residence"], PERMISSIONS, where="home"),
    role("Guest", ["home/Residence", "home/Room"], ["read"], where="home"),
)


def _entity(path: str, kind: str, short: str, parent: str | None, **more: Any) -> Entity:
    key = path.rpartition("/")[2]
    root = path.partition("/")[0]
    return Entity(
        id=_id(path),
        kind=kind,  # type: ignore[arg-type]
        type=f"home/{short}",
        key=key,
        path=path,
        site=_id(root),
        parent=None if parent is None else _id(parent),
        title=more.pop("title", {"": key.title()}),
        created=AT,
        created_by="test",
        updated=AT,
        updated_by="test",
        **more,
    )


def _id(path: str) -> str:
    """A readable stand-in for an id: 26 characters of its alphabet, the same for the same path."""
    return "".join(character for character in path if character.isalpha()).ljust(26, "a")[:26]


def _site(key: str) -> list[Create | Link]:
    flat, room, thermostat = f"{key}/flat", f"{key}/flat/living", f"{key}/flat/living/thermostat"
    entities = [
        _entity(key, "site", "Residence", None),
        _entity(f"{key}/box", "gateway", "Box", key, points=("online",)),
        _entity(flat, "space", "Flat", key, properties={"area": 42.5}, title={"en": "Flat", "fr": "Appartement"}),
        _entity(
            room,
            "space",
            "Room",
            flat,
            points=("temperature",),
            sources={"temperature": (_id(thermostat), "temperature")},
        ),
        _entity(
            thermostat,
            "device",
            "Thermostat",
            room,
            points=("temperature", "battery", "setpoint", "mode"),
            properties={"vendor": "Velio"},
            serial=f"SN-{key}",
        ),
        _entity(
            f"{thermostat}/valve",
            "device",
            "Valve",
            thermostat,
            points=("strokes", "open", "firmware", "serviced", "type"),
        ),
        _entity(f"{key}/thermal", "view", "ThermalDevices", key),
    ]
    links = [
        Relation(type=INCLUDES, source=_id(f"{key}/thermal"), target=_id(thermostat)),
        Relation(type=CONNECTS, source=_id(f"{key}/box"), target=_id(thermostat)),
        Relation(type="controls", source=_id(thermostat), target=_id(f"{thermostat}/valve")),
    ]
    return [*(Create(entity) for entity in entities), *(Link(link) for link in links)]


class Changed(msgspec.Struct, frozen=True):
    entity_id: str
    point: str
    reading: Reading


class Now:
    """The current state: what the double was told."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.kept: dict[tuple[str, str], Reading] = {}

    def read(self, entity_id: str, name: str) -> Reading | None:
        entity = self._mirror.get(entity_id)
        source = entity.sources.get(name) if entity else None
        return self.kept.get(source or (entity_id, name))


class Counts:
    def now(self) -> Mapping[str, int]:
        return {"received": 3, "journaled": 3}


class Holdings(dict[str, frozenset[str]]):
    """User -> sites, as the graph has it."""

    def __init__(self, engine: Double) -> None:
        super().__init__()
        self._engine = engine

    def __setitem__(self, user: str, sites: frozenset[str]) -> None:
        mirror, entries = self._engine.mirror, list[Any]()
        if user not in mirror.entities:
            entries.append(Create(party("user", user)))
        before = self.get(user, frozenset())
        entries += [Unlink(type="HAS_ROLE", source=user, target=site) for site in before - sites]
        role = (Held("home/Owner"),)
        entries += [Link(Relation(type="HAS_ROLE", source=user, target=site, roles=role)) for site in sites - before]
        self._engine.change(*entries)
        super().__setitem__(user, sites)


class Log:
    """What was changed, as a store keeps it."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def changes_of(self, entity: str, before: int | None, limit: int) -> list[Change]:
        about = (change_about(each, entity) for each in reversed(self.changes) if each.sequence < (before or 2**62))
        return [each for each in about if each.changeset.entries][:limit]


class Double:
    """An engine made of a mirror, a few readings and the real clients and tokens."""

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "records.sqlite")
        self.holdings = Holdings(self)
        """The sites of each user, by id: it owns what it is given."""
        self.authority = Authority(
            self.records,
            "http://twin.test",
            sites_of=lambda user: sites_held(self.mirror, self.ontology, user),
            in_place=lambda box: in_place(self.mirror, box),
            passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        )
        self.clients, self.tokens = self.authority.clients, self.authority.tokens
        self.deadletters = DeadLetters(self.records)
        self.ontology = ontology()
        self.mirror = Mirror()
        self.visibilities = Visibilities(self.mirror, lambda: self.ontology)
        self.audit = Audit(self.records)
        self.auditing = Auditing(self.audit, self.in_pool, self._unreported)
        self.topologies = Topologies(self.records)
        self.positions = Positions.open(folder)
        self.drift = SimpleNamespace(found=2, checked=7, last=1_793_689_200.5)
        self.log = Log()
        self.annals = Annals(self.log, self.mirror, self.positions, self.in_pool, self.in_pool)  # type: ignore[arg-type]
        self.authoring = Authoring(self.mirror, self.commit)
        self.vault = Vault()
        self.current = Now(self.mirror)
        self.counters = Counts()
        self.readings: Bus[Any] = Bus()
        self.parts = {"mirror": "ok", "store": "ok", "journal": "ok"}
        self.op_ids: dict[str, Committed] = {}
        self.change(*_site("hugo"), *_site("zola"))
        for key in ("hugo", "zola"):
            self.tell(f"{key}/flat/living/thermostat", "temperature", 21.5)

    connections = 0
    told: Mapping[str, int] = {"subscriptions": 4, "told": 9, "delivered": 6, "withheld": 1, "waiting": 2}
    mqtt_url = "mqtt://0.0.0.0:1883"
    role: Literal["owner", "follower"] = "owner"
    silent = ""
    lag = 0
    feeds = 0

    def position(self) -> str:
        return self.positions.write(Position(self.mirror.timeline, self.mirror.head))

    async def reached(self, position: str) -> None:
        if self.positions.read(position, self.mirror.timeline) > self.mirror.head:
            raise BackendError("not yet", code="position.unreached")

    async def in_pool(self, call: Callable[[], T]) -> T:
        return await asyncio.to_thread(call)

    async def _unreported(self, reported: Reported) -> tuple[str, list[Change]]:
        return reported.timeline, []

    def health(self) -> dict[str, str]:
        return self.parts

    async def commit(self, changeset: ChangeSet) -> Committed:
        await asyncio.sleep(0)
        if changeset.op_id in self.op_ids:
            return self.op_ids[changeset.op_id]
        check(self.mirror, changeset)
        self.follow(changeset)
        done = self.op_ids[changeset.op_id] = Committed(self.mirror.head, changeset.op_id)
        return done

    def id(self, path: str) -> str:
        entity = self.mirror.by_path(path)
        assert entity is not None
        return entity.id

    def tell(self, path: str, name: str, value: Any, at: int = AT) -> None:
        """A new reading of a device's point, as ingest would announce it: for those fed from it too."""
        owner = self.id(path)
        reading = Reading(value=value, time=at, received=at + 250_000, order=order_key(0, at, next(_orders), value))
        self.current.kept[owner, name] = reading
        self.readings.publish(Changed(owner, name, reading))
        for entity in self.mirror.entities.values():
            for fed, source in entity.sources.items():
                if source == (owner, name):
                    self.readings.publish(Changed(entity.id, fed, reading))

    def change(self, *entries: Any) -> None:
        """A change of the graph, as if somebody else had committed it."""
        changeset = ChangeSet(op_id="build", actor=_ACTOR, at=AT, entries=entries)
        self.follow(changeset)

    def follow(self, changeset: ChangeSet) -> None:
        """Show what was committed, whoever did it."""
        change = Change(self.mirror.head + 1, changeset)
        self.log.changes.append(change)
        self.mirror.apply(change)
        self.authority.follow(changeset)


_ACTOR = Actor("test", "test")
