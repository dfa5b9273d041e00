"""A small building for tests of telemetry and state, with a point of every kind, and messages about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.graphs import entity, mirror_of
from twin.access.visibility import Visibilities
from twin.errors import Place
from twin.graph.model import Entity
from twin.mqtt.door import Counts
from twin.ontology.model import EntityType, FieldType, Ontology, PointType
from twin.state.current import Current
from twin.store import Watermark
from twin.telemetry.ingest import Ingest
from twin.telemetry.journal import Extent, JournalMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.graph.mirror import Mirror
    from twin.ontology.model import ValueKind

NOW = 1_700_000_000_000_000
"""When the messages of these tests are received (µs), unless they say."""
HERE = Place("test.yaml", 1, 1, 2)


def point_type(name: str, value: ValueKind = "number", **fields: Any) -> PointType:
    """A status point; unit, minimum, maximum, values as given."""
    given: dict[str, Any] = dict.fromkeys(("unit", "measures", "minimum", "maximum", "values", "enum", "every"))
    rest: dict[str, Any] = {"section": "status", "optional": False, "title": {}, "declared_by": "t/T", "place": HERE}
    return PointType(name=name, value=value, **(given | rest | fields))


def field_type(name: str, value: ValueKind = "number", **fields: Any) -> FieldType:
    """A field of an object, or with no name the items of a list; unit, minimum, maximum, values and so on as given."""
    given: dict[str, Any] = dict.fromkeys(
        ("unit", "minimum", "maximum", "values", "enum", "default", "fields", "items")
    )
    rest: dict[str, Any] = {"optional": False, "title": {}, "place": HERE}
    return FieldType(name=name, value=value, **(given | rest | fields))


def entity_type(name: str, *points: PointType) -> EntityType:
    """A concrete type of device with these points."""
    nothing: dict[str, Any] = dict.fromkeys(("contains", "connects", "of", "plural"))
    empty: dict[str, Any] = {"properties": {}, "title": {}, "description": {}, "parents": ()}
    return EntityType(
        name=name,
        short=name,
        kind="device",
        abstract=False,
        mixin=False,
        lineage=(name,),
        points={point.name: point for point in points},
        place=HERE,
        **nothing,
        **empty,
    )


def ontology(*types: EntityType) -> Ontology:
    """Just these types."""
    return Ontology(documents=(), types={each.name: each for each in types}, relations={}, quantities={}, enums={})


SENSOR = entity_type(
    "t/Sensor",
    point_type("temperature", unit="Cel", minimum=-20, maximum=60),
    point_type("level"),
    point_type("count", "integer", minimum=0),
    point_type("open", "boolean"),
    point_type("mode", "enum", values=("off", "eco"), enum="Mode"),
    point_type("label", "string"),
    point_type("since", "timestamp"),
    point_type("place", "object", fields={"x": field_type("x", unit="m"), "room": field_type("room", "string")}),
    point_type("tags", "list", items=field_type("", "string")),
)
ROOM = entity_type("t/Room", point_type("warmth", unit="[degF]"))
ONTOLOGY = ontology(SENSOR, ROOM, entity_type("t/Home"))


class World:
    """A home with a room and two sensors (one with a serial), its state, and the ingest that feeds it."""

    def __init__(self, **wiring: Any) -> None:
        self.site = entity("flat", "site")
        self.sensor = entity("flat/sensor", "device", self.site, points=tuple(SENSOR.points))
        self.other = entity("flat/other", "device", self.site, points=("temperature",), serial="SN-1")
        feed = {"warmth": (self.sensor.id, "temperature")}
        self.room = entity("flat/room", "space", self.site, points=("warmth",), sources=feed)
        self.elsewhere = entity("hotel", "site")
        self.mirror: Mirror = mirror_of([self.site, self.sensor, self.other, self.room, self.elsewhere])
        self.revive(**wiring)
        self.ingest.resume(extent(), Watermark())

    def revive(self, **wiring: Any) -> None:
        """Forget everything but the graph, as a process does that was killed."""
        self.ontology = ONTOLOGY
        self.current = Current(self.mirror, ONTOLOGY)
        self.visibilities = Visibilities(self.mirror, lambda: ONTOLOGY)
        self.counts = Counts()
        self.ingest = Ingest(self.mirror, self.current, self.counts, **({"clock": clock()} | wiring))

    def take(self, *messages: JournalMessage) -> dict[str, int]:
        """Work some messages in; the counters after it."""
        self.ingest.add(messages)
        while self.ingest.run(1):
            pass
        return self.ingest.counters.now()

    def letters(self) -> list[tuple[str, str | None]]:
        """The (code, point) of every letter since the last time."""
        taken = self.ingest.take_slice()
        if taken is None:
            return []
        self.ingest.confirm(taken)
        return [(letter.code, letter.point) for letter in taken.letters]

    def values(self) -> dict[str, Any]:
        """What the sensor says now, by point."""
        readings = {point: self.current.read(self.sensor.id, point) for point in SENSOR.points}
        return {point: reading.value for point, reading in readings.items() if reading is not None}


def extent(until: int = 0, journal: str = "journal", *, first: int = 0) -> Extent:
    """That of a journal."""
    return Extent(journal, first, until)


def clock() -> Callable[[], float]:
    """A clock that stands still."""
    return lambda: 0.0


def topic(device: Entity | str) -> bytes:
    """Where a device of the flat reports."""
    return f"r/flat/d/{device.id if isinstance(device, Entity) else device}/events/pointset".encode()


def payload(points: Mapping[str, Any], timestamp: str | None = None) -> bytes:
    """A pointset; a value that is an object stands for the whole point."""
    said = {name: value if isinstance(value, dict) else {"present_value": value} for name, value in points.items()}
    return json.dumps({"points": said} | ({} if timestamp is None else {"timestamp": timestamp})).encode()


def message(number: int, on: bytes, body: bytes, *, received: int = NOW) -> JournalMessage:
    """A message as the journal holds it."""
    return JournalMessage(number, "box", received, on, body)


def balanced(counters: dict[str, int]) -> bool:
    """Whether the counters say the same of every message and every reading."""
    messages = counters["decoded"] + counters["undecodable"] + counters["pending"]
    fates = sum(counters[fate] for fate in ("applied", "late", "duplicate", "quarantined", "dead"))
    received = counters["journaled"] + counters["denied"] + counters["dropped"]
    return (counters["journaled"], counters["readings"], counters["received"]) == (messages, fates, received)
