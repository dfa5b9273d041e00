from __future__ import annotations

import stat
from pathlib import Path

from tests.twin.cli.conftest import FLAT, Command

UNTIDY = "topology:   x\nversion: 1 # first\n"
TIDY = "topology: x\nversion: 1 # first\n"


def test_fmt_lays_files_out_and_says_which(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(UNTIDY)
    file.chmod(0o640)
    said = command("fmt", file, FLAT)
    assert (said.code, said.out) == (0, f"changed: {file}\n2 files, 1 changed\n")
    assert file.read_text() == TIDY
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert command("fmt", file, "--json").data == {"files": 1, "changed": []}
    assert list(tmp_path.iterdir()) == [file]


def test_fmt_check_changes_nothing(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(UNTIDY)
    said = command("fmt", "--check", file)
    assert (said.code, said.out) == (1, f"would change: {file}\n1 file, 1 would change\n")
    assert file.read_text() == UNTIDY


def test_fmt_leaves_what_it_cannot_read_as_it_is(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: [1\n")
    said = command("fmt", file)
    assert said.code == 1
    assert "yaml.syntax" in said.out + said.err
    assert file.read_text() == "a: [1\n"
