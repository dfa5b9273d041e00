"""From text to expression, by a lark grammar; a mistake is placed at the token that cannot stand where it does."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from twin.expressions.faults import ExpressionError
from twin.expressions.tree import MAX_NUMBER, Asked, Binary, Cell, Expression, Filled, Listed, Literal, Name, Unary

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "parse", "parse_rule"]

MAX_LENGTH = 2_000
"""The most characters of one expression."""
MAX_DEPTH = 60
"""The most operators between the outermost and the innermost."""

_GRAMMAR = r"""
?start: either
?either: both | either "or" both -> either
?both: negated | both "and" negated -> both
?negated: compared | "not" negated -> negated
?compared: span
    | span COMPARISON span -> compared
    | span "in" span -> contained
    | span "not" "in" span -> excluded
    %QUESTIONS%
?span: sum | sum ".." sum -> span
?sum: product | sum ADDITION product -> binary
?product: signed | product MULTIPLICATION signed -> binary
?signed: atom | "-" signed -> negative
?atom: NUMBER -> number
    | TEXT -> text
    | "true" -> true
    | "false" -> false
    | NAME -> name
    | NAME "[" either "]" "." NAME -> cell
    | "[" [either ("," either)*] "]" -> listed
    | "(" either ")"

COMPARISON: "==" | "!=" | "<=" | ">=" | "<" | ">"
ADDITION: "+" | "-"
MULTIPLICATION: "*" | "//" | "/" | "%"
NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?/
TEXT: /"[^"]*"|'[^']*'/
KEY: /[a-z0-9][a-z0-9-]*/
TYPE.2: /[a-z][a-z0-9-]*\/[A-Z][A-Za-z0-9]*/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
%ignore /\s+/
"""
_QUESTIONS = """| "type" "is" (NAME | TYPE) -> typed
    | "within" TEXT -> within
    | "has" NAME -> having
    | "measures" NAME -> measuring
    | "in" "view" ":" (KEY | TEXT) -> viewed"""
"""What rules ask beside; their words are names elsewhere."""
_HELP = {
    "=": "equality is written with two signs: ==",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or != between two values",
    "^": "there is no power: multiply",
    "{": "in an expression a name stands alone: name, not ${name}",
    "$": "in an expression a name stands alone: name, not ${name}",
    "?": "there is no conditional: use 'when'",
    "#": "there are no comments in expressions",
    '"': "close the quote",
    "'": "close the quote",
    "**": "there is no power: multiply",
    "(": "there are no functions",
    ".": "a range has two dots: 1..3; a cell is table[key].column",
}
_ASKED = (
    (re.compile(r"\bin\s+view\s*:?\s*$"), "a rule asks for what a view includes by the view's key: in view:north-side"),
    (re.compile(r"\bwithin\s*$"), 'a path is quoted: within "floor-1/kitchen"'),
    (re.compile(r"\btype\s*$"), "a rule asks for a type with 'is': type is Radiator"),
)
"""What was probably meant, by what stands before."""


@lru_cache(maxsize=2)
def _grammar(questions: str) -> Lark:
    text = _GRAMMAR.replace("%QUESTIONS%", questions)
    return Lark(text, parser="lalr", propagate_positions=True, maybe_placeholders=False)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression that a text spells. Raises `ExpressionError`."""
    return _parsed(text, "")


@lru_cache(maxsize=4096)
def parse_rule(text: str) -> Expression:
    """The same for a rule, which also asks things of entities. Raises `ExpressionError`."""
    return _parsed(text, _QUESTIONS)


def _parsed(text: str, questions: str) -> Expression:
    if len(text) > MAX_LENGTH:
        message = f"an expression has at most {MAX_LENGTH:,} characters"
        raise ExpressionError("expression.large", message, (0, len(text)), "use parameters")
    if not text.strip():
        raise ExpressionError("expression.empty", "there is no expression", (0, max(1, len(text))), "write a value")
    try:
        tree = _grammar(questions).parse(text)
        found: Expression = _Builder().transform(tree)
    except UnexpectedInput as error:
        raise _syntax(error, text) from None
    except VisitError as error:
        raise error.orig_exc from None
    except RecursionError:
        raise _deep((0, len(text))) from None
    return found


def _quoted(token: Token) -> Literal | Filled:
    """A text in quotes, with the places of the expressions in it."""
    inner, start = str(token)[1:-1], token.start_pos or 0
    span = (start, start + len(token))
    if "${" not in inner:
        return Literal(inner, span)
    from twin.expressions.templates import parse_template  # texts hold expressions, and these hold texts

    try:
        template = parse_template(inner)
    except ExpressionError as error:
        raise error.moved(start + 1) from None
    return Literal(template.filled({}), span) if template.constant else Filled(template, span)


