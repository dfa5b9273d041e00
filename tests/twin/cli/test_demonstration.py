from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.twin.cli.conftest import Command
from twin.access.clients import Clients
from twin.cli.demonstration import APP, GATEWAY, Demonstration
from twin.cli.output import Output
from twin.errors import Unauthenticated
from twin.records import Records
from twin.settings import Settings


def prepare(data: Path) -> dict[str, str]:
    """Prepare a demo; the secrets that it keeps."""
    show = Demonstration(Settings(data=data), Output(json=True), simulate=False)
    show.prepare()
    asyncio.run(show.end())
    kept: dict[str, str] = json.loads((data / "demo.json").read_text())
    return kept


def let_in(data: Path, kept: dict[str, str]) -> None:
    records = Records(data / "records.sqlite")
    try:
        for name in (APP, GATEWAY):
            Clients(records).authenticate(kept[f"{name}-id"], kept[name])
    finally:
        records.close()


def test_its_clients_stay_and_their_secrets_are_its_own(tmp_path: Path) -> None:
    first = prepare(tmp_path)
    let_in(tmp_path, first)
    assert prepare(tmp_path) == first
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("end", ["rotate", "remove"])
def test_clients_that_were_ended_are_made_anew(command: Command, tmp_path: Path, end: str) -> None:
    first = prepare(tmp_path)
    for name in (APP, GATEWAY):
        assert command("client", end, name, "--data", tmp_path).code == 0
    with pytest.raises(Unauthenticated):
        let_in(tmp_path, first)
    let_in(tmp_path, prepare(tmp_path))


def test_a_building_that_somebody_changed_is_not_cut_down(command: Command, tmp_path: Path) -> None:
    prepare(tmp_path)
    topology = tmp_path / "flat.yaml"
    topology.write_text(
        "topology: flat\nversion: 2.0.0\nuses: { connected-home: ^1.0 }\nsite: { type: Residence }\n"
        "spaces: { cellar: { type: Room } }\n"
    )
    assert command("apply", topology, "--data", tmp_path, "--allow-delete").code == 0
    prepare(tmp_path)
    assert command("show", "flat/cellar", "--data", tmp_path).code == 0
