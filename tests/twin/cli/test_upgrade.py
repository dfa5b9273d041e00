from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.twin.cli.conftest import Command, Said
from tests.upgrades import documents, settle

Upgrade = Callable[..., Said]
WANTED = ("--ontology", "abode@2")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    made = documents(tmp_path)
    settle(tmp_path / "home", made[0], 2)
    return made


@pytest.fixture
def upgrade(command: Command, tmp_path: Path, folders: tuple[Path, Path]) -> Upgrade:
    """`twin upgrade`, on a twin with two homes of the older version."""
    given = ("--data", tmp_path / "home", "--ontology-path", folders[1])
    return lambda *words: command("upgrade", *words, *given)


def test_a_dry_run_shows_a_table_and_changes_nothing(upgrade: Upgrade) -> None:
    said = upgrade(*WANTED, "--sites", "all", "--dry-run")
    assert (said.code, said.err) == (0, "")
    lines = re.sub("-2.0.0-[0-9a-f]{6}", "-2.0.0-ID", said.out).splitlines()
    assert lines == [
        "Upgrade abode-2.0.0-ID",
        "Breaking in abode 2.0.0:",
        "  abode/Chamber.use  added to 'properties' as required: entities without it are refused",
        "  abode/Counter.energy  unit changed from W.h to kW.h: values mean something else until they are converted",
        "  abode/Stove  type of device removed: entities of it, and what is written for it, are refused",
        "  abode/Warm.temp  removed from 'status': entities lose it, and what asks for it fails",
        "site    versions                entities     renamed   converted    defaults",
        "home-1  abode 1.4.0 -> 2.0.0           4           1           2           1",
        "home-2  abode 1.4.0 -> 2.0.0           4           1           2           1",
        "Plan: 2 sites to upgrade, 8 entities to change.",
    ]
    assert upgrade(*WANTED, "--sites", "all", "--dry-run", "--detailed-exitcode").code == 2
    assert upgrade("--list").out == "There was no upgrade yet.\n"


def test_sites_are_upgraded_listed_shown_and_rolled_back(upgrade: Upgrade) -> None:
    said = upgrade(*WANTED, "--sites", "home-1")
    assert said.code == 0
    assert re.fullmatch(r"(abode-2\.0\.0-[0-9a-f]{6}): 1 upgraded\.\n", said.out)
    upgrade_id = said.out.partition(":")[0]
    assert "~ home-1                   done      abode 1.4.0 -> 2.0.0  at " in said.err
    (listed,) = upgrade("--list", "--json").data
    assert (listed["id"], listed["kind"], listed["sites"]) == (upgrade_id, "ontology", {"done": 1})
    assert upgrade("--list").out.startswith(f"{upgrade_id} ")
    shown = upgrade("--show", upgrade_id, "--json").data
    assert [(site["site"], site["state"]) for site in shown["sites"]] == [("home-1", "done")]
    assert "UTC, by " in upgrade("--show", upgrade_id).out
    assert upgrade("--resume", upgrade_id).out == f"{upgrade_id}: nothing to do.\n"
    assert upgrade("--rollback", upgrade_id, "--sites", "home-*").out == f"{upgrade_id}: 1 returned.\n"
    again = upgrade(*WANTED, "--sites", "home-1,home-2", "--json")
    assert [site["state"] for site in again.data["sites"]] == ["done", "done"]


def test_what_no_step_covers_fails_a_dry_run_and_refuses_the_rest(upgrade: Upgrade, folders: tuple[Path, Path]) -> None:
    file = folders[1] / "abode.yaml"
    file.write_text(file.read_text().replace("    - { default: Chamber.use, value: living }\n", ""))
    said = upgrade("--ontology", file, "--sites", "all", "--dry-run")
    assert said.code == 1
    assert "declare { default: Chamber.use, value: … } (2 sites)" in said.out
    refused = upgrade("--ontology", file, "--sites", "all")
    assert refused.code == 1
    assert "upgrade.uncovered: " in refused.err


def test_a_topology_comes_to_its_sites(upgrade: Upgrade, folders: tuple[Path, Path]) -> None:
    assert upgrade(*WANTED, "--sites", "all").code == 0
    file = folders[1] / "cottage.yaml"
    file.write_text(file.read_text().replace("span: 12", "span: 15"))
    said = upgrade("--topology", file, "--sites", "all", "--dry-run")
    assert said.out.endswith("Plan: 2 sites to upgrade: 2 changed.\n")
    done = upgrade("--topology", file, "--sites", "all")
    assert (done.code, done.out.partition(": ")[2]) == (0, "2 upgraded.\n")
    upgrade_id = done.out.partition(":")[0]
    assert upgrade("--resume", upgrade_id).out.endswith("nothing to do.\n")
    back = upgrade("--rollback", upgrade_id, "--sites", "home-1")
    assert (back.code, back.out.partition(": ")[2]) == (1, "1 failed.\n")
    assert "no record has the text of cottage 1.0.0" in back.err


def test_a_document_that_is_wrong_is_shown_with_its_line(upgrade: Upgrade, folders: tuple[Path, Path]) -> None:
    file = folders[1] / "abode.yaml"
    file.write_text(file.read_text().replace("{ rename: Stove, to: Heater }", "{ rename: Stove, to: Heter }"))
    said = upgrade(*WANTED, "--sites", "all")
    assert said.code == 1
    assert "type.unknown  no type is named 'Heter'" in said.err
    assert "^^^^^" in said.err


@pytest.mark.parametrize(
    "words",
    [(), WANTED, ("--list", "--show", "x"), ("--rollback", "x"), ("--sites", "all"), (*WANTED, "--topology", "x")],
)
def test_what_is_to_be_done_has_to_be_said(upgrade: Upgrade, words: tuple[str, ...]) -> None:
    said = upgrade(*words)
    assert (said.code, said.refusal) == (1, "upgrade.unclear")


def test_a_twin_that_is_not_there_is_not_made(command: Command, tmp_path: Path) -> None:
    said = command("upgrade", "--list", "--data", tmp_path / "none")
    assert (said.code, said.refusal) == (1, "data.unknown")
