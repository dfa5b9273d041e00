"""Tables: parameters that are given as CSV files, one row for each flat, meter or whatever its key names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twin.errors import Place
from twin.expressions import Table
from twin.source import did_you_mean, read_sheet

if TYPE_CHECKING:
    from twin.source import Diagnostics, Scalar, Source
    from twin.topology.parts import Given, Parameter

__all__ = ["converted", "read_table"]

_INTEGER = re.compile(r"[-+]?\d{1,16}")
_NUMBER = re.compile(r"[-+]?(?:\d{1,16}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?")
_KINDS: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,), "string": (str,)}
_NOUNS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


def converted(kind: str, value: Given) -> Given:
    """What a text from outside means, where a parameter or a column is no text; itself where it cannot mean it."""
    if not isinstance(value, str):
        return value
    if kind == "integer" and _INTEGER.fullmatch(value):
        return int(value)
    if kind == "number" and _NUMBER.fullmatch(value):
        return float(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def read_table(parameter: Parameter, source: Source, report: Diagnostics) -> Table:
    """The rows of a file, as the parameter declares them. Columns that it does not declare are left alone."""
    sheet = read_sheet(source, report)
    header, *rows = sheet or [[]]
    found = {cell.text: index for index, cell in reversed(list(enumerate(header)))}
    wanted = {parameter.row_key: parameter.key, **parameter.columns}
    if wanted.keys() - found.keys() or parameter.broken:
        if sheet is not None and not parameter.broken:
            place = header[0].place if header else Place(source.file, 1, 1, 2)
            _report_lacking(parameter, [name for name in wanted if name not in found], found, place, report)
        return Table(parameter.name, tuple(parameter.columns), {}, optional=True, key=parameter.row_key)
    keys: dict[str, Scalar] = {}
    read = {}
    for row in rows:
        cells = {name: row[found[name]] for name in wanted}
        if _is_new(cells[parameter.row_key], keys, report):
            read[cells[parameter.row_key].text] = {
                name: _cell(cells[name], name, word, report) for name, word in parameter.columns.items()
            }
    return Table(parameter.name, tuple(parameter.columns), read, parameter.optional, parameter.row_key)


def _report_lacking(
    parameter: Parameter, names: list[str], found: dict[str, int], place: Place, report: Diagnostics
) -> None:
    help_, suggestions = did_you_mean(names[0], found, "its columns")
    message = f"the table '{parameter.name}' has no column {', '.join(map(repr, names))}"
    related = [(parameter.key.place, "it is declared here")]
    report.error("column.missing", message, place, related=related, help=help_, suggestions=suggestions)


def _is_new(cell: Scalar, keys: dict[str, Scalar], report: Diagnostics) -> bool:
    if not cell.text:
        report.error("cell.invalid", "this row has no key", cell.place, help="give it one, or take the row away")
        return False
    earlier = keys.setdefault(cell.text, cell)
    if earlier is not cell:
        message = f"there are two rows '{cell.text}'"
        related = [(earlier.place, "the first")]
        report.error("row.duplicate", message, cell.place, related=related, help="take one of the two away")
    return earlier is cell


def _cell(cell: Scalar, name: str, kind: Scalar, report: Diagnostics) -> Given | None:
    if not cell.text:
        return None
    value = converted(kind.text, cell.text)
    if type(value) in _KINDS[kind.text]:
        return value
    message = f"'{name}' must be {_NOUNS[kind.text]}, not '{cell.text[:40]}'"
    related = [(kind.place, f"'{name}' is declared here")]
    help_ = "leave it empty where there is none"
    report.error("cell.invalid", message, cell.place, related=related, help=help_)
    return None
