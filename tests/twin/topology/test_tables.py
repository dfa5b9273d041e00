from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.source import Source
from twin.topology.desired import Desired, DesiredEntity
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology

HEAD = "topology: block\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\nsite: { type: Residence }\n"
METERS = (
    "  meters: { type: table, key: flat, columns: { serial: string, area: number, rooms: integer, lit: boolean } }\n"
)
BLOCK = (
    HEAD
    + f"parameters:\n{METERS}"
    + """
spaces:
  "${flat}":
    each: { flat: meters }
    use: flat
    with: { serial: "${meters[flat].serial}", rooms: "${meters[flat].rooms}" }
    properties: { area: "${meters[flat].area}" }
    devices: { lamp: { type: Light, when: "meters[flat].lit == true" } }
fragments:
  flat:
    parameters: { serial: { type: string, optional: true }, rooms: { type: integer, default: 1 } }
    type: Flat
    spaces: { "room-${r}": { each: { r: 1..rooms }, type: Room } }
    devices: { meter: { type: HeatMeter, asset: "${serial}" } }
"""
)
SHEET = "flat,serial,area,rooms,lit,owner\nflat-2,007,62.5,2,true,Ana\nflat-10,,,,,\n"


def expanded(text: str = BLOCK, sheet: str | None = SHEET, **parameters: str) -> Desired:
    tables = {} if sheet is None else {"meters": Source("meters.csv", sheet)}
    return expand(read_topology(Source("block.yaml", text), find), "hugo", parameters, tables=tables)


def at(desired: Desired, path: str) -> DesiredEntity:
    return next(entity for entity in desired.entities if entity.path == path)


def codes(text: str = BLOCK, sheet: str | None = SHEET, **parameters: str) -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        expanded(text, sheet, **parameters)
    return [found.code for found in caught.value.diagnostics]


def test_there_is_one_for_each_row_with_what_its_cells_say() -> None:
    desired = expanded()
    assert [entity.path for entity in desired.entities] == [
        "hugo",
        "hugo/flat-2",
        "hugo/flat-2/lamp",
        "hugo/flat-2/meter",
        "hugo/flat-2/room-1",
        "hugo/flat-2/room-2",
        "hugo/flat-10",
        "hugo/flat-10/meter",
        "hugo/flat-10/room-1",
    ]
    assert at(desired, "hugo/flat-2").properties == {"area": 62.5}
    assert at(desired, "hugo/flat-2/meter").serial == "007"


def test_an_empty_cell_is_nothing() -> None:
    desired = expanded()
    assert at(desired, "hugo/flat-10").given == ()
    assert at(desired, "hugo/flat-10/meter").serial is None


def test_a_row_is_found_by_a_text_that_is_put_together() -> None:
    text = (
        HEAD
        + f"parameters:\n{METERS}"
        + 'devices: { "m-${n}": { each: { n: [2, 10] }, type: HeatMeter, asset: "${meters[\'flat-${n}\'].serial}" } }\n'
    )
    assert [entity.serial for entity in expanded(text).entities] == [None, "007", None]
    assert codes(text.replace("[2, 10]", "[3]")) == ["row.missing"]
    missing = expanded(text.replace("[2, 10]", "[3]").replace("type: table", "type: table, optional: true"))
    assert [entity.serial for entity in missing.entities] == [None, None]


def test_an_optional_table_may_be_left_out() -> None:
    text = BLOCK.replace("type: table", "type: table, optional: true")
    assert len(expanded(text, None).entities) == 1
    assert codes(BLOCK, None) == ["parameter.missing"]


def test_a_table_is_a_file_and_nothing_else_is() -> None:
    assert codes(BLOCK, SHEET, meters="x") == ["parameter.invalid"]
    text = HEAD + 'parameters: { meters: { type: string } }\ndevices: { a: { type: Plug, title: "${meters}" } }\n'
    assert codes(text) == ["parameter.invalid"]
    assert codes(HEAD) == ["parameter.unknown"]


def test_a_template_with_tables_is_checked_without_them() -> None:
    check_topology(read_topology(Source("block.yaml", BLOCK), find))
    with pytest.raises(AuthoringError) as caught:
        check_topology(read_topology(Source("block.yaml", BLOCK.replace("].area", "].size")), find))
    assert [found.code for found in caught.value.diagnostics] == ["column.unknown"]
