"""What is the same for every ontology: readings, pages, who is asking. Written with Strawberry."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

from enum import Enum
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLScalarType, ValueNode, value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from twin.times import rfc3339

__all__ = ["CONFIG", "READINGS", "REF", "TYPES", "Instant", "Me", "PageInfo", "Query", "Value"]

Instant = NewType("Instant", int)
Long = NewType("Long", int)
Value = NewType("Value", object)
Json = NewType("Json", object)


def _scalar(value: Any) -> object:
    if not isinstance(value, bool | int | float | str):
        raise GraphQLError("a Value is a number, a boolean or a text")
    return value


def _literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
    return _scalar(value_from_ast_untyped(node, variables))


def _ref(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("a Ref is an id or a path, as text")
    return value


REF = GraphQLScalarType(
    "Ref", parse_value=_ref, description='An id, or a path from the site\'s key on: "hugo/floor-1/flat-102".'
)
"""Only arguments have it, and those belong to the ontology's part of the schema."""


def _unchanged(value: Any) -> Any:
    return value


def _defined(name: str, description: str, **more: Any) -> ScalarDefinition:
    made: ScalarDefinition = strawberry.scalar(name=name, description=description, **more)
    return made


CONFIG = StrawberryConfig(
    scalar_map={
        Instant: _defined(
            "DateTime",
            "A time: RFC 3339 in UTC, with six decimals where there is a fraction.",
            serialize=rfc3339,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        ),
        Long: _defined("Long", "A whole number of up to 64 bits, as a JSON number.", serialize=int),
        Value: _defined(
            "Value",
            "A number, a boolean or a text, as it is in JSON; of a point that is an object or a list, that.",
            serialize=_unchanged,
            parse_value=_scalar,
            parse_literal=_literal,
        ),
        Json: _defined(
            "JSON",
            "Anything that JSON can say.",
            serialize=_unchanged,
            parse_value=_unchanged,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        ),
    }
)


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


_UNIT = "UCUM code; null for what has no unit."
_TIME = "When the source says it was so."
_RECEIVED = "When the twin received it."
_REPORTED = "What the device says; null: never heard."
_DESIRED = "What is wished of it; null: nothing."


@strawberry.type(description="What a point says: any kind of value.")
class Reading:
    """Any reading."""

    value: Value = strawberry.field(description="As it is in JSON.")
    unit: str | None = strawberry.field(description=_UNIT)
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is a number.")
class NumberReading:
    """A reading of a number."""

    value: float | None
    unit: str | None = strawberry.field(description=_UNIT)
    time: Instant = strawberry.field(description=_TIME)
    received_at: Instant = strawberry.field(description=_RECEIVED)
    quality: Quality


@strawberry.type(description="What a point says that is a whole number.")
class IntegerReading:
    """A reading of a whole number."""

    value: Long | None
    unit: str | None = strawberry.field(description=_UNIT)
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


@strawberry.type(description="A place on an entity that somebody may be given.")
class RolePlace:
    """As `api.roles.RolePlace`."""

    key: str
    role: str = strawberry.field(description="As it is named in the ontology.")
    permissions: list[str] = strawberry.field(description="What it allows: read, configure, command …")

    @strawberry.field(description="For people.")  # type: ignore[untyped-decorator]  # Strawberry's overloads
    def title(self, lang: str | None = None) -> str:
        """In a language, or the nearest there is."""
        return self.title(lang)  # type: ignore[no-any-return]  # of `api.roles.RolePlace`, whose face this is


@strawberry.type(description="What a site was last made of.")
class Made:
    """As `twin.graph.model.Made`."""

    topology: str
    version: str

    @strawberry.field(description="Null without the scope twin:read-private.")  # type: ignore[untyped-decorator]
    def parameters(self, info: strawberry.Info) -> Json | None:
        """They may name what is private."""
        return self.parameters if info.context.question.private else None


@strawberry.type(description="A fact about an entity that does not change by itself.")
class Property:
    """Any property."""

    name: str
    value: Value
    unit: str | None = strawberry.field(description=_UNIT)


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


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="The client whose token this is, and what it may do.")
class Me:
    """Who is asking."""

    client_id: str
    scopes: list[str]
    sites: list[str] | None = strawberry.field(description="The ids of the sites it may see; null: all.")


@strawberry.type
class Query:
    """The fields of Query that know nothing of an ontology; `api.graphql.roots` adds the others."""

    @strawberry.field(description="Who is asking.")  # type: ignore[untyped-decorator]  # Strawberry's overloads
    def me(self, info: strawberry.Info) -> Me:
        """From the token alone."""
        principal = info.context.question.principal
        sites = None if principal.sites is None else sorted(principal.sites)
        return Me(client_id=principal.client, scopes=sorted(principal.scopes), sites=sites)


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

TYPES: list[type] = [
    Section,
    Reading,
    NumberSetting,
    IntegerSetting,
    BooleanSetting,
    StringSetting,
    JSONSetting,
    Computed,
    RolePlace,
    Made,
    Diagnostic,
    PlanVerb,
    PlanStep,
    OntologyVersion,
    Fault,
    JobState,
    Property,
    PageInfo,
]
