from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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


def test_who_is_in_an_organisation_has_its_roles(twin: Command) -> None:
    assert "twin organisation add" in twin("organisation", "list").err
    assert twin("organisation", "add", "acme", "--name", "Acme Heating").out == "Made acme.\n"
    assert twin("organisation", "add", "acme").refusal == "organisation.exists"
    assert twin("grant", "add", "organisation:acme", "Owner", "flat").out == "Acme Heating is Owner of flat.\n"
    assert twin("organisation", "join", "acme", ANA, "--admin").out == "Ana is admin of acme.\n"
    assert twin("organisation", "list").out.split() == ["acme", "Acme", "Heating", "Ana", "(admin)"]
    assert twin("explain-access", ANA, "flat/kitchen").out.startswith("+ Ana: ")
    assert [row["who"] for row in twin("grant", "list", "--json").data] == ["Acme Heating"]
    assert twin("organisation", "leave", "acme", ANA).code == 0
    assert twin("explain-access", ANA, "flat/kitchen").out == ""
    assert twin("organisation", "leave", "acme", ANA).refusal == "member.unknown"
    assert twin("organisation", "remove", "acme").out == "Removed acme.\n"
    assert twin("organisation", "remove", "acme").refusal == "organisation.unknown"
    assert twin("grant", "list", "--json").data == []


def test_only_users_are_in_organisations(twin: Command) -> None:
    assert twin("client", "add", "app", "--scope", "twin:read", "--all-sites").code == 0
    assert twin("organisation", "add", "acme").code == 0
    assert twin("organisation", "join", "acme", "client:app").refusal == "member.kind"
    assert twin("grant", "add", "organisation:none", "Owner", "flat").refusal == "organisation.unknown"


def test_who_runs_the_twin_invites_and_takes_back(twin: Command) -> None:
    assert "twin user invite" in twin("user", "invitations").err
    said = twin("user", "invite", "ben@example.org", "Owner", "flat", "--until", "2999-01-01", "--json").data
    assert said["link"].startswith("http://127.0.0.1:8080/account/invitation?link=")
    (row,) = twin("user", "invitations", "--json").data
    assert (row["email"], row["role"], row["on"]) == ("ben@example.org", "Owner", "flat")
    assert said["link"].rpartition("=")[2] not in twin("user", "invitations").out
    assert twin("user", "uninvite", row["id"]).out == "ben@example.org is invited no more.\n"
    assert twin("user", "uninvite", row["id"]).refusal == "invitation.unknown"
    assert twin("organisation", "add", "acme").code == 0
    assert "no e-mail" in twin("user", "invite", "ben@example.org", "admin", "organisation:acme").err
    for words, code in (
        (("ben@example.org", "king", "organisation:acme"), "member.standing"),
        (("ben@example.org", "King", "flat"), "role.unknown"),
        (("ben", "Owner", "flat"), "user.email"),
        (("ben@example.org", "Owner", "flat", "--days", "100"), "invitation.days"),
        (("ben@example.org", "Owner", "flat", "--until", "2020-01-01"), "grant.over"),
    ):
        assert twin("user", "invite", *words).refusal == code


def test_a_user_who_is_removed_has_no_roles_left(twin: Command) -> None:
    assert twin("grant", "add", ANA, "Owner", "flat").code == 0
    assert twin("user", "remove", ANA).out == f"Removed {ANA}.\n"
    assert twin("grant", "list", "--json").data == []
