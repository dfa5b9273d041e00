"""Diagnostics as a terminal shows them: the line, a caret under the mistake, where the other half is, what to do."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.errors import Diagnostic, Place
    from twin.source.nodes import Source

__all__ = ["render"]

_WINDOW = 160
"""A longer line is shown around the mistake only."""
_COLUMNS = 120
"""A help that reaches farther has the name of its page on a line of its own."""


def render(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source] | None = None, *, pages: bool = True
) -> str:
    """The diagnostics as text, a blank line between two; lines are shown of the files in ``sources``, by name.

    With ``pages``, the first of each code says how to read more about it.
    """
    lines = {name: source.lines() for name, source in (sources or {}).items()}
    blocks = []
    seen: set[str] = set()
    for found in diagnostics:
        page = f"twin explain {found.code}" if pages and found.code not in seen else ""
        seen.add(found.code)
        blocks.append("\n".join((*_block(found, lines), *_advice(found.help, page))) + "\n")
    return "\n".join(blocks)


def _block(found: Diagnostic, lines: dict[str, list[str]]) -> Iterator[str]:
    mark = "" if found.severity == "error" else f"{found.severity} "
    yield _safe(f"{found.place} {mark}{found.code}  {found.message}")
    yield from _excerpt(found.place, lines.get(found.place.file, []))
    for place, text in found.related:
        yield _safe(f"   {place}  {text}")


def _advice(help_: str, page: str) -> Iterator[str]:
    said = [f"help: {help_}"] * bool(help_) + [page] * bool(page)
    if sum(map(len, said)) > _COLUMNS:
        yield from (_safe(f"   {line}") for line in said)
    elif said:
        yield _safe(f"   {'          '.join(said)}")


def _excerpt(place: Place, lines: list[str]) -> Iterator[str]:
    if not 0 < place.line <= len(lines):
        return
    line = lines[place.line - 1]
    start = place.column - 1
    low = max(0, start - _WINDOW // 2) if len(line) > _WINDOW else 0
    shown = line[low : low + _WINDOW]
    end = min(max(place.end - 1, start + 1), low + _WINDOW)
    yield f"{place.line:>5} | {_safe(shown)}".rstrip()
    carets = "^" * max(1, _width(line[start:end]))
    yield f"      | {_blank(line[low:start])}{carets}"


def _blank(text: str) -> str:
    """White space as wide as the text: a tab stays one, so that the caret stands below what it means."""
    return "".join("\t" if character == "\t" else " " * _width(character) for character in text)


def _width(text: str) -> int:
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _safe(text: str) -> str:
    """Without what could steer a terminal: authors' text is quoted in messages."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)
