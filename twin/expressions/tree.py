"""The parts of an expression: values, names, operators; each knows its characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "MAX_ITEMS",
    "MAX_NUMBER",
    "MAX_TEXT",
    "Binary",
    "Expression",
    "Listed",
    "Literal",
    "Name",
    "Range",
    "Result",
    "Span",
    "Unary",
]

MAX_ITEMS = 100_000
"""The most values of a range."""
MAX_NUMBER = 2**53
"""Greater numbers are not exact everywhere."""
MAX_TEXT = 10_000
"""The most characters of a text."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Range:
    """``first..last``, both included; empty when the last comes before the first."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1)


Result: TypeAlias = "str | int | float | bool | Range | tuple[str | int | float | bool, ...] | None"
"""None is the value of an optional parameter that was not given."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: str | int | float | bool
    span: Span
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter or a loop variable."""

    name: str
    span: Span
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    operator: str
    operand: Expression
    span: Span
    depth: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what is between them."""

    operator: str
    left: Expression
    right: Expression
    span: Span
    depth: int


@dataclass(frozen=True, slots=True)
class Listed:
    """``[a, b]``."""

    items: tuple[Expression, ...]
    span: Span
    depth: int


Expression: TypeAlias = "Literal | Name | Unary | Binary | Listed"
