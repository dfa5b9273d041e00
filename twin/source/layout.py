"""The layout of a document: one way to indent and to space YAML, with every comment and every line kept.

A line stays a line; only white space changes. Two spaces for each level, one after a colon, ``{ a: 1 }`` and
``[x, y]``, no blanks at the end of a line, no two empty lines in a row. Values and comments that an author has aligned,
in lines that follow one another, stay aligned. A document says the same before and after: `arranged` compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml

from twin.errors import AuthoringError
from twin.source.diagnostics import Diagnostics
from twin.source.nodes import ListNode, MapNode, Scalar, Source
from twin.source.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twin.source.nodes import Node

__all__ = ["arranged"]

_STEP = 2
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPENING = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_CLOSING = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_BLOCKS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_ENDS = (yaml.StreamStartToken, yaml.StreamEndToken)


def arranged(source: Source) -> str:
    """The text of a document, laid out.

    Raises:
        AuthoringError: it cannot be read; carries every diagnostic.
    """
    report = Diagnostics()
    before = read(source, report)
    if before is None or report.has_errors:
        raise AuthoringError(report.all)
    text = source.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    after = _joined(_Layout(text).lines)
    again = read(Source(source.file, after), Diagnostics())
    if again is None or _said(again) != _said(before):
        message = f"laid out, {source.file} would not say the same"
        raise AssertionError(message)
    return after


def _said(node: Node) -> object:
    """What a document says, without its places."""
    if isinstance(node, MapNode):
        return [(entry.key.text, _said(entry.value)) for entry in node]
    if isinstance(node, ListNode):
        return [_said(item) for item in node.items]
    return (node.value, node.plain) if isinstance(node, Scalar) else None


@dataclass(slots=True)
class _Line:
    """One line: what stands in it, and where some of that stood."""

    indent: int = 0
    start: int = -1
    """The column of its first token; -1: it has none."""
    end: int = 0
    """The column behind its last token."""
    key: str = ""
    """Its code up to the colon of its first key, where that is a block's and the value follows in the line."""
    rest: str = ""
    """The rest of its code."""
    column: int = -1
    """The column of that value."""
    comment: str = ""
    comment_column: int = -1
    fixed: str | None = None
    """The whole line, where it lies within a text of several lines."""

    @property
    def code(self) -> str:
        """All of it but the comment."""
        return f"{self.key}{self.rest}"

    def __str__(self) -> str:
        if self.fixed is not None:
            return self.fixed
        gap = " " if self.code and self.comment else ""
        return f"{' ' * self.indent}{self.code}{gap}{self.comment}" if self.code or self.comment else ""


@dataclass(frozen=True, slots=True)
class _Level:
    """A block collection: the column where it stands, and where it shall."""

    before: int
    after: int
    listed: bool
    implied: bool
    """Whether it is a list at the column of its key: YAML opens and closes no level for those."""


