"""The log of an entity as documents."""

# No `from __future__ import annotations`: pydantic reads these annotations.

from typing import Any, Literal

import msgspec
from pydantic import Field

from api.annals import Record
from api.rest.shapes import Out, Time
from twin.times import rfc3339

__all__ = ["RecordOut", "record_out"]


class AlteredOut(Out):
    """A field that was set."""

    name: str = Field(examples=["properties.area"])
    before: Any = Field(description="Null: there was nothing, or it is not known any more.")
    after: Any = Field(description="As it was given, in the unit of that time; null: nothing.")


class LineOut(Out):
    """One thing that was done to the entity."""

    what: Literal["create", "update", "move", "link", "unlink", "recast"]
    fields: list[AlteredOut]
    relation: str | None = Field(description="That came or went.", examples=["feeds"])
    direction: Literal["out", "in"] | None = Field(description="From the entity, or towards it.")
    other: str | None = Field(description="The id of what stands at the relation's other end.")


class RecordOut(Out):
    """What one change did to an entity, as far as it may be seen."""

    at: Time
    by: str = Field(description="Who made the change.", examples=["ana"])
    via: str = Field(description="Through which client.", examples=["cli"])
    summary: str
    lines: list[LineOut]


def record_out(record: Record) -> dict[str, Any]:
    """A record of the log, as a document."""
    return {
        "at": rfc3339(record.at),
        "by": record.by,
        "via": record.via,
        "summary": record.summary,
        "lines": [
            {
                "what": line.what,
                "fields": [msgspec.to_builtins(each) for each in line.fields],
                "relation": line.relation,
                "direction": None if line.direction is None else line.direction.lower(),
                "other": None if line.other is None else line.other.id,
            }
            for line in record.lines
        ],
    }
