from __future__ import annotations

import json
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
        (["--scope", "twin:everything", "--all-sites"], "scope.unknown", "twin:read, twin:read-private, twin:conf"),
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


BACK = ["--redirect-uri", "https://app.example/back"]


def test_an_app_that_acts_for_users_is_bound_to_no_sites(client: Command) -> None:
    added = client("add", "web", *READ, "--scope", "openid", *BACK, "--json").data
    assert added.keys() == {"name", "client_id", "client_secret"}
    [row] = client("list", "--json").data
    assert (row["scope"], row["sites"]) == ("openid twin:read", None)


def test_what_keeps_no_secret_is_given_none(client: Command, tmp_path: Path) -> None:
    key = {"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [{**key, "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}))
    public = client("add", "phone", *READ, *BACK, "--public")
    box = client("add", "box", *READ, "--device", "--public", "--json").data
    keyed = client("add", "gateway", *READ, "--all-sites", "--keys", file, "--json").data
    assert len(public.out.splitlines()) == 1
    assert box.keys() == keyed.keys() == {"name", "client_id"}
    assert client("rotate", "phone").refusal == "client.secretless"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--redirect-uri", "http://app.example/back"], "client.redirect"),
        (["--redirect-uri", "com.example:/back"], "client.redirect"),
        (["--public"], "client.public"),
        (["--public", "--device", "--keys", "x"], "client.public"),
        (["--all-sites", "--keys", "nowhere.json"], "client.keys"),
    ],
    ids=str,
)
def test_what_makes_no_app(client: Command, words: list[str], code: str) -> None:
    assert client("add", "app", *READ, *words).refusal == code
    assert client("list", "--json").data == []


def test_programs_are_invited_to_register_themselves(client: Command) -> None:
    said = client("invite", *READ, "--uses", "2", "--json").data
    assert (said["uses"], said["days"], len(said["initial_access_token"])) == (2, 7, 43)
    assert client("invite", "--scope", "everything").refusal == "scope.unknown"
