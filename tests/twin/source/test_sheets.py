from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from twin.source import Diagnostics, Source, read_sheet


def cells(text: str) -> list[list[str]]:
    report = Diagnostics()
    rows = read_sheet(Source("a.csv", text), report)
    assert not report.all
    assert rows is not None
    return [[cell.text for cell in row] for row in rows]


def codes(text: str) -> list[str]:
    report = Diagnostics()
    read_sheet(Source("a.csv", text), report)
    return [found.code for found in report.all]


def test_cells_are_parted_as_spreadsheets_part_them() -> None:
    wanted = [["a", "b"], ["1", "2"]]
    assert cells("a,b\n1,2\n") == cells("a;b\r\n1;2") == cells("a\tb\n\n1\t2\n") == cells("a, b \n1 ,2") == wanted
    assert cells('a,b\n"x, ""y""\nz",\n,\n') == [["a", "b"], ['x, "y"\nz', ""], ["", ""]]
    assert cells("") == []


def test_a_cell_knows_its_place() -> None:
    rows = read_sheet(Source("a.csv", 'a;b\r\n"1\n2";zwei\n;3\n'), Diagnostics())
    assert rows is not None
    assert [str(cell.place) for row in rows for cell in row] == [
        "a.csv:1:1",
        "a.csv:1:3",
        "a.csv:2:1",
        "a.csv:3:4",
        "a.csv:4:1",
        "a.csv:4:2",
    ]


def test_what_cannot_be_read_is_reported() -> None:
    assert codes('a,b\n"1,2\n') == ["sheet.quote"]
    assert codes('a,b\n"1"x,2\n') == ["sheet.quote"]
    assert codes("a,b\n1\n1,2,3\n") == ["row.length", "row.length"]
    assert codes("a\n" * 1_000_001) == ["sheet.large"]


plain = st.text(st.sampled_from('ab1 ,;"\n'), max_size=6).map(str.strip)


@given(st.lists(st.lists(plain, min_size=2, max_size=2).filter(any), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read(rows: list[list[str]]) -> None:
    rows = [["k", "v"], *rows]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
    assert cells(written.getvalue()) == rows


@given(st.text(st.sampled_from('a1,;\t"\r\n'), max_size=30))
def test_no_accident_ends_in_anything_but_diagnostics(text: str) -> None:
    report = Diagnostics()
    read_sheet(Source("a.csv", text), report)
    assert all(found.place.line >= 1 and found.place.column >= 1 for found in report.all)
