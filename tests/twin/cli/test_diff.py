from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import ROOT
from tests.twin.cli.conftest import FLAT, Command

HOME = ROOT / "ontologies" / "connected-home.yaml"


def edited(file: Path, folder: Path, *pairs: tuple[str, str]) -> Path:
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    folder.mkdir(exist_ok=True)
    other = folder / file.name
    other.write_text(text, encoding="utf-8")
    return other


@pytest.mark.parametrize("file", [FLAT, HOME], ids=lambda file: file.stem)
def test_a_document_does_not_differ_from_itself(command: Command, file: Path) -> None:
    said = command("diff", file, file)
    assert (said.code, said.err) == (0, "")
    version = "1.1.0" if file == HOME else "1.0.0"
    assert said.out == f"{file.stem} {version} -> {version}: no differences. The version is right.\n"


def test_what_breaks_needs_another_major_version(command: Command, tmp_path: Path) -> None:
    narrowed = ("range: -60..60", "range: -50..50")
    low = edited(HOME, tmp_path / "low", narrowed, ("version: 1.1.0", "version: 1.4.0"))
    said = command("diff", HOME, low)
    assert (said.code, said.err) == (1, "")
    subject, change = "connected-home/Residence.outdoor_temperature", "range narrowed from -60..60 to -50..50"
    assert said.out.splitlines() == [
        f"- breaking    {subject}  {change}: values that were allowed are refused",
        "",
        "connected-home 1.1.0 -> 1.4.0: 1 breaking, 0 compatible. The version is too low: it must be 2.0.0 at least.",
    ]
    high = edited(HOME, tmp_path / "high", narrowed, ("version: 1.1.0", "version: 2.0.0"))
    said = command("diff", HOME, high)
    assert said.code == 0
    assert said.out.endswith("The version is right.\n")


def test_a_topology_is_compared_by_its_paths(command: Command, tmp_path: Path) -> None:
    other = edited(FLAT, tmp_path, ("type: Kitchen", "type: Bathroom"))
    said = command("diff", FLAT, other)
    assert said.code == 1
    assert said.out.startswith("- breaking    kitchen  type changed from Kitchen to Bathroom: ")


def test_a_comparison_as_data(command: Command, tmp_path: Path) -> None:
    other = edited(HOME, tmp_path, ("[peak, off-peak]", "[peak, off-peak, night]"))
    said = command("diff", HOME, other, "--json")
    assert said.code == 1
    (found,) = said.data["differences"]
    assert {key: said.data[key] for key in ("kind", "name", "needs", "least", "right")} == {
        "kind": "ontology",
        "name": "connected-home",
        "needs": "minor",
        "least": "1.2.0",
        "right": False,
    }
    assert (found["subject"], found["breaking"]) == ("connected-home/Tariff", False)
    assert (found["file"], found["line"]) == (str(other), 10)


def test_two_documents_that_are_not_versions_of_one_are_refused(command: Command, tmp_path: Path) -> None:
    series = ROOT / "examples" / "flat-series.yaml"
    for other in (
        HOME,
        HOME.parent / "core.yaml",
        edited(FLAT, tmp_path, ("topology: flat", "topology: house")),
        series,
    ):
        said = command("diff", FLAT if other != HOME.parent / "core.yaml" else HOME, other)
        assert (said.code, said.refusal) == (1, "document.unlike")


def test_a_document_that_is_wrong_is_shown_as_it_is(command: Command, tmp_path: Path) -> None:
    wrong = edited(FLAT, tmp_path, ("type: Kitchen", "type: Kitchn"))
    said = command("diff", FLAT, wrong)
    assert (said.code, said.out) == (1, "")
    assert "type.unknown" in said.err
    assert "^^^^" in said.err
    assert command("diff", FLAT, wrong, "--json").data["error"]["code"] == "document.invalid"
    assert command("diff", FLAT, tmp_path / "absent.yaml").refusal == "file.unreadable"


def test_what_each_imports_is_looked_up_beside_it_and_on_the_path(command: Command, tmp_path: Path) -> None:
    text = "ontology: cabins\nversion: 1.0.0\nimports: { ours: ^1.0 }\nsites:\n  Cabin: { is: Plot }\n"
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cabins.yaml").write_text(text)
    (tmp_path / "path").mkdir()
    ours = "ontology: ours\nversion: 1.0.0\nimports: { core: ^1.0 }\nsites:\n  Plot: { is: Site }\n"
    (tmp_path / "path" / "ours.yaml").write_text(ours)
    files = [tmp_path / folder / "cabins.yaml" for folder in ("old", "new")]
    assert command("diff", *files).code == 1
    assert command("diff", *files, "--ontology-path", tmp_path / "path").code == 0
