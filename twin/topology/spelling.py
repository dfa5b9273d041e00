"""Texts and expressions of a template, parsed where they stand, with every name in them known. None stands for what is
wrong and has been reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from twin.expressions import (
    Cell,
    ExpressionError,
    Name,
    cells_in,
    names_in,
    parse,
    parse_rule,
    parse_template,
    unknown_column,
    unknown_name,
)
from twin.topology.parts import Formula, Rule, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from twin.source import Diagnostics, Scalar
    from twin.topology.parts import Parameter

__all__ = ["Spelling", "report_expression"]

T = TypeVar("T")


class Spelling:
    """Parses, and keeps which names are spoken of. ``scope`` is the loop variables around a text."""

    def __init__(self, parameters: Mapping[str, Parameter], report: Diagnostics) -> None:
        self.used: set[str] = set()
        self._parameters = parameters
        self._report = report

    def optional(self, scalar: Scalar | None, scope: frozenset[str]) -> Text | None:
        """A text that may be absent."""
        return None if scalar is None else self.text(scalar, scope)

    def text(self, scalar: Scalar, scope: frozenset[str]) -> Text | None:
        """A text in which expressions may stand."""
        pattern = self._parsed(scalar, parse_template)
        if pattern is None or not self._known(scalar, pattern.names, scope, pattern.cells):
            return None
        if not self._sound(scalar, pattern.cells):
            return None
        return Text(scalar, pattern)

    def formula(self, scalar: Scalar, scope: frozenset[str]) -> Formula | None:
        """A scalar that is an expression."""
        expression = self._parsed(scalar, parse)
        if expression is None or not self._known(scalar, names_in(expression), scope, cells_in(expression)):
            return None
        if not self._sound(scalar, cells_in(expression)):
            return None
        return Formula(scalar, expression)

    def rule(self, scalar: Scalar, scope: frozenset[str]) -> Rule | None:
        """A scalar that is a rule; its other names are left to who knows the properties."""
        expression = self._parsed(scalar, parse_rule)
        if expression is None or not self._sound(scalar, cells_in(expression)):
            return None
        self.used.update(name.name for name in names_in(expression))
        return Rule(scalar, expression, scope | self._parameters.keys())

    def _parsed(self, scalar: Scalar, parser: Callable[[str], T]) -> T | None:
        try:
            return parser(scalar.text)
        except ExpressionError as error:
            report_expression(error, scalar, self._report)
            return None

    def _known(self, scalar: Scalar, names: Iterable[Name], scope: frozenset[str], cells: Iterable[Cell]) -> bool:
        known = True
        own = {table.row_key for cell in cells if (table := self._parameters.get(cell.table.name)) is not None}
        for name in names:
            self.used.add(name.name)
            if name.name not in scope and name.name not in self._parameters and name.name not in own:
                report_expression(unknown_name(name, scope | set(self._parameters)), scalar, self._report)
                known = False
        return known

    def _sound(self, scalar: Scalar, cells: Iterable[Cell]) -> bool:
        """Whether the tables spoken of are tables with these columns."""
        sound = True
        for cell in cells:
            table = self._parameters.get(cell.table.name)
            if table is None or table.broken:
                continue
            error = None
            if table.kind != "table":
                message = f"'{table.name}' is a parameter of type {table.kind}, and no table"
                error = ExpressionError("expression.type", message, cell.table.span, "only tables have rows")
            elif cell.column.name not in table.columns:
                error = unknown_column(cell, table.columns)
            if error is not None:
                report_expression(error, scalar, self._report)
                sound = False
        return sound


def report_expression(error: ExpressionError, scalar: Scalar, report: Diagnostics) -> None:
    """Place the mistake of an expression in the document."""
    report.error(error.code, error.message, scalar.within(*error.span), help=error.help)