class _Layout:
    """Goes once through the tokens of a text, and puts its lines together."""

    def __init__(self, text: str) -> None:
        self._source = text.split("\n")
        self.lines = [_Line() for _ in self._source]
        self._levels: list[_Level] = []
        self._flows: list[int] = []
        """The indentation of the lines in which the flow collections around this place begin."""
        self._last: Any = None
        self._keyed = False
        """Whether the next token begins a key."""
        for token in yaml.scan(text, Loader=_LOADER):
            self._take(token, text)
        self._find_comments()

    def _take(self, token: Any, text: str) -> None:
        if isinstance(token, _BLOCKS):
            self._open(token, listed=isinstance(token, yaml.BlockSequenceStartToken))
        elif isinstance(token, yaml.BlockEndToken):
            self._leave_implied()
            self._levels.pop()
        elif isinstance(token, yaml.KeyToken) and token.start_mark.index == token.end_mark.index:
            self._keyed = True
            if not self._flows:
                self._leave_implied()
        elif not isinstance(token, _ENDS):
            self._place(token, text[token.start_mark.index : token.end_mark.index])

    def _open(self, token: Any, *, listed: bool, implied: bool = False) -> None:
        after = self._levels[-1].after + _STEP if self._levels else 0
        self._levels.append(_Level(token.start_mark.column, after, listed, implied))

    def _leave_implied(self) -> None:
        if self._levels and self._levels[-1].implied:
            self._levels.pop()

    def _place(self, token: Any, text: str) -> None:
        """Put one token into its line."""
        line = self.lines[token.start_mark.line]
        if isinstance(token, yaml.KeyToken | yaml.ValueToken) and not self._flows:
            self._leave_implied()
        if isinstance(token, yaml.BlockEntryToken) and not self._levels[-1].listed:
            self._open(token, listed=True, implied=True)
        around = self._flows.pop() if isinstance(token, _CLOSING) else None
        if line.start < 0:
            line.start = token.start_mark.column
            line.indent = self._indent(token) if around is None else around
        else:
            self._space(line, token)
        line.rest += text.split("\n", 1)[0].rstrip() if "\n" in text else text
        line.end = token.end_mark.column
        if token.end_mark.line > token.start_mark.line:
            self._text(token, text, line)
        if isinstance(token, _OPENING):
            self._flows.append(line.indent)
        self._last, self._keyed = token, False

    def _indent(self, token: Any) -> int:
        """The indentation of a line that begins with a token."""
        if self._flows:
            return self._flows[-1] + _STEP
        begins = self._keyed or isinstance(token, yaml.BlockEntryToken | yaml.KeyToken | yaml.ValueToken)
        return (self._levels[-1].after + (0 if begins else _STEP)) if self._levels else 0

    def _space(self, line: _Line, token: Any) -> None:
        """The white space between a token and the one before it in its line."""
        last = self._last
        if isinstance(token, yaml.FlowEntryToken):
            return
        if isinstance(token, yaml.ValueToken) and not isinstance(last, yaml.AliasToken):
            return
        if isinstance(last, yaml.FlowSequenceStartToken) or isinstance(token, yaml.FlowSequenceEndToken):
            return
        if isinstance(last, yaml.FlowMappingStartToken) and isinstance(token, yaml.FlowMappingEndToken):
            return
        if isinstance(last, yaml.ValueToken) and not self._flows and line.column < 0:
            line.key, line.rest, line.column = line.rest, "", token.start_mark.column
        line.rest += " "

    def _text(self, token: Any, text: str, line: _Line) -> None:
        """A scalar of several lines: what follows its first moves with it, and is otherwise left alone."""
        first, last = token.start_mark.line + 1, token.end_mark.line
        line.end = len(self._source[token.start_mark.line])
        if token.style in {"|", ">"}:
            last -= token.end_mark.column == 0
            self._literal(first, last, text.split("\n", 1)[0])
            return
        indent = (line.indent if self._flows or not self._levels else self._levels[-1].after) + _STEP
        for number in range(first, last + 1):
            inner = self._source[number].strip(" \t") if number < last else ""
            self.lines[number].fixed = f"{' ' * indent}{inner}" if inner else ""
        tail = self.lines[last]
        tail.fixed, tail.start, tail.indent = None, 0, indent
        tail.rest = self._source[last][: token.end_mark.column].lstrip(" \t")
        tail.end = token.end_mark.column

    def _literal(self, first: int, last: int, header: str) -> None:
        level = self._levels[-1]
        lines = range(first, last + 1)
        written = [self._source[n] for n in lines if self._source[n].strip()]
        counted = next((int(sign) for sign in header if sign.isdigit()), None)
        before = min((len(each) - len(each.lstrip(" ")) for each in written), default=0)
        shift = level.after + _STEP - before if counted is None else level.after - level.before
        for number in lines:
            held = self._source[number]
            moved = " " * shift + held if shift > 0 else held[min(-shift, len(held) - len(held.lstrip(" "))) :]
            self.lines[number].fixed = moved if held.strip() or len(held) > before else ""

    def _find_comments(self) -> None:
        """What no token covers; a comment on a line of its own stands with what follows it in its column."""
        levels = {0: 0}
        following: list[tuple[_Line, int]] = []
        for text, line in zip(self._source, self.lines, strict=True):
            if line.fixed is not None:
                continue
            left = text[line.end :].lstrip(" \t")
            if left.startswith("#"):
                line.comment, line.comment_column = left.rstrip(), len(text) - len(left)
            if line.start >= 0:
                levels = {column: indent for column, indent in levels.items() if column < line.start}
                for waiting, column in following:
                    waiting.indent = line.indent if column == line.start else waiting.indent
                levels[line.start], following = line.indent, []
            elif line.comment:
                column = line.comment_column
                line.indent = levels[max(found for found in levels if found <= column)]
                following.append((line, column))


def _joined(lines: Sequence[_Line]) -> str:
    """The lines as a text: aligned where they were, with one empty line where there were several."""
    for run in _runs(lines, lambda line: (line.start, line.column) if line.column >= 0 else None):
        width = max(len(line.key) for line in run) if len(run) > 1 else 0
        for line in run:
            line.rest = f"{' ' * max(width - len(line.key), 0)}{line.rest}"
    for run in _runs(lines, lambda line: line.comment_column if line.code and line.comment else None):
        width = max(line.indent + len(line.code) for line in run) if len(run) > 1 else 0
        for line in run:
            line.rest += " " * (width - line.indent - len(line.code))
    texts: list[str] = []
    for line in lines:
        text = str(line)
        if text or line.fixed is not None or (texts and texts[-1]):
            texts.append(text)
    return "\n".join(texts).rstrip("\n") + "\n"


def _runs(lines: Sequence[_Line], column: Callable[[_Line], object]) -> Iterator[list[_Line]]:
    """Lines that follow one another with something in the same column; lines of comment do not part them."""
    said = (line for line in lines if line.code or not line.comment)
    for found, run in groupby(said, column):
        if found is not None:
            yield list(run)
