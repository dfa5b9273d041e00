"""Texts with ``${…}`` in them: a text that is nothing else keeps the kind of its value; ``$${`` is a plain ``${``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from twin.expressions.evaluation import cells_in, described, evaluate, moved_cell, names_in
from twin.expressions.faults import ExpressionError
from twin.expressions.parsing import parse
from twin.expressions.tree import MAX_TEXT, Cell, Expression, Name, Range, Result, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Template", "parse_template"]

_PIECE = re.compile(r"\$\$\{|\$\{")
_INNER = re.compile(r"""[^"'}]|"[^"]*"|'[^']*'""")
_FORMAT = re.compile(r"(0?)([1-9][0-9]?)")
_MAX_WIDTH = 40


@dataclass(frozen=True, slots=True)
class _Hole:
    """One ``${expression:format}``; ``offset`` is where the expression begins in the text."""

    expression: Expression
    offset: int = field(compare=False)
    span: tuple[int, int] = field(compare=False)
    zero: bool
    width: int
    name: str = ""
    """The name that it is and nothing else, if it is one."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text and its holes."""

    text: str
    pieces: tuple[str | _Hole, ...]
    constant: bool
    """Whether it is the same whatever the names are."""

    @property
    def names(self) -> tuple[Name, ...]:
        """The parameters and loop variables it speaks of, placed in the text."""
        return tuple(
            Name(name.name, (name.span[0] + hole.offset, name.span[1] + hole.offset))
            for hole in self.pieces
            if isinstance(hole, _Hole)
            for name in names_in(hole.expression)
        )

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of tables it speaks of, placed in the text."""
        return tuple(
            moved_cell(cell, hole.offset)
            for hole in self.pieces
            if isinstance(hole, _Hole)
            for cell in cells_in(hole.expression)
        )

    def value(self, names: Mapping[str, Result]) -> Result:
        """Its value: the expression's own, where it is one ``${…}`` and nothing else. Raises `ExpressionError`."""
        if len(self.pieces) == 1 and isinstance(hole := self.pieces[0], _Hole) and not hole.width:
            return _evaluate(hole, names)
        return self.filled(names)

    def filled(self, names: Mapping[str, Result]) -> str:
        """The text with its holes filled. Raises `ExpressionError`."""
        first = self.pieces[0]
        text = first if len(self.pieces) == 1 and isinstance(first, str) else self._joined(names)
        if len(text) > MAX_TEXT:
            message = f"the text has more than {MAX_TEXT:,} characters"
            raise ExpressionError("expression.large", message, (0, len(self.text)))
        return text

    def _joined(self, names: Mapping[str, Result]) -> str:
        texts: list[str] = []
        for piece in self.pieces:  # a loop for each text of a building: what is nearly always there comes first
            if isinstance(piece, str):
                texts.append(piece)
                continue
            value = names.get(piece.name) if piece.name else None
            kind = type(value)
            texts.append(value if kind is str else str(value) if kind is int else _fill(piece, names))  # type: ignore[arg-type]  # kind says that it is a text
        return "".join(texts)


def parse_template(text: str) -> Template:
    """The pieces of a text. Raises `ExpressionError`."""
    if "${" not in text:
        return Template(text, (text,), constant=True)
    if len(text) > MAX_TEXT:
        message = f"a text with expressions has at most {MAX_TEXT:,} characters"
        raise ExpressionError("expression.large", message, (0, len(text)))
    return _parse(text)


@lru_cache(maxsize=16_384)
def _parse(text: str) -> Template:
    pieces: list[str | _Hole] = []
    at = 0
    for match in _PIECE.finditer(text):
        if match.start() < at:
            continue
        pieces.append(text[at : match.start()])
        if match[0] == "$${":
            pieces.append("${")
            at = match.end()
        else:
            hole, at = _hole(text, match.start())
            pieces.append(hole)
    pieces.append(text[at:])
    constant = not any(isinstance(piece, _Hole) for piece in pieces)
    return Template(text, tuple(piece for piece in pieces if piece) or ("",), constant)


def _hole(text: str, start: int) -> tuple[_Hole, int]:
    end = start + 2
    while match := _INNER.match(text, end):
        end = match.end()
    if text[end : end + 1] != "}":
        raise ExpressionError("expression.unclosed", "'${' is not closed", (start, len(text)), "close it with '}'")
    inner = text[start + 2 : end]
    body, zero, width = _split(inner, start + 2)
    try:
        expression = parse(body)
    except ExpressionError as error:
        raise error.moved(start + 2) from None
    name = expression.name if isinstance(expression, Name) and not width else ""
    return _Hole(expression, start + 2, (start, end + 1), zero, width, name), end + 1


def _split(inner: str, offset: int) -> tuple[str, bool, int]:
    """The expression, and how it is padded: with zeros or spaces, to how many characters."""
    bare = re.sub(r""""[^"]*"|'[^']*'""", lambda quoted: "_" * len(quoted[0]), inner)
    colon = bare.rfind(":")
    if colon < 0:
        return inner, False, 0
    match = _FORMAT.fullmatch(inner[colon + 1 :].strip())
    if match is None or int(match[2]) > _MAX_WIDTH:
        start = offset + min(colon + 1, len(inner) - 1)
        message = f"'{inner[colon + 1 :]}' is not a format"
        help_ = f"${{n:02}} pads with zeros to two digits; at most {_MAX_WIDTH}"
        raise ExpressionError("expression.format", message, (start, offset + len(inner)), help_)
    return inner[:colon], bool(match[1]), int(match[2])


def _evaluate(hole: _Hole, names: Mapping[str, Result]) -> Result:
    try:
        return evaluate(hole.expression, names)
    except ExpressionError as error:
        raise error.moved(hole.offset) from None


def _fill(hole: _Hole, names: Mapping[str, Result]) -> str:
    value = _evaluate(hole, names)
    if not hole.width and (type(value) is str or type(value) is int):  # nearly always
        return str(value)
    if value is None or isinstance(value, Range | tuple | Table):
        help_ = "a text holds single values"
        raise ExpressionError("expression.type", f"this is {described(value)}", hole.span, help_)
    if hole.zero and (isinstance(value, bool) or not isinstance(value, int)):
        message = f"this is {described(value)}, and only whole numbers are padded with zeros"
        raise ExpressionError("expression.format", message, hole.span)
    text = _spelled(value)
    return text.zfill(hole.width) if hole.zero else text.rjust(hole.width)


def _spelled(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
