"""What REST answers with: the documents as OpenAPI describes them, and how each is made.

The models describe; they are not run for every answer. A test compares what is served with what is described.
"""

# No `from __future__ import annotations`: pydantic reads these annotations.

from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.questions import Part, Question
from api.roles import places
from api.slices import Slice
from api.texts import advice, title_in
from twin.graph.model import Entity
from twin.graph.query import Found, Hop, Reached
from twin.state.telling import document
from twin.telemetry.deadletters import Letter
from twin.times import rfc3339

__all__ = [
    "Change",
    "DeadLetterOut",
    "EntityOut",
    "FoundOut",
    "Listed",
    "Out",
    "Page",
    "PointOut",
    "RelationOut",
    "Time",
    "Way",
    "answer",
    "entity_out",
    "found_out",
    "hop_out",
    "letter_out",
    "page_out",
    "point_out",
    "relation_out",
]

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-03T07:15:00Z"])]
Scalar = bool | int | float | str
Value = bool | int | float | str | list[Any] | dict[str, Any]
T = TypeVar("T", bound=BaseModel)
Kind = Literal["site", "space", "view", "gateway", "device"]


class Out(BaseModel):
    """A document as it is served."""

    model_config = ConfigDict(extra="forbid")


class RoleOut(Out):
    """A place that somebody may be given."""

    key: str = Field(examples=["tenant"])
    role: str = Field(description="As it is named in the ontology.", examples=["Tenant"])
    title: str = Field(description="For people.")
    permissions: list[str] = Field(examples=[["read", "command"]])


class MadeOut(Out):
    """What a site was last made of."""

    topology: str
    version: str
    parameters: dict[str, Any] | None = Field(description="Null without the scope twin:read-private.")


class EntityOut(Out):
    """Anything that exists: a site, a space, a view, a gateway or a device."""

    id: str = Field(description="Opaque; never changes, never comes back.")
    kind: Kind
    type: str = Field(description="As it is named in the ontology.", examples=["Thermostat"])
    key: str = Field(description="Its segment of the path.")
    path: str = Field(examples=["hugo/flat/living/thermostat"])
    title: str = Field(description="For people: the first that there is of no language, English, any.")
    titles: dict[str, str] = Field(description="By language; the key is empty for a text of no language.")
    site: str = Field(description="The id of its site.")
    parent: str | None = Field(description="The id of what contains it; null for a site.")
    properties: dict[str, Scalar]
    points: list[str] = Field(description="The names of the points it really has.")
    offers: list[str] = Field(description="The names of the commands it offers.")
    roles: list["RoleOut"] = Field(description="Places to fill: who may do what here.")
    rule: str | None = Field(description="Of a view: what else it includes, whatever comes and goes.")
    made: "MadeOut | None" = Field(description="Of a site: what it was last made of.")
    serial: str | None = Field(description="As declared; on MQTT it may stand for the id.")
    revision: int
    createdAt: Time  # noqa: N815 - as it is written in JSON
    updatedAt: Time  # noqa: N815 - as it is written in JSON


class ReadingOut(Out):
    """What a point says."""

    value: Value
    unit: str | None = Field(description="UCUM code; null for what has no unit.", examples=["Cel"])
    time: Time = Field(description="When the source says it was so.")
    receivedAt: Time = Field(description="When the twin received it.")  # noqa: N815 - as it is written in JSON
    quality: Literal["good", "stale", "uncertain", "bad"]


class ComputedOut(Out):
    """How a point is worked out from those of several devices."""

    function: Literal["sum", "avg", "min", "max", "any", "all", "count"]
    of: str = Field(description="What the devices' points measure.", examples=["active_power"])
    rule: str | None = Field(description="Which devices; null: all below it, or in it.")


class PointOut(Out):
    """One datum of an entity."""

    name: str = Field(examples=["temperature"])
    section: Literal["status", "configuration"]
    measures: str | None = Field(examples=["air_temperature"])
    unit: str | None = Field(description="UCUM code of the point's own unit.", examples=["Cel"])
    titles: dict[str, str] = Field(description="By language; the key is empty for a text of no language.")
    private: bool = Field(description="Whether reading it takes the scope twin:read-private.")
    accumulates: bool = Field(description="Whether it is an index: its increase means something, its average nothing.")
    computed: "ComputedOut | None" = Field(description="How it is worked out from points of devices; null: it is not.")
    deprecated: str | None = Field(description="What to do instead; null: it is not on its way out.")
    desired: Value | None = Field(description="Of a setting: what is wished of it; null: nothing.")
    reading: ReadingOut | None = Field(description="What it says now; null: never heard.")


class RelationOut(Out):
    """A relation, and what stands at its other end."""

    relation: str = Field(description="The last on the way to it, by its own name.", examples=["CONNECTS"])
    depth: int = Field(description="How many relations away it is.")
    source: str = Field(description="The id of what stands at the relation's near end.")
    entity: EntityOut


class HopOut(Out):
    """One relation of a way, as it is passed."""

    source: str = Field(description="The id of what it leads from.")
    relation: str = Field(examples=["feeds"])
    direction: Literal["out", "in"] = Field(description="With the relation, or against it.")
    entity: EntityOut = Field(description="What it leads to.")


