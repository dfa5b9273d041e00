from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import ROOT
from tests.twin.cli.conftest import FLAT, Command

BAD = ROOT / "tests" / "golden" / "authoring" / "topology-two-roots.yaml"
ONTOLOGIES = sorted((ROOT / "ontologies").glob("*.yaml"))
NO_SENSOR = ["--set", "outdoors=false"]


def test_validate_is_content_with_what_is_shipped(command: Command) -> None:
    files = sorted((ROOT / "examples").glob("*.yaml")) + ONTOLOGIES
    said = command("validate", *files)
    assert (said.code, said.err) == (0, "")
    assert said.out == f"{len(files)} files checked: 0 errors, 0 warnings\n"


def test_validate_shows_every_mistake_of_every_file_with_its_line(command: Command, tmp_path: Path) -> None:
    worse = tmp_path / "worse.yaml"
    worse.write_text("topology: worse\n\tversion: 1\n")
    said = command("validate", BAD, FLAT, worse)
    assert (said.code, said.err) == (1, "")
    first, second = said.out.split("\n\n")[:2]
    assert first.splitlines()[:3] == [
        f"{BAD}:5:1 key.duplicate  'site' stands here twice",
        "    5 | site: { type: Residence, title: Another }",
        "      | ^^^^",
    ]
    assert second.startswith(f"{worse}:2:1 yaml.tab")
    assert said.out.endswith("3 files checked: 2 errors, 0 warnings\n")


def test_validate_as_data(command: Command) -> None:
    assert command("validate", FLAT, "--json").data == {"valid": True, "diagnostics": []}
    said = command("validate", BAD, "--json")
    assert said.code == 1
    (found,) = said.data["diagnostics"]
    assert not said.data["valid"]
    assert (found["code"], found["file"], found["line"], found["column"]) == ("key.duplicate", str(BAD), 5, 1)
    assert found["help"]
    assert found["related"][0]["line"] == 4


def test_validate_says_which_file_it_cannot_read(command: Command, tmp_path: Path) -> None:
    said = command("validate", tmp_path / "absent.yaml")
    assert (said.code, said.refusal) == (1, "file.unreadable")
    assert "absent.yaml" in said.err


def test_an_ontology_is_found_on_the_path_given(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "cabins.yaml").write_text(
        "ontology: cabins\nversion: 1.0.0\nimports: { core: ^1.0 }\nsites:\n  Cabin: { is: Site }\n"
    )
    topology = tmp_path / "cabin.yaml"
    topology.write_text("topology: cabin\nversion: 1.0.0\nuses: { cabins: ^1.0 }\nsite: { type: Cabin }\n")
    assert command("validate", topology).code == 1
    assert command("validate", topology, "--ontology-path", folder).code == 0
    words = [topology, "--data", tmp_path / "data", "--ontology-path", folder]
    assert command("plan", *words).code == 0
    assert command("apply", *words).code == 0


def test_plan_changes_nothing_and_says_how_many(command: Command, tmp_path: Path) -> None:
    words = ["plan", FLAT, "--data", tmp_path]
    said = command(*words)
    assert (said.code, said.err) == (0, "")
    assert "+ device    flat/kitchen/valve " in said.out
    assert said.out.splitlines()[-1].startswith("Plan: 0 to delete, 0 to change, 35 to create;")
    assert command(*words, "--detailed-exitcode").code == 2
    assert command("show", "--data", tmp_path).out == ""


def test_applying_twice_changes_nothing(command: Command, tmp_path: Path) -> None:
    first = command("apply", FLAT, "--data", tmp_path, "--json")
    assert (first.code, first.data["committed"]) == (0, [1])
    again = command("apply", FLAT, "--data", tmp_path, "--json")
    assert (again.code, again.data["committed"], again.data["steps"]) == (0, [], [])
    assert command("plan", FLAT, "--data", tmp_path, "--detailed-exitcode").code == 0
    said = command("apply", FLAT, "--data", tmp_path)
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("No changes: ")


def test_a_site_has_the_key_and_the_parameters_it_was_given(command: Command, tmp_path: Path) -> None:
    words = ["--data", tmp_path, "--site", "north", "--set", "name=Oslo", *NO_SENSOR]
    assert command("apply", FLAT, *words).code == 0
    site = command("show", "north", "--data", tmp_path, "--json").data
    assert (site["path"], site["title"]) == ("north", {"": "Flat Oslo"})
    assert "outdoor-sensor" not in [each["path"].split("/")[-1] for each in site["children"]]