def _named(token: Token) -> Name:
    start = token.start_pos or 0
    return Name(str(token), (start, start + len(token)))


def _deep(span: tuple[int, int]) -> ExpressionError:
    message = f"the expression is nested more than {MAX_DEPTH} levels deep"
    return ExpressionError("expression.deep", message, span, "simplify it")


def _syntax(error: UnexpectedInput, text: str) -> ExpressionError:
    start = len(text) if error.pos_in_stream is None else error.pos_in_stream
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return ExpressionError(
            "expression.syntax",
            "the expression ends too early",
            (len(text) - 1, len(text)),
            "a value is missing here, or a bracket",
        )
    word = str(error.token) if isinstance(error, UnexpectedToken) else text[start : start + 1]
    before = text[:start].rstrip()[-1:]
    sign = word if isinstance(error, UnexpectedCharacters) or word in {"(", "."} else before + word
    said = (help_ for pattern, help_ in _ASKED if pattern.search(text[:start]))
    help_ = next(said, _HELP.get(sign, ""))
    return ExpressionError("expression.syntax", f"'{word}' cannot stand here", (start, start + len(word)), help_)


def _span(meta: Any) -> tuple[int, int]:
    return meta.start_pos, meta.end_pos


@v_args(inline=True, meta=True)
class _Builder(Transformer[Token, Expression]):
    """Makes the parts, leaves first; refuses what is too deep to be walked."""

    def number(self, meta: Any, token: Token) -> Expression:
        text = str(token)
        value = int(text) if text.isdigit() and len(text) < 20 else float(text)  # noqa: PLR2004 - longer ones are too large
        if value > MAX_NUMBER:
            raise ExpressionError("expression.large", f"{text[:20]} is too large", _span(meta))
        return Literal(value, _span(meta))

    def text(self, _meta: Any, token: Token) -> Expression:
        return _quoted(token)

    def typed(self, meta: Any, token: Token) -> Expression:
        return Asked("type", _named(token), _span(meta))

    def within(self, meta: Any, token: Token) -> Expression:
        return Asked("within", _quoted(token), _span(meta))

    def having(self, meta: Any, token: Token) -> Expression:
        return Asked("has", _named(token), _span(meta))

    def measuring(self, meta: Any, token: Token) -> Expression:
        return Asked("measures", _named(token), _span(meta))

    def viewed(self, meta: Any, token: Token) -> Expression:
        word = _quoted(token) if token.type == "TEXT" else Literal(str(token), (token.start_pos or 0, _span(meta)[1]))
        return Asked("view", word, _span(meta))

    def cell(self, meta: Any, table: Token, index: Expression, column: Token) -> Expression:
        start, end = _span(meta)
        name = Name(str(table), (start, start + len(table)))
        return Cell(name, index, Name(str(column), (end - len(column), end)), (start, end), self._over(meta, index))

    def true(self, meta: Any) -> Expression:
        return Literal(True, _span(meta))

    def false(self, meta: Any) -> Expression:
        return Literal(False, _span(meta))

    def name(self, meta: Any, token: Token) -> Expression:
        return Name(str(token), _span(meta))

    def listed(self, meta: Any, *items: Expression) -> Expression:
        return Listed(items, _span(meta), self._over(meta, *items))

    def negative(self, meta: Any, operand: Expression) -> Expression:
        return Unary("-", operand, _span(meta), self._over(meta, operand))

    def negated(self, meta: Any, operand: Expression) -> Expression:
        return Unary("not", operand, _span(meta), self._over(meta, operand))

    def binary(self, meta: Any, left: Expression, operator: Token, right: Expression) -> Expression:
        return Binary(str(operator), left, right, _span(meta), self._over(meta, left, right))

    compared = binary

    def either(self, meta: Any, left: Expression, right: Expression) -> Expression:
        return Binary("or", left, right, _span(meta), self._over(meta, left, right))

    def both(self, meta: Any, left: Expression, right: Expression) -> Expression:
        return Binary("and", left, right, _span(meta), self._over(meta, left, right))

    def contained(self, meta: Any, left: Expression, right: Expression) -> Expression:
        return Binary("in", left, right, _span(meta), self._over(meta, left, right))

    def excluded(self, meta: Any, left: Expression, right: Expression) -> Expression:
        inner = Binary("in", left, right, _span(meta), self._over(meta, left, right))
        return Unary("not", inner, _span(meta), self._over(meta, inner))

    def span(self, meta: Any, left: Expression, right: Expression) -> Expression:
        return Binary("..", left, right, _span(meta), self._over(meta, left, right))

    def _over(self, meta: Any, *parts: Expression) -> int:
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            raise _deep(_span(meta))
        return depth
