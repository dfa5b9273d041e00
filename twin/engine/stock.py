"""Assets from a table, as makers and installers keep them: every row checked before any is declared.

The columns are ``serial``, ``type`` (or ``kind``), ``model``, ``vendor``, ``fleet`` and ``claim_code``, in any order;
all but the first may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.access.assets import checked_code
from twin.access.declaring import Declaration, declare
from twin.errors import Place, TwinError
from twin.graph.model import Entry
from twin.source import did_you_mean, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.graph.mirror import Mirror
    from twin.ontology.model import Ontology
    from twin.source import Diagnostics, Scalar, Source

__all__ = ["COLUMNS", "Row", "batches", "read_assets"]

COLUMNS = ("serial", "type", "model", "vendor", "fleet", "claim_code")
_ALSO = {"kind": "type", "code": "claim_code"}
_BATCH = 1000


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of a table, and what declaring it takes; nothing where it is declared so already."""

    said: Declaration
    code: str
    entries: list[Entry]

    def __repr__(self) -> str:
        return f"Row({self.said!r})"


def read_assets(source: Source, report: Diagnostics, mirror: Mirror, ontology: Ontology) -> tuple[list[Row], list[str]]:
    """The assets of a table, and its columns that mean nothing; whatever is wrong with an asset is reported, with its
    line and column.
    """
    sheet = read_sheet(source, report)
    header, *rows = sheet or [[]]
    columns = _columns(header)
    if "serial" not in columns.values():
        if sheet is not None:
            place = header[0].place if header else Place(source.file, 1, 1, 2)
            help_, suggestions = did_you_mean("serial", [cell.text for cell in header], "its columns")
            report.error(
                "column.missing", "the table has no column 'serial'", place, help=help_, suggestions=suggestions
            )
        return [], []
    known: dict[tuple[str, str], Scalar] = {}
    read = []
    for row in rows:
        cells = {name: row[index] for index, name in columns.items()}
        if (found := _row(cells, known, report, mirror, ontology)) is not None:
            read.append(found)
    return read, [cell.text for index, cell in enumerate(header) if index not in columns and cell.text]


def batches(rows: Sequence[Row]) -> Iterator[list[Entry]]:
    """What declaring them takes, in parts of a size that holds nobody up."""
    for start in range(0, len(rows), _BATCH):
        entries = [entry for row in rows[start : start + _BATCH] for entry in row.entries]
        if entries:
            yield entries


def _columns(header: Sequence[Scalar]) -> dict[int, str]:
    """Which column is what, by its number; others are left alone."""
    found: dict[int, str] = {}
    for index, cell in enumerate(header):
        word = cell.text.strip().casefold().replace(" ", "_").replace("-", "_")
        name = _ALSO.get(word, word)
        if name in COLUMNS and name not in found.values():
            found[index] = name
    return found


def _row(
    cells: dict[str, Scalar],
    known: dict[tuple[str, str], Scalar],
    report: Diagnostics,
    mirror: Mirror,
    ontology: Ontology,
) -> Row | None:
    said = Declaration(**{name: cell.text for name, cell in cells.items() if name != "claim_code"})
    cell = cells["serial"]
    if not said.serial:
        report.error("cell.invalid", "this row has no serial", cell.place, help="give it one, or take the row away")
        return None
    earlier = known.setdefault((said.fleet, said.serial), cell)
    if earlier is not cell:
        related = [(earlier.place, "the first")]
        message = f"there are two rows '{said.serial}'"
        report.error("row.duplicate", message, cell.place, related=related, help="take one of the two away")
        return None
    code = cells["claim_code"].text if "claim_code" in cells else ""
    try:
        return Row(said=said, code=checked_code(code), entries=declare(mirror, ontology, said))
    except TwinError as error:
        column = str(error.details.get("property", "fleet" if error.code_ == "fleet.unknown" else "serial"))
        report.error(error.code_, error.message, cells.get(column, cell).place, help=error.help)
        return None
