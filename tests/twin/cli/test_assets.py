from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.running import ROOT
from twin import Twin
from twin.access.assets import Assets
from twin.engine.home import Home
from twin.records import Records

if TYPE_CHECKING:
    from pathlib import Path

    from tests.twin.cli.conftest import Command, Said

EXAMPLE = ROOT / "examples" / "assets.csv"


@pytest.fixture
def twin(command: Command, data: Path) -> Command:
    def run(*words: str | Path) -> Said:
        return command("asset", *words, "--data", data)

    assert command("fleet", "add", "north", "flat", "--data", data).code == 0
    return run


def states(twin: Command) -> dict[str, str]:
    return {row["serial"]: row["state"] for row in twin("list", "--json").data}


def test_a_table_is_imported_and_imported_again(twin: Command, data: Path, tmp_path: Path) -> None:
    first = twin("import", EXAMPLE, "--json").data
    assert (first["assets"], first["new"]) == (4, 4)
    codes = {each["serial"]: each["claim_code"] for each in first["codes"]}
    assert codes.keys() == {"EB-2207-0041", "EB-2207-0042", "LRTemp"}
    again = twin("import", EXAMPLE)
    assert again.out == "4 assets: 0 new, 0 changed, 4 as before.\n"
    records = Records(Home(data).records)
    asset = Assets(records).proves("KITemp", "ab12cd34ef56")
    proved = {serial: Assets(records).proves(serial, code) for serial, code in codes.items()}
    records.close()
    assert asset is not None
    assert None not in proved.values()
    labels = tmp_path / "labels.csv"
    renewed = twin("import", EXAMPLE, "--new-codes", "--codes", labels)
    assert "3 claim codes were drawn, and are in" in renewed.err
    assert labels.stat().st_mode & 0o777 == 0o600
    rows = [line.split(",") for line in labels.read_text().splitlines()]
    assert rows[0] == ["serial", "claim_code"]
    assert {row[0] for row in rows[1:]} == codes.keys()
    assert not set(codes.values()) & {row[1] for row in rows}
    assert twin("import", EXAMPLE, "--codes", labels).refusal == "file.unwritable"
    assert twin("import", tmp_path / "none.csv").refusal == "file.unreadable"


def test_every_bad_row_is_told_and_nothing_is_imported(twin: Command, tmp_path: Path) -> None:
    table = tmp_path / "bad.csv"
    rows = ["Serial;Kind;Claim code;Fleet;Colour", '"A 1";gateway;;;', "B2;Foo;;;", "C3;gateway;123;;"]
    rows += ["D4;device;;nofleet;", "D5;device;;;", "D5;device;;;", ";device;;;", "E6;device", "F7;device;;north;red"]
    table.write_text("\ufeff" + "\r\n".join(rows), encoding="utf-8")
    bad = twin("import", table)
    assert bad.code == 1
    found = [line.removeprefix(f"{table}:").split() for line in bad.err.splitlines() if line.startswith(f"{table}:")]
    assert [(place, code) for place, code, *_ in found if place[0].isdigit()] == [
        ("2:1", "serial.invalid"),
        ("3:4", "asset.type"),
        ("4:12", "claim.code"),
        ("5:12", "fleet.unknown"),
        ("7:1", "row.duplicate"),
        ("8:1", "cell.invalid"),
        ("9:4", "row.length"),
    ]
    assert "help: " in bad.err
    assert states(twin) == {}
    table.write_text(f"{rows[0]}\n{rows[-1]}\n", encoding="utf-8")
    good = twin("import", table)
    assert good.code == 0
    assert "Left alone: Colour." in good.err
    assert states(twin) == {"F7": "declared"}
    table.write_text("type\ngateway\n", encoding="utf-8")
    assert "column.missing" in twin("import", table).err


def test_thousands_of_rows_are_declared(twin: Command, tmp_path: Path) -> None:
    table = tmp_path / "many.csv"
    table.write_text("serial,type,fleet\n" + "".join(f"S{each},gateway,north\n" for each in range(3000)))
    assert twin("import", table, "--json").data["new"] == 3000
    assert twin("import", table).out.endswith("3000 assets: 0 new, 0 changed, 3000 as before.\n")
    assert len(twin("list", "--fleet", "north", "--state", "declared", "--json").data) == 3000


def test_a_box_comes_is_replaced_blocked_and_goes(twin: Command, data: Path) -> None:
    twin("import", EXAMPLE)
    with Twin(data) as opened:
        (box,) = [each.path for each in opened.entities(kind="gateway")]
    assert twin("claim", "EB-2207-0041", box).out == f"EB-2207-0041 is {box}.\n"
    assert twin("claim", "EB-2207-0042", box).refusal == "place.taken"
    assert twin("claim", "EB-2207-0042").refusal == "place.unclear"
    assert twin("claim", "KITemp").out == "KITemp is flat/kitchen/climate.\n"
    assert twin("claim", "LRTemp", "flat/kitchen/valve").refusal == "place.taken"
    assert twin("replace", "EB-2207-0041", "EB-2207-0042").out == f"EB-2207-0042 is {box}.\n"
    assert twin("block", "EB-2207-0042").out == "EB-2207-0042 is blocked.\n"
    assert f"place    {box}" in twin("show", "EB-2207-0042").out
    assert twin("unblock", "EB-2207-0042").out == "EB-2207-0042 is claimed.\n"
    assert twin("remove", "EB-2207-0042").refusal == "asset.claimed"
    assert twin("release", "EB-2207-0042").out == "EB-2207-0042 has no place.\n"
    assert twin("remove", "EB-2207-0042").out == "Removed EB-2207-0042.\n"
    assert twin("show", "EB-2207-0042").refusal == "asset.unknown"
    assert twin("replace", "EB-2207-0041", "LRTemp").refusal == "asset.unclaimed"


def test_a_topology_that_is_applied_again_leaves_boxes_where_they_are(
    twin: Command, command: Command, data: Path, tmp_path: Path
) -> None:
    table = tmp_path / "two.csv"
    table.write_text("serial,type\nKITemp,ClimateSensor\nNEW-1,ClimateSensor\n")
    twin("import", table)
    assert twin("claim", "KITemp").code == 0
    assert twin("replace", "KITemp", "NEW-1").out == "NEW-1 is flat/kitchen/climate.\n"
    again = command("plan", ROOT / "examples" / "flat.yaml", "--data", data)
    assert "Plan: 0 to delete, 0 to change, 0 to create" in again.out or "No changes" in again.out
    assert command("apply", ROOT / "examples" / "flat.yaml", "--data", data).code == 0
    assert "place    flat/kitchen/climate" in twin("show", "NEW-1").out


def test_the_same_serial_of_two_owners_is_told_apart(twin: Command, tmp_path: Path) -> None:
    table = tmp_path / "two.csv"
    table.write_text("serial,type,fleet\nX1,gateway,north\nX1,gateway,\n")
    assert twin("import", table).code == 0
    assert twin("show", "X1").refusal == "asset.ambiguous"
    assert twin("block", "north/X1").code == 0
    assert {row["fleet"]: row["state"] for row in twin("list", "--json").data} == {"north": "blocked", None: "declared"}