class Way(Out):
    """A way from one entity to another."""

    hops: list[HopOut] | None = Field(description="None for an entity itself; null: there is no way.")


class FoundOut(Out):
    """What a text may mean."""

    rank: int = Field(description="0: the text is its whole title, key or path; the smaller, the nearer.")
    entity: EntityOut


class DeadLetterOut(Out):
    """A message, or one reading of it, that could not be used."""

    id: str
    code: str = Field(examples=["point.unknown"])
    why: str
    point: str | None = Field(description="Null when the whole message could not be used.")
    site: str | None = Field(description="The id of the site that the topic names, where there is one.")
    sender: str = Field(description="The client that sent it.")
    topic: str
    receivedAt: Time  # noqa: N815 - as it is written in JSON
    size: int = Field(description="Bytes of the payload.")
    payload: str | None = Field(description="As text, where it was asked for by its id.")


class Page(Out, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="Where the next page is; null on the last.")


class Listed(Out, Generic[T]):
    """A list that is whole."""

    items: list[T]


class Change(BaseModel):
    """What to change of an entity; what is not named stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str | dict[str, str] | None = Field(
        default=None, description="A text for every language, or texts by language.", examples=["Living room"]
    )
    properties: dict[str, Scalar | None] | None = Field(
        default=None, description="New values by name; null takes a property away.", examples=[{"area": 21.5}]
    )


def entity_out(question: Question, entity: Entity) -> dict[str, Any]:
    """An entity as a document."""
    return {
        "id": entity.id,
        "kind": entity.kind,
        "type": question.vocabulary.type_of(entity.type).short,
        "key": entity.key,
        "path": entity.path,
        "title": title_in(entity),
        "titles": entity.title,
        "site": entity.site,
        "parent": None if (parent := question.parent(entity)) is None else parent.id,
        "properties": question.properties(entity),
        "points": question.points(entity),
        "offers": list(entity.commands),
        "roles": [
            {"key": each.key, "role": each.role, "title": each.title(), "permissions": each.permissions}
            for each in places(entity, question.vocabulary.ontology)
        ],
        "rule": entity.rule,
        "made": _made_out(question, entity),
        "serial": entity.serial,
        "revision": entity.revision,
        "createdAt": rfc3339(entity.created),
        "updatedAt": rfc3339(entity.updated),
    }


def _made_out(question: Question, entity: Entity) -> dict[str, Any] | None:
    made = question.made(entity)
    return None if made is None else {name: getattr(made, name) for name in made.__struct_fields__}


def point_out(question: Question, part: Part, unit: str | None = None) -> dict[str, Any]:
    """A point with what it says, in a unit if one is asked for."""
    said = question.said(part, unit)
    computed = part.entity.computed.get(part.kind.name)
    return {
        "name": part.kind.name,
        "section": part.kind.section,
        "measures": part.kind.measures,
        "unit": part.kind.unit,
        "titles": dict(part.kind.title),
        "private": part.kind.private,
        "accumulates": part.kind.accumulates,
        "computed": None
        if computed is None
        else {name: getattr(computed, name) for name in computed.__struct_fields__},
        "deprecated": None if part.kind.deprecated is None else advice(part.kind.deprecated),
        "desired": question.desired(part, unit),
        "reading": None if said is None else document(said),
    }


def relation_out(question: Question, reached: Reached) -> dict[str, Any]:
    """What is reached along relations, as a document."""
    return {
        "relation": reached.relation,
        "depth": reached.depth,
        "source": reached.source.id,
        "entity": entity_out(question, reached.entity),
    }


def hop_out(question: Question, hop: Hop) -> dict[str, Any]:
    """One relation of a way, as a document."""
    return {
        "source": hop.source.id,
        "relation": hop.relation,
        "direction": hop.direction.lower(),
        "entity": entity_out(question, hop.target),
    }


def found_out(question: Question, found: Found) -> dict[str, Any]:
    """What a text may mean, as a document."""
    return {"rank": found.rank, "entity": entity_out(question, found.entity)}


def letter_out(letter: Letter, name: str) -> dict[str, Any]:
    """A dead letter as a document, under the name that clients know it by."""
    return {
        "id": name,
        "code": letter.code,
        "why": letter.why,
        "point": letter.point,
        "site": letter.site,
        "sender": letter.sender,
        "topic": letter.topic,
        "receivedAt": rfc3339(letter.received),
        "size": letter.size,
        "payload": None if letter.payload is None else letter.payload.decode(errors="replace"),
    }


def page_out(request: Request, page: Slice, items: list[dict[str, Any]]) -> Response:
    """A page, with the address of the next in its body and in its Link header (RFC 8288)."""
    following = _following(request, page.end) if page.has_next and page.end is not None else None
    headers = {} if following is None else {"Link": f'<{following}>; rel="next"'}
    return answer({"items": items, "next": following}, headers)


def answer(content: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """A document on its way out."""
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


def _following(request: Request, cursor: str) -> str:
    """The request's own address, as relative as it can be, after a cursor."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return f"{request.url.path}?{urlencode([*asked, ('after', cursor)])}"
