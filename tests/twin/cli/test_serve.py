from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.twin.cli.conftest import Command
from twin.engine.lease import Announcement, Lease


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--graphql", "type Query {"),
        ("--openapi", '"openapi": "3.'),
        ("--asyncapi", '"asyncapi": "3.'),
        ("--json-schema", '"$schema": "http://json-schema.org/draft-07/'),
    ],
)
def test_schemas_are_printed(command: Command, option: str, said: str) -> None:
    printed = command("schema", option)
    assert (printed.code, printed.err) == (0, "")
    assert said in printed.out


def test_a_schema_must_be_named(command: Command) -> None:
    said = command("schema")
    assert (said.code, said.refusal) == (1, "schema.unknown")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "99999"], "correct --port or TWIN_PORT"),
        (["--mqtt-port", "-1"], "correct --mqtt-port or TWIN_MQTT_PORT"),
    ],
)
@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_settings_that_cannot_be(command: Command, tmp_path: Path, verb: str, words: list[str], said: str) -> None:
    refused = command(verb, "--data", tmp_path / "data", *words)
    assert (refused.code, refused.refusal) == (1, "setting.invalid")
    assert said in refused.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("announced", "said"), [(0, "this twin is served there by process 7"), (1, "stop what listens")]
)
def test_a_port_that_is_taken_by_the_same_twin_is_told_from_others(
    command: Command, tmp_path: Path, announced: int, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        Lease(tmp_path).announce(Announcement(7, "http://a", port + announced, "", 1, "secret", "t"))
        refused = command("serve", "--data", tmp_path, "--port", port)
    assert (refused.code, refused.refusal) == (3, "port.taken")
    assert said in " ".join(refused.err.split())


def test_settings_come_from_the_environment(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_TOKEN_SECONDS", "soon")
    refused = command("serve", "--data", tmp_path / "data")
    assert (refused.code, refused.refusal) == (1, "setting.invalid")
    assert "TWIN_TOKEN_SECONDS" in refused.err
