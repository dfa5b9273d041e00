"""The query parameters that several addresses share."""

# No `from __future__ import annotations`: FastAPI reads these annotations.

from typing import Annotated, Literal

from fastapi import Header, Path, Query

from api.reaching import DEEPEST
from api.slices import DEFAULT_FIRST, MOST

__all__ = ["After", "Direction", "Id", "IfMatch", "In", "Key", "Limit", "Measures", "Point", "Ref", "Relation", "Type"]
__all__ += ["Depth", "FlowDepth", "Relations", "Sort", "Text", "To", "Under", "Unit", "Where"]

Type = Annotated[str | None, Query(description="A type, with its subtypes.", examples=["Thermostat"])]
Under = Annotated[str | None, Query(description="Below this entity (id or path), at any depth.")]
In = Annotated[str | None, Query(alias="in", description="In this view (id or path): its members and all below them.")]
Measures = Annotated[
    list[str] | None, Query(description="With a point that measures one of these.", examples=["air_temperature"])
]
Limit = Annotated[int, Query(ge=1, le=MOST, description=f"Items on a page; {DEFAULT_FIRST} unless said.")]
After = Annotated[str | None, Query(description="Where the page before ended: taken from its `next`.")]
Ref = Annotated[
    str | None, Query(description="Only the one with this id or path; without other filters.", examples=["hugo/flat"])
]
Relation = Annotated[str | None, Query(description="Only along this relation: CONNECTS, INCLUDES or a declared one.")]
Relations = Annotated[
    list[str] | None,
    Query(
        alias="relation",
        description="Only along these, by the name of either end, CONTAINS, INCLUDES or CONNECTS; all unless said.",
        examples=["feeds"],
    ),
]
To = Annotated[str, Query(description="Where to (id or path).", examples=["hugo/flat/living/thermostat"])]
Direction = Annotated[Literal["out", "in"], Query(description="From the entity, or towards it.")]
Depth = Annotated[int, Query(ge=1, le=DEEPEST, description="How many relations away.")]
FlowDepth = Annotated[int | None, Query(ge=1, le=DEEPEST, description="Over how many relations; all unless said.")]
Where = Annotated[
    str | None,
    Query(
        description="Only those of which this is true: the words of a view's rule, names being properties and points.",
        examples=["temperature > 25 and area >= 20"],
    ),
]
Sort = Annotated[
    str | None,
    Query(
        description="In the order of a property or a point, key, title, created or updated; after -, turned round.",
        examples=["-temperature"],
    ),
]
Text = Annotated[str, Query(alias="q", min_length=1, description="Words of titles, keys or paths.", examples=["lamp"])]
Unit = Annotated[str | None, Query(description="UCUM code of the unit to tell it in.", examples=["[degF]"])]
Id = Annotated[str, Path(description="The entity's id.")]
Point = Annotated[str, Path(description="The point's name.", examples=["temperature"])]
IfMatch = Annotated[
    str | None, Header(description="The ETag of what you saw: refused (412) when it has changed.", examples=['"3"'])
]
Key = Annotated[
    str | None, Header(alias="Idempotency-Key", description="Sent again with the same key, it is done once.")
]
