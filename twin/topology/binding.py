"""A rule with its names worked out: what is left of it speaks of entities only, with paths from the site on.

Such a rule means the same wherever it is asked, and is kept as text with the entity that says it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.expressions import (
    MAX_LENGTH,
    Asked,
    Binary,
    Cell,
    ExpressionError,
    Filled,
    Listed,
    Literal,
    Name,
    Range,
    Table,
    Unary,
    described,
    evaluate,
    names_in,
    printed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.expressions import Expression, Result

__all__ = ["bound", "spelled"]


def bound(expression: Expression, names: Mapping[str, Result], place: Callable[[Asked, str], str]) -> Expression:
    """The rule without the names that are known; those left are properties. ``place`` is told the path or the view that
    a question asks for, and gives its path from the site on, or its key. Characters stay those of the original.

    Raises `ExpressionError`.
    """
    return _Binder(names, place).condition(expression)


def spelled(expression: Expression) -> str:
    """A bound rule as text. Raises `ExpressionError`."""
    text = printed(expression)
    if len(text) > MAX_LENGTH:
        message = f"with its names worked out the rule has more than {MAX_LENGTH:,} characters"
        raise ExpressionError("expression.large", message, expression.span, "make two views of it")
    return text


class _Binder:
    """Works the names out."""

    def __init__(self, names: Mapping[str, Result], place: Callable[[Asked, str], str]) -> None:
        self._names = names
        self._place = place

    def condition(self, expression: Expression) -> Expression:
        """Something that is true or false."""
        match expression:
            case Unary("not", operand, span):
                inner = self.condition(operand)
                return Literal(not inner.value, span) if isinstance(inner, Literal) else _unary("not", inner, span)
            case Binary("and" | "or"):
                return self._logic(expression)
            case Asked():
                return self._question(expression)
            case _:
                found = self._value(expression)
                if isinstance(found, Literal) and not isinstance(found.value, bool):
                    message = f"this is {described(found.value)}, and must be true or false"
                    raise ExpressionError("expression.type", message, expression.span, "compare it with something")
                return found

    def _logic(self, expression: Binary) -> Expression:
        left = self.condition(expression.left)
        decides = expression.operator == "or"
        if isinstance(left, Literal):
            return left if left.value is decides else self.condition(expression.right)
        right = self.condition(expression.right)
        if isinstance(right, Literal):
            return right if right.value is decides else left
        return _binary(expression.operator, left, right, expression.span)

    def _question(self, asked: Asked) -> Expression:
        if isinstance(asked.word, Name):
            return asked
        text = evaluate(asked.word, self._names)
        return replace(asked, word=Literal(self._place(asked, str(text)), asked.word.span))

    def _value(self, expression: Expression) -> Expression:  # noqa: PLR0911 - a branch for each part
        """Something that may have any kind of value: worked out where no property is in it."""
        unknown = [name for name in names_in(expression) if name.name not in self._names]
        if not unknown:
            return _literal(evaluate(expression, self._names), expression)
        match expression:
            case Unary(operator, operand, span):
                return _unary(operator, self._value(operand), span)
            case Binary("==", left, right, span) if self._nothing(left, right):
                return Literal(value=False, span=span)  # what has a value is never equal to nothing
            case Binary(operator, left, right, span):
                return _binary(operator, self._value(left), self._value(right), span)
            case Listed(items, span):
                return _listed(tuple(self._value(item) for item in items), span)
            case Filled():
                return self._filled(expression)
            case Cell(_, _, _, span):
                message = f"'{unknown[0].name}' is a property, and rows are looked up before there is any"
                raise ExpressionError("expression.type", message, span, "compare the property with a cell instead")
            case _:
                return expression

    def _nothing(self, *sides: Expression) -> bool:
        """Whether one side is a parameter that was not given."""
        return any(isinstance(side, Name) and self._names.get(side.name, "") is None for side in sides)

    def _filled(self, expression: Filled) -> Expression:
        """A text with properties in it keeps its holes; one that has names in it as well cannot be written so."""
        known = [name for name in expression.template.names if name.name in self._names]
        if not known:
            return expression
        message = f"'{known[0].name}' and properties stand in one text"
        raise ExpressionError("expression.type", message, expression.span, "compare the property itself")


def _unary(operator: str, operand: Expression, span: tuple[int, int]) -> Unary:
    return Unary(operator, operand, span, operand.depth + 1)


def _binary(operator: str, left: Expression, right: Expression, span: tuple[int, int]) -> Binary:
    return Binary(operator, left, right, span, 1 + max(left.depth, right.depth))


def _listed(items: tuple[Expression, ...], span: tuple[int, int]) -> Listed:
    return Listed(items, span, 1 + max((item.depth for item in items), default=0))


def _literal(value: Result, expression: Expression) -> Expression:
    """The expression that has this value."""
    span = expression.span
    if isinstance(value, Range):
        return _binary("..", _literal(value.first, expression), _literal(value.last, expression), span)
    if isinstance(value, tuple):
        return _listed(tuple(_literal(item, expression) for item in value), span)
    if value is None or isinstance(value, Table):
        help_ = "give the parameter a default, or say first what holds where it is not given"
        raise ExpressionError("expression.type", f"this is {described(value)}", span, help_ if value is None else "")
    if not isinstance(value, str | bool) and value < 0:
        return _unary("-", Literal(-value, span), span)
    return Literal(value, span)
