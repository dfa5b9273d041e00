"""A topology as read: parts that repeat, texts with expressions, parameters; nothing worked out yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Diagnostic, Place
    from twin.expressions import Expression
    from twin.expressions import Template as Pattern
    from twin.graph.model import Function
    from twin.ontology.model import Kind, Ontology
    from twin.source import Entry, MapNode, Scalar, Source

__all__ = [
    "Body",
    "Borrowing",
    "Computation",
    "Ends",
    "Fields",
    "Formula",
    "Fragment",
    "Given",
    "Items",
    "Loop",
    "Override",
    "Parameter",
    "ParameterKind",
    "Part",
    "Rule",
    "Setting",
    "Template",
    "Text",
    "Use",
    "Value",
]

ParameterKind = Literal["string", "integer", "number", "boolean", "enum", "table"]
Given = str | int | float | bool
"""The value of a parameter."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A scalar in which ``${…}`` may stand."""

    scalar: Scalar
    pattern: Pattern
    level: int = 0
    """Which of the layers of its entity it stands in: its names are those of that layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A scalar that is an expression as a whole."""

    scalar: Scalar
    expression: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """One variable of ``each`` and where its values come from: an expression, or values as listed."""

    name: str
    key: Scalar
    values: Formula | tuple[Scalar, ...] | None
    """None where they are wrong, and have been reported."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """What differs from one building to the next."""

    name: str
    kind: ParameterKind
    minimum: float | None
    maximum: float | None
    values: tuple[str, ...]
    default: Given | None
    optional: bool
    title: Mapping[str, str]
    description: Mapping[str, str]
    key: Scalar
    broken: bool
    """Whether its declaration is wrong, and has been reported."""
    row_key: str = ""
    """The column that names the rows of a table."""
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    """The other columns of a table: what their cells hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Borrowing:
    """The fragment that something uses, and the values it gives to the fragment's parameters."""

    word: Scalar
    """The fragment's name."""
    arguments: tuple[tuple[Scalar, Text], ...]
    damaged: bool
    """Whether a value was left out because it was wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A condition that finds entities, worked out when the topology is expanded."""

    scalar: Scalar
    expression: Expression
    names: frozenset[str]
    """The parameters and loop variables that it sees; other names in it are properties."""
    level: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Computation:
    """A point that is worked out from those of several devices."""

    function: Function
    word: Scalar
    """The function, where it is written."""
    quantity: Scalar
    over: Rule | None
    """Which devices; None: all that are there."""
    level: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A value that is a list."""

    items: tuple[Value, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """A value that is an object."""

    fields: tuple[tuple[Scalar, Value], ...]
    place: Place


Value: TypeAlias = "Text | Items | Fields"
"""What a configuration point shall be set to."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A value, and the layer it stands in."""

    value: Value
    level: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Where a relation ends: paths, or a rule that finds them."""

    paths: tuple[Text, ...] = ()
    rule: Rule | None = None

    def __bool__(self) -> bool:
        return bool(self.paths) or self.rule is not None


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What is said of an entity, in one place: by an entry of the template, or by a fragment."""

    node: MapNode
    type: Scalar | None
    model: Scalar | None
    title: Mapping[str, Text]
    properties: tuple[tuple[Scalar, Text], ...]
    has: tuple[Scalar, ...]
    lacks: tuple[Scalar, ...]
    serial: Text | None
    status: tuple[tuple[Scalar, Text | Computation], ...]
    """Points that follow a device's, and those that are worked out."""
    settings: tuple[tuple[Scalar, Setting], ...]
    """Under ``configuration``."""
    roles: tuple[tuple[Scalar, Scalar], ...]
    """Places to fill, and the role of each."""
    relations: tuple[tuple[Scalar, Ends], ...]
    """By the relation's name; ``members`` and ``connects`` are apart."""
    members: Ends
    """What a view includes, or a gateway connects."""
    rule: Rule | None
    """What else a view includes."""
    parts: tuple[Part, ...]
    use: Borrowing | None
    uncertain: bool
    """Whether something in it was wrong, so that what is not found in it may follow from that."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The site, a space, a device, a gateway or a view of the template; or as many as ``each`` makes of it."""

    kind: Kind
    key: Text
    each: tuple[Loop, ...]
    when: Formula | bool
    body: Body
    lost: bool
    """Whether its keys cannot be told, because its key or its repetition is wrong."""

    @property
    def place(self) -> Place:
        """Of its key."""
        return self.key.scalar.place


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """What several entities have in common, said once: an entity that uses it begins with what it says."""

    name: str
    key: Scalar
    parameters: Mapping[str, Parameter]
    body: Body
    circular: bool = False
    """Whether it uses itself, by way of others or not; it has been reported."""

    @property
    def broken(self) -> bool:
        """Whether it cannot be used, for a reason that has been reported."""
        return self.circular or any(parameter.broken for parameter in self.parameters.values())


@dataclass(frozen=True, slots=True, eq=False)
class Override:
    """What is different about one entity among those that the template makes alike."""

    path: Text
    """From the site on; its place is where diagnostics about it point."""
    body: Body
    arguments: tuple[tuple[Scalar, Text], ...]
    """Values for the parameters of the fragment that the entity uses."""
    given: Place | None
    """Where it gives them."""
    absent: bool
    """Whether the entity is left out."""
    damaged: bool
    """Whether one of the values was left out because it was wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """An ontology that the topology uses, and the versions it works with."""

    name: str
    range: str
    place: Place
    range_place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A whole topology, with the ontology that it uses.

    ``diagnostics`` is what was found while it was read: `twin.topology.expand.expand` reports it with the rest.
    """

    name: str
    version: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    uses: tuple[Use, ...]
    ontology: Ontology
    parameters: Mapping[str, Parameter]
    fragments: Mapping[str, Fragment]
    overrides: tuple[Override, ...]
    moved: tuple[Entry, ...]
    site: Part
    source: Source
    place: Place
    """Of its name."""
    diagnostics: tuple[Diagnostic, ...]
    spoken: frozenset[str]
    """The names that its texts and expressions speak of."""
