"""Plans, the mistakes that keep one from being made, and the jobs that carry them out."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

from enum import Enum

import strawberry

from api.graphql.fixed.scalars import Json

__all__ = [
    "Diagnostic",
    "Fault",
    "JobState",
    "OntologyVersion",
    "PlanField",
    "PlanStep",
    "PlanVerb",
    "RelatedPlace",
    "Severity",
]


@strawberry.type(description="Where the other half of a mistake is.")
class RelatedPlace:
    """As in a diagnostic."""

    file: str
    line: int
    column: int
    message: str


@strawberry.enum(description="Whether a document cannot be used, or is probably wrong.")
class Severity(Enum):
    """The words of `twin.errors.Severity`."""

    ERROR = strawberry.enum_value("error")
    WARNING = strawberry.enum_value("warning")


@strawberry.type(description="One mistake of an author, or what is probably one.")
class Diagnostic:
    """As `twin.errors.Diagnostic.as_dict` has it."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    end: int = strawberry.field(description="The column after the last character.")
    message: str
    related: list[RelatedPlace]
    help: str
    suggestions: list[str]


@strawberry.type(description="One field of an entity in a plan.")
class PlanField:
    """As `twin.topology.plan.FieldChange`."""

    name: str
    before: Json | None = strawberry.field(description="Null: absent, or not to be seen.")
    after: Json | None
    unit: str | None


@strawberry.enum(description="What a line of a plan would do.")
class PlanVerb(Enum):
    """The signs of `twin.topology.plan.Step`."""

    DELETE = strawberry.enum_value("-")
    MOVE = strawberry.enum_value(">")
    KEEP = strawberry.enum_value("=", description="A user has set it, or what others made is in the way.")
    CONFLICT = strawberry.enum_value("!", description="Users and the topology have both changed it.")
    CHANGE = strawberry.enum_value("~")
    CREATE = strawberry.enum_value("+")


@strawberry.type(description="One line of a plan.")
class PlanStep:
    """As `twin.topology.plan.Step`."""

    sign: PlanVerb
    kind: str = strawberry.field(description="Of an entity, the name of a relation, or made: what the site is made of.")
    path: str
    detail: str
    fields: list[PlanField]
    hangs: Json = strawberry.field(description="What goes with what is deleted: how many readings, relations, roles.")


@strawberry.type(description="An ontology.")
class OntologyVersion:
    """A document of types."""

    name: str
    version: str


@strawberry.type(description="Why a job did not finish.")
class Fault:
    """A code, and what to do."""

    code: str
    message: str
    help: str


@strawberry.enum(description="How far a job is.")
class JobState(Enum):
    """The words of `twin.engine.keeping.JobState`."""

    QUEUED = strawberry.enum_value("queued")
    RUNNING = strawberry.enum_value("running")
    DONE = strawberry.enum_value("done")
    FAILED = strawberry.enum_value("failed", description="What it has committed stays.")
