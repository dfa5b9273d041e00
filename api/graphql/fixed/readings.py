"""What a point says and what is wished of it, by the kind of its value."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

from enum import Enum

import strawberry

from api.graphql.fixed.scalars import Instant, Json, Long, Value

__all__ = [
    "READINGS",
    "UNIT",
    "BooleanReading",
    "BooleanSetting",
    "Computed",
    "IntegerReading",
    "IntegerSetting",
    "JSONReading",
    "JSONSetting",
    "NumberReading",
    "NumberSetting",
    "Quality",
    "Reading",
    "Section",
    "StringReading",
    "StringSetting",
]


@strawberry.enum(description="How far a reading can be relied on.")
class Quality(Enum):
    """The words of `twin.graph.readings.Quality`."""

    GOOD = strawberry.enum_value("good", description="Heard within the interval in which the point reports.")
    STALE = strawberry.enum_value("stale", description="The point has been silent for longer than its interval.")
    UNCERTAIN = strawberry.enum_value("uncertain", description="The source doubts it.")
    BAD = strawberry.enum_value("bad", description="The source says that it is wrong.")


@strawberry.enum(description="How a device presents its data.")
class Section(Enum):
    """The words of `twin.ontology.model.Section`."""

    STATUS = strawberry.enum_value("status", description="What is measured or observed.")
    CONFIGURATION = strawberry.enum_value("configuration", description="What is set.")


UNIT = "UCUM code; null for what has no unit."
_TIME = "When the source says it was so."
_RECEIVED = "When the twin received it."
_REPORTED = "What the device says; null: never heard."
_DESIRED = "What is wished of it; null: nothing."


@strawberry.type(description="What a point says: any kind of value.")
class Reading:
    """Any reading."""

    value: Value = strawberry.field(description="As it is in JSON.")
    unit: str | None = strawberry.field(description=UNIT)
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is a number.")
class NumberReading:
    """A reading of a number."""

    value: float | None
    unit: str | None = strawberry.field(description=UNIT)
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is a whole number.")
class IntegerReading:
    """A reading of a whole number."""

    value: Long | None
    unit: str | None = strawberry.field(description=UNIT)
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is true or false.")
class BooleanReading:
    """A reading of a truth."""

    value: bool | None
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is a text.")
class StringReading:
    """A reading of a text."""

    value: str | None
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is an object or a list.")
class JSONReading:
    """A reading of something that has parts."""

    value: Json | None
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="A setting that is a number: what the device reports, and what is wished.")
class NumberSetting:
    """A configuration point of numbers."""

    reported: NumberReading | None = strawberry.field(description=_REPORTED)
    desired: float | None = strawberry.field(description=_DESIRED)


@strawberry.type(description="A setting that is a whole number: what the device reports, and what is wished.")
class IntegerSetting:
    """A configuration point of whole numbers."""

    reported: IntegerReading | None = strawberry.field(description=_REPORTED)
    desired: Long | None = strawberry.field(description=_DESIRED)


@strawberry.type(description="A setting that is true or false: what the device reports, and what is wished.")
class BooleanSetting:
    """A configuration point of truths."""

    reported: BooleanReading | None = strawberry.field(description=_REPORTED)
    desired: bool | None = strawberry.field(description=_DESIRED)


@strawberry.type(description="A setting that is a text: what the device reports, and what is wished.")
class StringSetting:
    """A configuration point of texts."""

    reported: StringReading | None = strawberry.field(description=_REPORTED)
    desired: str | None = strawberry.field(description=_DESIRED)


@strawberry.type(description="A setting that is an object or a list: what the device reports, and what is wished.")
class JSONSetting:
    """A configuration point of what has parts."""

    reported: JSONReading | None = strawberry.field(description=_REPORTED)
    desired: Json | None = strawberry.field(description=_DESIRED)


@strawberry.type(description="How a point is worked out from those of several devices.")
class Computed:
    """As `twin.graph.model.Computed`."""

    function: str = strawberry.field(description="sum, avg, min, max, any, all or count.")
    of: str = strawberry.field(description="What the devices' points measure.")
    rule: str | None = strawberry.field(description="Which devices; null: all below it, or in it.")


READINGS = {
    "number": ("NumberReading", "NumberSetting"),
    "integer": ("IntegerReading", "IntegerSetting"),
    "boolean": ("BooleanReading", "BooleanSetting"),
    "string": ("StringReading", "StringSetting"),
    "timestamp": ("StringReading", "StringSetting"),
    "enum": ("StringReading", "StringSetting"),
    "object": ("JSONReading", "JSONSetting"),
    "list": ("JSONReading", "JSONSetting"),
}
"""The type of a point's value -> the types of its field, as status and as configuration."""
