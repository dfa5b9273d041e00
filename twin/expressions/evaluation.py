"""What an expression is worth, given names: strict about kinds, bounded in size."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from twin.expressions.faults import ExpressionError
from twin.expressions.tree import (
    MAX_ITEMS,
    MAX_NUMBER,
    OWN_KEYS,
    Asked,
    Binary,
    Cell,
    Expression,
    Filled,
    Listed,
    Literal,
    Name,
    Range,
    Result,
    Table,
    Unary,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Range",
    "cells_in",
    "described",
    "evaluate",
    "iterate",
    "moved_cell",
    "names_in",
    "unknown_column",
    "unknown_name",
]

_ORDERED = frozenset({"<", "<=", ">", ">="})
_Number = int | float
_WORDS: dict[type, str] = {
    bool: "a boolean",
    str: "text",
    int: "a number",
    float: "a number",
    Range: "a range",
    tuple: "a list",
    Table: "a table",
}


def evaluate(expression: Expression, names: Mapping[str, Result]) -> Result:  # noqa: PLR0911 - a branch for each part
    """The value. Raises `ExpressionError`."""
    if isinstance(expression, Name):  # nearly always
        return _name(expression, names)
    match expression:
        case Literal(value):
            return value
        case Unary():
            return _unary(expression, names)
        case Listed(items):
            return tuple(_item(item, names) for item in items)
        case Filled():
            return _filled(expression, names)
        case Cell():
            return _cell(expression, names)
        case Asked():
            message = "this asks something of an entity, and is no value"
            raise _kind(expression, message, "questions are joined by 'and', 'or' and 'not' only")
        case Binary("and" | "or"):
            return _logic(expression, names)
        case Binary():
            return _binary(expression, evaluate(expression.left, names), evaluate(expression.right, names))


def iterate(expression: Expression, names: Mapping[str, Result]) -> tuple[str | int | float | bool, ...]:
    """The values of a range or a list, in order. Raises `ExpressionError` for anything else."""
    found = evaluate(expression, names)
    if isinstance(found, Range):
        return tuple(range(found.first, found.last + 1))
    if isinstance(found, tuple):
        return found
    if isinstance(found, Table):
        return tuple(found.rows)
    message = f"this is {described(found)}, and must be a range, a list or a table"
    raise _kind(expression, message, "1..3, or [left, right]")


def names_in(expression: Expression) -> tuple[Name, ...]:
    """The parameters and loop variables it speaks of, each time it does."""
    return tuple(part for part in _spoken_of(expression) if isinstance(part, Name))


def cells_in(expression: Expression) -> tuple[Cell, ...]:
    """The cells of tables it speaks of."""
    return tuple(part for part in _spoken_of(expression) if isinstance(part, Cell))


def _spoken_of(expression: Expression) -> Iterator[Name | Cell]:
    match expression:
        case Name():
            yield expression
        case Unary(_, operand):
            yield from _spoken_of(operand)
        case Binary(_, left, right):
            yield from _spoken_of(left)
            yield from _spoken_of(right)
        case Listed(items):
            for item in items:
                yield from _spoken_of(item)
        case Filled(template, span):
            yield from (_moved(name, span[0] + 1) for name in template.names)
            yield from (moved_cell(cell, span[0] + 1) for cell in template.cells)
        case Asked(_, Filled() as word):
            yield from _spoken_of(word)
        case Cell(table, index):
            yield expression
            yield table
            yield from _spoken_of(index)


def _moved(name: Name, offset: int) -> Name:
    return Name(name.name, (name.span[0] + offset, name.span[1] + offset))


def moved_cell(cell: Cell, offset: int) -> Cell:
    """The same, in a longer text in which this one begins at ``offset``; its index stays."""
    span = (cell.span[0] + offset, cell.span[1] + offset)
    return Cell(_moved(cell.table, offset), cell.index, _moved(cell.column, offset), span, cell.depth)


def described(value: Result) -> str:
    """What kind of value it is, in words."""
    return _WORDS.get(type(value), "nothing: an optional parameter that was not given")


def _kind(part: Expression, message: str, help_: str = "") -> ExpressionError:
    return ExpressionError("expression.type", message, part.span, help_)


def _name(expression: Name, names: Mapping[str, Result]) -> Result:
    if expression.name in names:
        return names[expression.name]
    raise unknown_name(expression, names)


def _filled(expression: Filled, names: Mapping[str, Result]) -> str:
    try:
        return expression.template.filled(names)
    except ExpressionError as error:
        raise error.moved(expression.span[0] + 1) from None


def _cell(expression: Cell, names: Mapping[str, Result]) -> Result:
    table = _name(expression.table, names)
    if not isinstance(table, Table):
        raise _kind(expression.table, f"this is {described(table)}, and must be a table", "only tables have rows")
    own = _own_row(expression.index, table, names)
    index = evaluate(expression.index, names) if own is None else own
    if isinstance(index, bool) or not isinstance(index, str | int):
        raise _kind(
            expression.index, f"this is {described(index)}, and must be the key of a row", "a text, or a number"
        )
    column = expression.column.name
    if column not in table.columns:
        raise unknown_column(expression, table.columns)
    row = table.rows.get(str(index))
    if row is not None:
        return row[column]
    if table.optional:
        return None
    near = get_close_matches(str(index), table.rows, n=1)
    help_ = f"did you mean '{near[0]}'?" if near else "add the row, or declare the table optional"
    message = f"the table '{table.name}' has no row '{index}'"
    raise ExpressionError("row.missing", message, expression.index.span, help_)


def _own_row(index: Expression, table: Table, names: Mapping[str, Result]) -> str | None:
    """The key of the nearest entity that has a row, where the index is the name of the key column."""
    keys = names.get(OWN_KEYS)
    if not isinstance(index, Name) or index.name != table.key or index.name in names or not isinstance(keys, tuple):
        return None
    return str(next((key for key in keys if str(key) in table.rows), keys[0]))


def unknown_column(cell: Cell, columns: Iterable[str]) -> ExpressionError:
    """The error of a column that a table does not have."""
    columns = list(columns)
    near = get_close_matches(cell.column.name, columns, n=1)
    help_ = f"did you mean '{near[0]}'?" if near else f"its columns: {', '.join(columns)}"
    message = f"the table '{cell.table.name}' has no column '{cell.column.name}'"
    return ExpressionError("column.unknown", message, cell.column.span, help_)


def unknown_name(expression: Name, names: Iterable[str]) -> ExpressionError:
    """The error of a name that is none of those known."""
    names = sorted(name for name in names if name != OWN_KEYS)
    near = get_close_matches(expression.name, names, n=1)
    known = f"known here: {', '.join(names)}" if names else "no parameter is declared"
    help_ = f"did you mean '{near[0]}'?" if near else f"{known}; a text is written in quotes"
    message = f"'{expression.name}' is neither a parameter nor a loop variable"
    return ExpressionError("name.unknown", message, expression.span, help_)


def _item(part: Expression, names: Mapping[str, Result]) -> str | int | float | bool:
    value = evaluate(part, names)
    if value is None or isinstance(value, Range | tuple | Table):
        raise _kind(part, f"an item of a list cannot be {described(value)}")
    return value


def _unary(expression: Unary, names: Mapping[str, Result]) -> Result:
    value = evaluate(expression.operand, names)
    if expression.operator == "not":
        return not _boolean(expression.operand, value)
    return -_number(expression.operand, value)


def _logic(expression: Binary, names: Mapping[str, Result]) -> bool:
    left = _boolean(expression.left, evaluate(expression.left, names))
    if left is (expression.operator == "or"):
        return left
    return _boolean(expression.right, evaluate(expression.right, names))


def _boolean(part: Expression, value: Result) -> bool:
    if isinstance(value, bool):
        return value
    raise _kind(part, f"this is {described(value)}, and must be true or false", "compare it with something")


def _number(part: Expression, value: Result) -> _Number:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _kind(part, f"this is {described(value)}, and must be a number")


def _whole(part: Expression, value: Result) -> int:
    number = _number(part, value)
    if isinstance(number, int):
        return number
    raise _kind(part, f"this is {number:g}, and must be a whole number", "// divides without a rest")


def _binary(expression: Binary, left: Result, right: Result) -> Result:
    match expression.operator:
        case "==" | "!=":
            return _equal(expression, left, right) is (expression.operator == "==")
        case "<" | "<=" | ">" | ">=":
            return _ordered(expression, left, right)
        case "in":
            return _contains(expression, left, right)
        case "..":
            return _range(expression, _whole(expression.left, left), _whole(expression.right, right))
        case _:
            return _arithmetic(expression, _number(expression.left, left), _number(expression.right, right))


def _alike(left: Result, right: Result) -> bool:
    return described(left) == described(right)


def _equal(expression: Binary, left: Result, right: Result) -> bool:
    if left is not None and right is not None and not _alike(left, right):
        message = f"{described(left)} and {described(right)} are never equal"
        raise _kind(expression, message, "compare values of one kind")
    return left == right


def _ordered(expression: Binary, left: Result, right: Result) -> bool:
    if not _alike(left, right) or not isinstance(left, str | int | float) or isinstance(left, bool):
        message = f"{described(left)} and {described(right)} have no order"
        raise _kind(expression, message, "compare two numbers, or two texts")
    sign: _Number = (left > right) - (left < right)  # type: ignore[operator]  # both are numbers, or both are texts
    return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[expression.operator]


def _contains(expression: Binary, left: Result, right: Result) -> bool:
    if isinstance(right, Range):
        return right.first <= _number(expression.left, left) <= right.last
    if not isinstance(right, tuple):
        raise _kind(expression.right, f"this is {described(right)}, and must be a range or a list")
    return any(_alike(left, item) and left == item for item in right)


def _range(expression: Binary, first: int, last: int) -> Range:
    if last - first >= MAX_ITEMS:
        message = f"the range {first}..{last} has more than {MAX_ITEMS:,} values"
        raise ExpressionError("expression.large", message, expression.span, "use a smaller range")
    return Range(first, last)


def _arithmetic(expression: Binary, left: _Number, right: _Number) -> _Number:
    if expression.operator in {"/", "//", "%"} and not right:
        raise ExpressionError(
            "expression.division", "division by zero", expression.span, "check the divisor with 'when'"
        )
    result = _operate(expression.operator, left, right)
    if not -MAX_NUMBER <= result <= MAX_NUMBER:
        raise ExpressionError("expression.large", "the result is too large", expression.span)
    return result


def _operate(operator: str, left: _Number, right: _Number) -> _Number:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "//":
            return left // right
        case "%":
            return left % right
        case _:
            exact = isinstance(left, int) and isinstance(right, int) and left % right == 0
            return left // right if exact else left / right
