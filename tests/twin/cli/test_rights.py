from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twin import Twin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.twin.cli.conftest import Command, Said

ANA = "ana@example.org"


@pytest.fixture
def twin(command: Command, data: Path) -> Command:
    def run(*words: str) -> Said:
        return command(*words, "--data", data)

    assert run("user", "add", ANA, "--name", "Ana").code == 0
    return run


def test_a_role_is_given_listed_explained_and_taken(twin: Command, data: Path) -> None:
    given = twin("grant", "add", ANA, "Owner", "flat", "--until", "2999-01-01")
    assert given.out == "Ana is Owner of flat until 2999-01-01T00:00:00Z.\n"
    (row,) = twin("grant", "list", "--json").data
    assert row == {"who": "Ana", "role": "connected-home/Owner", "on": "flat", "until": "2999-01-01T00:00:00Z"}
    assert twin("grant", "list", "flat/kitchen").out == ""
    assert "connected-home/Owner" in twin("grant", "list", "--who", ANA).out
    why = twin("explain-access", ANA, "flat/kitchen").out
    assert why.startswith("+ Ana: Owner of flat (until 2999-01-01T00:00:00Z) > flat/kitchen: read, read-private, ")
    assert twin("grant", "remove", ANA, "Owner", "flat").out == "Ana is Owner of flat no more.\n"
    nothing = twin("explain-access", ANA, "flat/kitchen")
    assert nothing.out == ""
    assert nothing.err.startswith("Ana may not see flat/kitchen.\nTo give read, command: Guest on flat/kitchen, say.\n")
    with Twin(data) as opened:
        summaries = [change.changeset.summary for change in opened.store.changes(0)][-2:]
    (ana,) = twin("user", "list", "--json").data
    assert summaries == [
        f"give user:{ana['id']} the role Owner on flat",
        f"take from user:{ana['id']} the role Owner on flat",
    ]


def test_a_role_stops_where_it_is_not_had(twin: Command) -> None:
    refused = twin("grant", "add", ANA, "Tenant", "flat")
    assert refused.refusal == "role.misplaced"
    assert "Tenant is had on: Dwelling, Flat" in refused.err
    assert twin("grant", "add", ANA, "King", "flat").refusal == "role.unknown"
    assert twin("grant", "add", ANA, "Owner", "nowhere").refusal == "entity.unknown"
    assert twin("grant", "add", "ben@example.org", "Owner", "flat").refusal == "user.unknown"
    assert twin("grant", "add", "client:none", "Owner", "flat").refusal == "client.unknown"
    assert twin("grant", "add", ANA, "Owner", "flat", "--until", "2020-01-01").refusal == "grant.over"
    assert twin("grant", "remove", ANA, "Owner", "flat").refusal == "grant.unknown"
    assert "twin grant add" in twin("grant", "list").err


def test_a_fleet_passes_a_role_on(twin: Command) -> None:
    assert twin("fleet", "add", "north", "flat").out == "flat\n"
    assert twin("fleet", "list", "--json").data == [{"fleet": "north", "manages": ["flat"]}]
    assert twin("grant", "add", ANA, "Installer", "fleet:north").code == 0
    why = twin("explain-access", ANA, "flat/kitchen").out
    assert why == "+ Ana: Installer of fleet:north > flat > flat/kitchen: read, configure, command\n"
    assert twin("fleet", "remove", "north", "flat").code == 0
    assert twin("explain-access", ANA, "flat/kitchen").out == ""
    assert twin("fleet", "remove", "north").out == "Removed north.\n"
    assert twin("grant", "add", ANA, "Installer", "fleet:north").refusal == "fleet.unknown"
    assert "twin fleet add" in twin("fleet", "list").err


def test_a_client_has_what_it_was_registered_for_and_its_roles(twin: Command) -> None:
    assert twin("client", "add", "app", "--scope", "twin:read", "--site", "flat").code == 0
    assert twin("grant", "add", "client:app", "Guest", "flat/kitchen").code == 0
    said = twin("explain-access", "client:app", "flat/kitchen", "--json").data
    (registered, role) = said["ways"]
    assert said["removals"]["configure"] == [{"role": "its registration", "given_on": "flat", "party": ""}]
    assert len(said["removals"]["read"]) == 2
    assert registered["role"] == "its registration"
    assert (role["role"], role["permissions"]) == ("connected-home/Guest", ["read", "command"])
    assert "connected-home/Guest" in twin("grant", "list", "flat/kitchen").out
    assert twin("client", "remove", "app").code == 0
    assert twin("grant", "list", "flat/kitchen").out == ""
