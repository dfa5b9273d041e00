"""Expressions as text again: what is printed parses to what it was printed from, places aside."""

from __future__ import annotations

from twin.expressions.faults import ExpressionError
from twin.expressions.tree import Asked, Binary, Cell, Expression, Filled, Listed, Literal, Name, Unary

__all__ = ["printed", "quoted"]

_OR, _AND, _NOT, _COMPARISON, _RANGE, _SUM, _PRODUCT, _SIGN, _ATOM = range(9)
_LEVELS = {"or": _OR, "and": _AND, "in": _COMPARISON, "..": _RANGE, "+": _SUM, "-": _SUM}
_LEVELS |= dict.fromkeys(("*", "/", "//", "%"), _PRODUCT)
_LEVELS |= dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARISON)
_LEFT = frozenset({_OR, _AND, _SUM, _PRODUCT})
"""Levels whose operators may follow each other, and then belong together from the left."""


def printed(expression: Expression) -> str:
    """The text of an expression. Raises `ExpressionError` for a text that no quotes can hold."""
    return _at(expression, _OR)


def quoted(text: str, span: tuple[int, int]) -> str:
    """A text in quotes. Raises `ExpressionError` when it has both kinds of quotes in it."""
    return _in_quotes(text.replace("${", "$${"), span)


def _in_quotes(text: str, span: tuple[int, int]) -> str:
    quote = next((mark for mark in "\"'" if mark not in text), None)
    if quote is None:
        message = "a text with both kinds of quotes cannot be written in an expression"
        raise ExpressionError("expression.quote", message, span, "use one kind of quotes in it")
    return f"{quote}{text}{quote}"


def _at(expression: Expression, level: int) -> str:
    """The text, in brackets where it binds less than what is around it."""
    text, own = _text(expression)
    return text if own >= level else f"({text})"


def _text(expression: Expression) -> tuple[str, int]:  # noqa: PLR0911 - a branch for each part
    match expression:
        case Literal(value, span):
            return _literal(value, span), _ATOM
        case Filled(template, span):
            return _in_quotes(template.text, span), _ATOM
        case Name(name):
            return name, _ATOM
        case Listed(items):
            return f"[{', '.join(_at(item, _OR) for item in items)}]", _ATOM
        case Cell(table, index, column):
            return f"{table.name}[{_at(index, _OR)}].{column.name}", _ATOM
        case Asked():
            return _asked(expression), _COMPARISON
        case Unary("not", operand):
            return f"not {_at(operand, _NOT)}", _NOT
        case Unary(_, operand):
            return f"-{_at(operand, _SIGN)}", _SIGN
        case Binary(operator, left, right):
            level = _LEVELS[operator]
            sign = operator if operator == ".." else f" {operator} "
            return f"{_at(left, level if level in _LEFT else level + 1)}{sign}{_at(right, level + 1)}", level


def _literal(value: str | float, span: tuple[int, int]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value, span) if isinstance(value, str) else repr(value)


def _asked(asked: Asked) -> str:
    word = asked.word.name if isinstance(asked.word, Name) else _text(asked.word)[0]
    return {"type": "type is ", "view": "in view:"}.get(asked.question, f"{asked.question} ") + word
