"""The one expression language of topologies: tiny, total, and with positions.

Arithmetic, comparison, ``and or not in``, ranges ``a..b``, lists, parameters and loop variables, cells of tables
``table[key].column``; ``${n:02}`` pads, also in the texts of expressions. Rules also ask things of entities. No
functions, no loops: every expression ends, in time and space bounded by `MAX_LENGTH`, `MAX_DEPTH`, `MAX_ITEMS`,
`MAX_NUMBER` and `MAX_TEXT`. What goes wrong is an `ExpressionError` that points at characters of the text.
"""

from twin.expressions.evaluation import cells_in, described, evaluate, iterate, names_in, unknown_column, unknown_name
from twin.expressions.faults import ExpressionError
from twin.expressions.parsing import MAX_DEPTH, MAX_LENGTH, parse, parse_rule
from twin.expressions.printing import printed
from twin.expressions.templates import Template, parse_template
from twin.expressions.tree import (
    MAX_ITEMS,
    MAX_NUMBER,
    MAX_TEXT,
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

__all__ = [
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_LENGTH",
    "MAX_NUMBER",
    "MAX_TEXT",
    "OWN_KEYS",
    "Asked",
    "Binary",
    "Cell",
    "Expression",
    "ExpressionError",
    "Filled",
    "Listed",
    "Literal",
    "Name",
    "Range",
    "Result",
    "Table",
    "Template",
    "Unary",
    "cells_in",
    "described",
    "evaluate",
    "iterate",
    "names_in",
    "parse",
    "parse_rule",
    "parse_template",
    "printed",
    "unknown_column",
    "unknown_name",
]
