"""The parts of an expression: values, names, operators; each knows its characters, which make no difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from typing import Literal as LiteralType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.expressions.templates import Template

__all__ = [
    "MAX_ITEMS",
    "MAX_NUMBER",
    "MAX_TEXT",
    "OWN_KEYS",
    "Asked",
    "Binary",
    "Cell",
    "Expression",
    "Filled",
    "Listed",
    "Literal",
    "Name",
    "Range",
    "Result",
    "Span",
    "Table",
    "Unary",
]

MAX_ITEMS = 100_000
"""The most values of a range."""
MAX_NUMBER = 2**53
"""Greater numbers are not exact everywhere."""
MAX_TEXT = 10_000
"""The most characters of a text."""

OWN_KEYS = "/"
"""Among names, the keys of the entity that an expression is about, and of all around it, nearest first."""

Span = tuple[int, int]
Question = LiteralType["type", "within", "has", "measures", "view"]


@dataclass(frozen=True, slots=True)
class Range:
    """``first..last``, both included; empty when the last comes before the first."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1)


Single: TypeAlias = "str | int | float | bool"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows by their key; a cell is None where nothing stands in it."""

    name: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Single | None]]
    optional: bool
    """Whether a row that is not there is a row of nothing."""
    key: str = ""
    """The column that names the rows: as an index, it is the entity itself, or the nearest around it that has a row."""

    def __len__(self) -> int:
        return len(self.rows)


Result: TypeAlias = "Single | Range | tuple[Single, ...] | Table | None"
"""None is the value of an optional parameter that was not given."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: str | int | float | bool
    span: Span = field(compare=False)
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter or a loop variable."""

    name: str
    span: Span = field(compare=False)
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    operator: str
    operand: Expression
    span: Span = field(compare=False)
    depth: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what is between them."""

    operator: str
    left: Expression
    right: Expression
    span: Span = field(compare=False)
    depth: int


@dataclass(frozen=True, slots=True)
class Listed:
    """``[a, b]``."""

    items: tuple[Expression, ...]
    span: Span = field(compare=False)
    depth: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A text in quotes with ``${…}`` in it."""

    template: Template
    span: Span = field(compare=False)
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """``table[key].column``."""

    table: Name
    index: Expression
    column: Name
    span: Span = field(compare=False)
    depth: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks: ``type is T``, ``within "PATH"``, ``in view:KEY``, ``has POINT``, ``measures QUANTITY``."""

    question: Question
    word: Name | Literal | Filled
    span: Span = field(compare=False)
    depth: int = 1


Expression: TypeAlias = "Literal | Name | Unary | Binary | Listed | Filled | Cell | Asked"
