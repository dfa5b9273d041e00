"""What REST answers with about documents, plans and jobs."""

# No `from __future__ import annotations`: pydantic reads these annotations.

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from api import planning
from api.problems import told, told_diagnostics
from api.questions import Question
from api.rest.shapes import Out, Time
from api.texts import advice
from twin.engine.authoring import Checked
from twin.engine.keeping import Job, Kept
from twin.engine.topologies import Topology
from twin.ontology.model import Deprecation, Document, EntityType, Ontology, PointType, PropertyType, Quantity
from twin.times import rfc3339
from twin.topology.plan import Step

__all__ = [
    "CheckOut",
    "JobOut",
    "OntologyOut",
    "PlanOut",
    "TopologyOut",
    "VocabularyOut",
    "check_out",
    "job_out",
    "plan_out",
    "topology_out",
    "vocabulary_out",
]


class PlaceOut(Out):
    """Where the other half of a mistake is."""

    file: str
    line: int
    column: int
    message: str


class DiagnosticOut(Out):
    """One mistake of an author, or what is probably one."""

    code: str = Field(examples=["point.unknown"])
    severity: Literal["error", "warning"]
    file: str
    line: int
    column: int
    end: int = Field(description="The column after the last character.")
    message: str
    related: list[PlaceOut]
    help: str
    suggestions: list[str]


class CheckOut(Out):
    """What was found of a document."""

    valid: bool
    name: str | None = Field(description="Null where the document is wrong.")
    version: str | None
    kept: bool
    diagnostics: list[DiagnosticOut] = Field(description="The worst first.")


class OntologyOut(Out):
    """An ontology in force."""

    name: str
    version: str


class MemberOut(Out):
    """A point or a property of a type."""

    name: str
    value: str = Field(examples=["number"])
    unit: str | None = Field(description="UCUM code.")
    measures: str | None
    private: bool
    titles: dict[str, str]
    descriptions: dict[str, str]
    aligns: dict[str, str] = Field(description="Its name in other vocabularies.")
    deprecated: str | None = Field(description="What to do instead; null: it is not on its way out.")


class TypeOut(Out):
    """A type that an ontology defines."""

    name: str
    kind: str | None = Field(description="Null for a mixin.")
    abstract: bool
    parents: list[str]
    titles: dict[str, str]
    descriptions: dict[str, str]
    aligns: dict[str, str] = Field(description="Its class in other vocabularies.", examples=[{"brick": "Thermostat"}])
    deprecated: str | None
    points: list[MemberOut]
    properties: list[MemberOut]
    commands: list[str]
    events: list[str]


class QuantityOut(Out):
    """What points measure."""

    name: str
    unit: str | None
    titles: dict[str, str]
    descriptions: dict[str, str]
    aligns: dict[str, str]


class VocabularyOut(Out):
    """What an ontology defines."""

    name: str
    version: str
    types: list[TypeOut]
    quantities: list[QuantityOut]


class TopologyOut(Out):
    """A topology that is kept."""

    name: str
    version: str
    file: str
    storedAt: Time  # noqa: N815 - as it is written in JSON
    document: str | None = Field(description="YAML, where it was asked for by its name.")


class FieldOut(Out):
    """One field of an entity in a plan."""

    name: str
    before: Any = Field(description="Null: absent, or not to be seen.")
    after: Any
    unit: str | None


class StepOut(Out):
    """One line of a plan."""

    sign: Literal["-", ">", "=", "!", "~", "+"] = Field(
        description="Delete, move, kept as it is, in conflict, change, create."
    )
    kind: str = Field(description="Of an entity, the name of a relation, or made: what the site is made of.")
    path: str
    detail: str
    fields: list[FieldOut]
    hangs: dict[str, int] = Field(description="What goes with what is deleted.")


class PlanOut(Out):
    """What applying a topology to a site would do."""

    id: str
    topology: str
    version: str
    site: str
    empty: bool = Field(description="Whether there is nothing to do.")
    summary: str
    counts: dict[str, int]
    notes: list[str] = Field(description="What it was made from that nobody said this time.")
    ontologies: list[OntologyOut] = Field(description="Those it would bring into force.")
    warnings: list[DiagnosticOut]
    steps: list[StepOut]
    next: str | None = Field(description="Where the next page of lines is; null on the last.")
    expiresAt: Time  # noqa: N815 - as it is written in JSON


class FaultOut(Out):
    """Why a job did not finish."""

    code: str
    message: str
    help: str


