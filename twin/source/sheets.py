"""CSV as spreadsheets write it: rows of cells that know their line and column, every mistake a diagnostic (RFC 4180).

Cells are parted by commas, or by semicolons or tabs where the first line has these instead. Bound: `MAX_CELLS` cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twin.errors import Place
from twin.source.nodes import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.source.diagnostics import Diagnostics
    from twin.source.nodes import Source

__all__ = ["MAX_CELLS", "read_sheet"]

MAX_CELLS = 1_000_000
_MAX_TEXT = 16_000_000
_END = re.compile(r"\r\n|[\n\r]")


def read_sheet(source: Source, report: Diagnostics) -> list[list[Scalar]] | None:
    """The rows that are not empty, the header first; those of another length than the header are reported, and left
    out. None when there is nothing to go on with.
    """
    text, delimiter = source.text, _delimiter(source.text)
    if len(text) > _MAX_TEXT or text.count(delimiter) + text.count("\n") > MAX_CELLS:
        message = f"the table has more than {MAX_CELLS:,} cells, or {_MAX_TEXT:,} characters"
        report.error("sheet.large", message, Place(source.file, 1, 1, 2), help="split it, or make several sites of it")
        return None
    try:
        rows = [row for row in _rows(source, delimiter) if len(row) > 1 or row[0].text]
    except _QuoteError as error:
        report.error("sheet.quote", error.message, error.place, help="a quote inside a quoted cell is doubled")
        return None
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            message = f"this row has {cells}, and the header has {len(rows[0])}"
            help_ = "a cell with a comma, a semicolon or a line break in it is written in quotes"
            related = [(rows[0][0].place, "the header")]
            report.error("row.length", message, row[-1].place, related=related, help=help_)
    return [row for row in rows if len(row) == len(rows[0])]


class _QuoteError(Exception):
    """A quote opens or closes where it cannot."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def _delimiter(text: str) -> str:
    first = _END.split(text, 1)[0]
    return max(",;\t", key=lambda character: (first.count(character), character == ","))


def _rows(source: Source, delimiter: str) -> Iterator[list[Scalar]]:
    text, at, row = source.text, 0, list[Scalar]()
    cells = re.compile(rf'"((?:[^"]|"")*)"|([^{delimiter}\r\n]*)')
    lines = _Lines(source)
    while at < len(text):
        found = cells.match(text, at)
        quoted = found is not None and found[1] is not None
        end = found.end() if found is not None else at
        place = lines.place(at, end)
        if not quoted and text.startswith('"', at):
            raise _QuoteError("this quote is not closed", lines.place(at, at + 1))
        value = text[at + 1 : end - 1].replace('""', '"') if quoted else text[at:end].strip()
        row.append(Scalar(value, value, place, source, (at, end), not quoted))
        parted = text.startswith(delimiter, end)
        broken = _END.match(text, end)
        if parted and end + 1 < len(text) and not _END.match(text, end + 1):
            at = end + 1
            continue
        if parted:
            row.append(Scalar("", "", lines.place(end, end), source, (end, end), True))
            broken = _END.match(text, end + 1)
        elif broken is None and end < len(text):
            raise _QuoteError("a quoted cell ends before this", lines.place(end, end + 1))
        at = broken.end() if broken is not None else len(text)
        yield row
        row = []


class _Lines:
    """Counts lines on the way through a text, forwards only."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._line, self._start = 1, 0
        self._ends = _END.finditer(source.text)
        self._next = next(self._ends, None)

    def place(self, start: int, end: int) -> Place:
        """Of the characters from ``start`` to ``end``, cut at the end of the first line."""
        while self._next is not None and self._next.end() <= start:
            self._line, self._start = self._line + 1, self._next.end()
            self._next = next(self._ends, None)
        first = _END.split(self._source.text[start:end], 1)[0]
        column = start - self._start + 1
        return Place(self._source.file, self._line, column, column + max(1, len(first)))