def test_what_deletes_must_be_allowed(command: Command, data: Path) -> None:
    words = [FLAT, "--data", data, *NO_SENSOR]
    said = command("apply", *words)
    assert said.code == 1
    assert "- device    flat/outdoor-sensor" in said.err
    assert "plan.deletes: " in said.err
    assert command("show", "flat/outdoor-sensor", "--data", data).code == 0
    assert command("apply", *words, "--allow-delete").code == 0
    assert command("show", "flat/outdoor-sensor", "--data", data).code == 1


@pytest.mark.parametrize(
    ("sets", "code"),
    [
        (["--set", "name"], "parameter.invalid"),
        (["--set", "name=a", "--set", "name=b"], "parameter.invalid"),
    ],
)
def test_parameters_that_say_nothing(command: Command, tmp_path: Path, sets: list[str], code: str) -> None:
    said = command("plan", FLAT, "--data", tmp_path, *sets)
    assert (said.code, said.refusal) == (1, code)


@pytest.mark.parametrize(
    ("sets", "line"),
    [
        (["--set", "nam=Oslo"], f"{FLAT}:4:11 parameter.unknown  'flat' has no parameter 'nam'"),
        (
            ["--set", "outdoors=perhaps"],
            f"{FLAT}:11:3 parameter.invalid  the value of 'outdoors' does not fit: 'perhaps'",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_wrong_parameters_are_shown_in_the_topology(
    command: Command, tmp_path: Path, verb: str, sets: list[str], line: str
) -> None:
    said = command(verb, FLAT, "--data", tmp_path, *sets)
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[0] == line
    assert "^^^^" in said.err
    as_data = command(verb, FLAT, "--data", tmp_path, *sets, "--json").data["error"]
    assert as_data["code"] == "document.invalid"
    assert as_data["diagnostics"][0]["code"] == line.split()[1]


def test_show_is_a_tree_with_what_each_point_says(command: Command, data: Path) -> None:
    said = command("show", "flat/kitchen", "--data", data)
    assert [line.split()[0] for line in said.out.splitlines()] == ["flat/kitchen", "├─", "├─", "└─"]
    assert said.out.splitlines()[1].endswith("temperature -, humidity -, brightness -")
    (site,) = command("show", "--data", data, "--json").data
    assert [each["kind"] for each in site["children"] if each["path"] == "flat/box"] == ["gateway"]
    kitchen = command("show", "flat/kitchen", "--data", data, "--json").data
    assert kitchen in site["children"]
    assert [each["path"] for each in kitchen["children"]] == [
        f"flat/kitchen/{name}" for name in ("climate", "radiator", "valve")
    ]


def test_a_plan_makes_nothing(command: Command, tmp_path: Path) -> None:
    said = command("plan", FLAT, "--data", tmp_path / "new")
    assert said.code == 0
    assert "to create" in said.out
    assert not (tmp_path / "new").exists()


def test_show_of_nothing_says_how_to_go_on(command: Command, tmp_path: Path, data: Path) -> None:
    said = command("show", "--data", tmp_path / "new")
    assert (said.code, said.refusal) == (1, "data.unknown")
    assert "twin apply" in said.err
    assert not (tmp_path / "new").exists()
    (tmp_path / "empty").mkdir()
    said = command("show", "--data", tmp_path / "empty")
    assert (said.code, said.out) == (0, "")
    assert "twin apply" in said.err
    said = command("show", "flat/attic", "--data", data)
    assert (said.code, said.refusal) == (1, "entity.unknown")


def test_a_plan_is_kept_and_applied_as_it_stands(command: Command, tmp_path: Path) -> None:
    kept, data = tmp_path / "plan.json", tmp_path / "data"
    words = ["--data", data]
    assert command("apply", FLAT, *words).code == 0
    planned = command("plan", FLAT, *words, "--set", "name=Hof", "--out", kept)
    assert planned.code == 0
    said = command("apply", kept, *words, "--set", "name=Ulm")
    assert (said.code, said.refusal) == (1, "plan.settled")
    assert command("apply", kept, *words, "--json").data["committed"] == [2]
    assert command("show", "flat", *words, "--json").data["title"] == {"": "Flat Hof"}
    said = command("apply", kept, *words, "--json")
    assert (said.code, said.data["error"]["code"]) == (1, "plan.stale")
    kept.write_text("{}")
    said = command("apply", kept, *words)
    assert (said.code, said.refusal) == (1, "plan.unreadable")


def test_a_plan_that_cannot_be_kept_is_said(command: Command, tmp_path: Path) -> None:
    said = command("plan", FLAT, "--data", tmp_path / "data", "--out", tmp_path / "no" / "plan.json")
    assert (said.code, said.refusal) == (1, "file.unwritable")


METERED = """topology: block
version: 1.0.0
uses: { connected-home: ^1.0 }
parameters: { meters: { type: table, key: flat, columns: { serial: string, area: number } } }
site: { type: Residence }
spaces: { "${flat}": { each: { flat: meters }, type: Flat, properties: { area: "${meters[flat].area}" } } }
"""


def test_a_table_is_a_file_whose_mistakes_have_a_place(command: Command, tmp_path: Path) -> None:
    topology, sheet, data = tmp_path / "block.yaml", tmp_path / "meters.csv", tmp_path / "twin"
    topology.write_text(METERED)
    sheet.write_text("flat,serial,area\nflat-1,M1,62\n")
    words = [topology, "--table", f"meters={sheet}", "--data", data]
    assert "+ space     block/flat-1" in command("apply", *words).err
    assert command("plan", *words).out.startswith("No changes")
    sheet.write_text("flat,serial,area\nflat-1,M1,large\n")
    said = command("plan", *words)
    assert (said.code, said.out) == (1, "")
    assert f"{sheet}:2:11 cell.invalid" in said.err
    assert "    2 | flat-1,M1,large" in said.err
    assert command("plan", topology, "--table", "meters", "--data", data).refusal == "parameter.invalid"
    assert command("plan", topology, "--table", "meters=none.csv", "--data", data).refusal == "file.unreadable"


def test_a_plan_says_what_is_probably_wrong(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    file.write_text(
        "topology: home\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\n"
        "parameters: { size: { type: integer, default: 1 } }\nsite: { type: Residence }\n"
    )
    said = command("plan", file, "--data", tmp_path / "data")
    assert said.code == 0
    assert "parameter.unused" in said.err


def test_a_large_plan_is_cut_unless_all_is_asked_for(command: Command, tmp_path: Path) -> None:
    words = ["plan", ROOT / "examples" / "block.yaml", "--data", tmp_path / "data"]
    assert "more, --all shows them" in command(*words).out
    whole = command(*words, "--all").out
    assert "more, --all" not in whole
    steps = command(*words, "--json").data["steps"]
    assert len(steps) == sum(line[0] == "+" for line in whole.splitlines())


def test_a_mistake_in_what_another_file_imports_is_said_once(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cabins.yaml").write_text(
        "ontology: cabins\nversion: 1.0.0\nimports: { core: ^1.0 }\nsites: { Cabin: { is: Sit } }\n"
    )
    (tmp_path / "cabin.yaml").write_text(
        "topology: cabin\nversion: 1.0.0\nuses: { cabins: ^1.0 }\nsite: { type: Cabin }\n"
    )
    monkeypatch.chdir(tmp_path)
    said = command("validate", "cabins.yaml", "cabin.yaml")
    assert said.code == 1
    assert said.out.startswith("cabins.yaml:4:23 type.unknown  no type is named 'Sit'\n    4 | sites: ")
    assert said.out.endswith("2 files checked: 1 error, 0 warnings\n")


def test_more_mistakes_than_anybody_reads_are_counted(command: Command, tmp_path: Path) -> None:
    worse = tmp_path / "worse.yaml"
    rooms = "".join(f"  r-{number}: {{ type: Rom }}\n" for number in range(230))
    worse.write_text(
        f"topology: w\nversion: 1.0.0\nuses: {{ connected-home: ^1.0 }}\nsite: {{ type: Residence }}\nspaces:\n{rooms}"
    )
    said = command("validate", worse)
    assert said.out.count("type.unknown  ") == 200
    assert said.out.endswith("\n… and 30 more, which --json lists\n\n1 file checked: 230 errors, 0 warnings\n")
    assert len(command("validate", worse, "--json").data["diagnostics"]) == 230
