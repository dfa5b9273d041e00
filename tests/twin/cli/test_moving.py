from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.twin.cli.conftest import FLAT, Command
from twin import Twin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with Twin(tmp_path / "data") as twin:
        twin.apply(twin.plan(FLAT))
    return tmp_path / "data"


def test_a_twin_goes_into_a_file_and_out_again(command: Command, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.twin"
    said = command("backup", str(file), "--data", data)
    assert said.code == 0
    assert said.out.startswith(f"{file}: 35 entities, 66 relations, 0 readings and 1 changes, up to sequence 1, ")
    assert "keep it where only you can read it" in said.err
    assert command("backup", str(file), "--data", data).refusal == "backup.exists"
    assert command("backup", str(file), "--check").out.startswith(f"{file} is whole: 35 entities")
    said = command("restore", str(file), "--data", tmp_path / "new")
    assert said.code == 0
    assert f"Serve it: twin serve --data {tmp_path / 'new'}" in said.out
    assert command("restore", str(file), "--data", tmp_path / "new").refusal == "data.occupied"
    again = command("restore", str(file), "--data", tmp_path / "new", "--replace", "--json")
    assert again.data["manifest"]["counts"]["entities"] == 35
    assert again.data["aside"].startswith(str(tmp_path / "new" / "replaced-"))
    with Twin(tmp_path / "new") as twin:
        assert twin.mirror.timeline == again.data["timeline"]
        assert len(twin.mirror) == 35


def test_a_file_that_is_no_backup_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no")
    assert command("restore", str(tmp_path / "x"), "--data", tmp_path / "new").refusal == "backup.damaged"
    assert command("backup", str(tmp_path / "y"), "--check").refusal == "file.unreadable"


def test_a_graph_goes_to_another_place(command: Command, data: Path, tmp_path: Path) -> None:
    urls = [f"sqlite:///{data}/twin.sqlite", f"sqlite:///{tmp_path}/to.sqlite"]
    said = command("copy", *urls, "--data", data)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "Copied 35 entities, 66 relations, 0 readings and 1 changes, up to sequence 1; both are alike.",
        f"Serve it from there: twin serve --data {data} --graph {urls[1]}",
    ]
    assert command("copy", *urls, "--data", data).refusal == "store.occupied"
    assert command("copy", f"sqlite:///{tmp_path}/none", urls[1], "--data", data).refusal == "data.unknown"
