from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.cli.conftest import Command

READ = ["--scope", "twin:read"]


@pytest.fixture
def client(command: Command, data: Path) -> Command:
    return lambda *words: command("client", *words, "--data", data)


def test_a_secret_is_shown_once(client: Command) -> None:
    added = client("add", "app", *READ, "--scope", "telemetry:write", "--site", "flat", "--json").data
    listed = client("list", "--json")
    assert listed.data == [
        {"name": "app", "client_id": added["client_id"], "scope": "telemetry:write twin:read", "sites": ["flat"]}
    ]
    assert added["client_secret"] not in listed.out + client("list").out
    rotated = client("rotate", "app", "--json").data
    assert rotated["client_id"] == added["client_id"]
    assert rotated["client_secret"] != added["client_secret"]


def test_for_people(client: Command) -> None:
    added = client("add", "app", "--scope", "twin:read,twin:write", "--all-sites")
    assert [line.split()[0] for line in added.out.splitlines()] == ["client_id", "client_secret"]
    assert "shown this once" in added.err
    (line,) = client("list").out.splitlines()
    assert line.split() == ["app", added.out.split()[1], "twin:read", "twin:write", "*"]
    assert client("remove", "app").out == "Removed app.\n"
    assert "twin client add" in client("list").err


def test_by_id_as_well_as_by_name(client: Command) -> None:
    added = client("add", "app", *READ, "--all-sites", "--json").data
    assert client("rotate", added["client_id"]).code == 0
    assert client("remove", added["client_id"], "--json").data == {"client_id": added["client_id"], "name": "app"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([*READ], "client.sites", "--all-sites"),
        ([*READ, "--site", "flat", "--all-sites"], "client.sites", "--all-sites"),
        ([*READ, "--site", "attic"], "site.unknown", "sites: flat"),
        ([*READ, "--site", "flat/kitchen"], "site.unknown", "sites: flat"),
        (["--scope", "twin:everything", "--all-sites"], "scope.unknown", "twin:read, twin:read-private, twin:write"),
    ],
)
def test_what_makes_no_client(client: Command, words: list[str], code: str, said: str) -> None:
    refused = client("add", "app", *words)
    assert (refused.code, refused.refusal) == (1, code)
    assert said in refused.err
    assert client("list").out == ""


def test_names_that_are_taken_or_unknown(client: Command) -> None:
    assert client("add", "app", *READ, "--all-sites").code == 0
    assert client("add", "app", *READ, "--all-sites").refusal == "client.exists"
    assert client("rotate", "other").refusal == "client.unknown"
    assert client("remove", "other").refusal == "client.unknown"
