from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.twin.cli.conftest import FLAT, Command
from twin.cli.app import app


def test_help_fits_on_a_screen(command: Command) -> None:
    said = command("--help")
    assert said.code == 0
    lines = said.out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    names = ["validate", "diff", "plan", "apply", "show", "replay", "simulate", "deadletter", "client", "serve", "demo"]
    for name in names:
        assert any(line.startswith(f"  {name} ") for line in lines), name


def test_every_command_has_help(command: Command) -> None:
    names = [each.name or each.callback.__name__ for each in app.registered_commands if each.callback]
    for name in [*names, "client", "deadletter"]:
        said = command(name, "--help")
        assert (said.code, said.err) == (0, "")
        assert len(said.out.splitlines()) <= 40, name


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["validate"],
        ["diff", str(FLAT)],
        ["plan", "--detailed-exitcode"],
        ["plan", "--nonsense", str(FLAT)],
        ["client"],
        ["client", "add", "app"],
        ["deadletter", "show", "one"],
        ["simulate", "flat", "--every", "0"],
        ["replay", "somewhere"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64(command: Command, words: list[str]) -> None:
    said = command(*words)
    assert said.code == 64
    assert "Usage: " in said.out + said.err


def test_it_is_a_module_too() -> None:
    result = subprocess.run([sys.executable, "-m", "twin", "-h"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert "validate" in result.stdout


def test_an_error_is_one_json_document_where_json_is_asked_for(command: Command, tmp_path: Path) -> None:
    said = command("show", "flat/attic", "--data", tmp_path, "--json")
    assert (said.code, said.err) == (1, "")
    assert said.data["error"]["code"] == "entity.unknown"
    assert said.data["error"]["help"]


def test_a_backend_that_fails_is_3(command: Command) -> None:
    said = command("apply", FLAT, "--data", "/dev/null/data")
    assert (said.code, said.refusal) == (3, "data.unwritable")