class JobOut(Out):
    """A plan that is being carried out."""

    id: str
    plan: str
    site: str
    state: Literal["queued", "running", "done", "failed"]
    done: int = Field(description="Changes committed.")
    total: int
    error: FaultOut | None
    beganAt: Time  # noqa: N815 - as it is written in JSON
    finishedAt: Time | None  # noqa: N815 - as it is written in JSON


def check_out(found: Checked, *, kept: bool = False) -> dict[str, Any]:
    """What was found of a document."""
    return {
        "valid": bool(found.name),
        "name": found.name or None,
        "version": found.version or None,
        "kept": kept,
        "diagnostics": told_diagnostics(found.diagnostics),
    }


def topology_out(kept: Topology) -> dict[str, Any]:
    """A topology as a document."""
    return {
        "name": kept.name,
        "version": kept.version,
        "file": kept.file,
        "storedAt": rfc3339(kept.stored),
        "document": kept.text or None,
    }


def plan_out(question: Question, kept: Kept, first: int | None, after: str | None) -> dict[str, Any]:
    """A plan as a document, with a page of its lines."""
    made, page = kept.made, planning.steps(question, kept, first, after)
    following = urlencode({"limit": first, "after": page.end}) if page.has_next else None
    return {
        "id": kept.id,
        "topology": made.topology,
        "version": made.version,
        "site": made.site,
        "empty": made.empty,
        "summary": planning.summary(kept),
        "counts": made.counts,
        "notes": planning.notes(question, kept),
        "ontologies": [{"name": each.name, "version": each.version} for each in made.documents],
        "warnings": told_diagnostics(kept.warnings),
        "steps": [_step_out(each) for _, each in page.items],  # type: ignore[arg-type]
        "next": None if following is None else f"/api/v1/plans/{kept.id}?{following}",
        "expiresAt": rfc3339(kept.expires),
    }


def job_out(job: Job) -> dict[str, Any]:
    """A job as a document."""
    error = None if job.error is None else told(job.error)
    return {
        "id": job.id,
        "plan": job.plan,
        "site": job.site,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "error": None if error is None else {"code": error.code_, "message": error.message, "help": error.help},
        "beganAt": rfc3339(job.begun),
        "finishedAt": None if job.finished is None else rfc3339(job.finished),
    }


def vocabulary_out(ontology: Ontology, document: Document) -> dict[str, Any]:
    """What a document defines, of an ontology that holds it."""
    types = [each for each in ontology.types.values() if each.name.startswith(f"{document.name}/")]
    quantities = [each for each in ontology.quantities.values() if each.place.file == document.file]
    return {
        "name": document.name,
        "version": document.version,
        "types": [_type_out(each) for each in types],
        "quantities": [_quantity_out(each) for each in quantities],
    }


def _step_out(step: Step) -> dict[str, Any]:
    fields = [
        {"name": each.name, "before": each.before, "after": each.after, "unit": each.unit} for each in step.fields
    ]
    return {
        "sign": step.sign,
        "kind": step.kind,
        "path": step.path,
        "detail": step.detail,
        "fields": fields,
        "hangs": step.hangs,
    }


def _type_out(each: EntityType) -> dict[str, Any]:
    return {
        "name": each.short,
        "kind": each.kind,
        "abstract": each.abstract,
        "parents": list(each.parents),
        **_words(each.title, each.description, each.aligns),
        "deprecated": _advice(each.deprecated),
        "points": [_member_out(point, point.measures) for point in each.points.values()],
        "properties": [_member_out(kind, None) for kind in each.properties.values()],
        "commands": list(each.commands),
        "events": list(each.events),
    }


def _member_out(kind: PointType | PropertyType, measures: str | None) -> dict[str, Any]:
    return {
        "name": kind.name,
        "value": kind.value,
        "unit": kind.unit,
        "measures": measures,
        "private": kind.private,
        **_words(kind.title, kind.description, kind.aligns),
        "deprecated": _advice(kind.deprecated),
    }


def _quantity_out(each: Quantity) -> dict[str, Any]:
    return {"name": each.name, "unit": each.unit, **_words(each.title, each.description, each.aligns)}


def _words(titles: Mapping[str, str], descriptions: Mapping[str, str], aligns: Mapping[str, str]) -> dict[str, Any]:
    return {"titles": dict(titles), "descriptions": dict(descriptions), "aligns": dict(aligns)}


def _advice(deprecated: Deprecation | None) -> str | None:
    return None if deprecated is None else advice(deprecated)
