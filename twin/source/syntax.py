"""What the YAML parser says, in words that help: its problem, its place, and the usual cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from twin.errors import Diagnostic, Place

if TYPE_CHECKING:
    from twin.source.nodes import Source

__all__ = ["explain"]

_CAUSES = (
    ("mapping values are not allowed", "a text with ': ' in it is written in quotes; or this line is indented too far"),
    ("could not find expected ':'", "a key is followed by a colon and a space"),
    ("cannot start any token", "a text that begins with this character is written in quotes"),
    ("expected ',' or '}'", 'close the brace; inside braces, a text with { } [ ] or , is written in quotes: "${…}"'),
    (
        "expected ',' or ']'",
        'close the bracket; inside brackets, a text with { } [ ] or , is written in quotes: "${…}"',
    ),
    ("unexpected end of stream", "close the quote, the brace or the bracket that is open"),
    ("expected <block end>", "entries of one map begin in the same column"),
    ("expected key", "entries of one map begin in the same column"),
    ("escape", "in double quotes a backslash begins an escape: double it, or use single quotes"),
    ("expected <document start>", "the document must be one map, beginning in the first column"),
    ("anchor", "a text that begins with & or * is written in quotes"),
    ("alias", "a text that begins with & or * is written in quotes"),
    ("tag", "a text that begins with ! is written in quotes"),
    ("block entry", "a list is written under its key, each item after '- '"),
)


def explain(error: yaml.YAMLError, source: Source) -> Diagnostic:
    """One ``yaml.syntax`` diagnostic for what the parser stumbled over."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Diagnostic("yaml.syntax", f"not YAML: {error}", Place(source.file, 1, 1, 2))
    problem = error.problem or error.context or "not YAML"
    related: tuple[tuple[Place, str], ...] = ()
    context = error.context_mark
    if context is not None and error.context and context.index != error.problem_mark.index:
        related = ((_place(context, source), error.context),)
    return Diagnostic(
        "yaml.syntax",
        problem,
        _place(error.problem_mark, source),
        related=related,
        help=next((help_ for words, help_ in _CAUSES if words in problem), ""),
    )


def _place(mark: yaml.Mark, source: Source) -> Place:
    """The place of a mark; the end of the last line that says anything, where the mark lies behind it."""
    lines = source.lines()
    line, column = mark.line, mark.column
    if line >= len(lines) or not lines[line].strip():
        written = [number for number, text in enumerate(lines[: line + 1]) if text.strip()]
        if written and written[-1] < line:
            line, column = written[-1], len(lines[written[-1]])
    return Place(source.file, line + 1, column + 1, column + 2)
