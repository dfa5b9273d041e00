from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.cli.conftest import Command


@pytest.fixture
def user(command: Command, data: Path) -> Command:
    return lambda *words: command("user", *words, "--data", data)


def test_the_first_one_gets_a_link_and_no_password(user: Command) -> None:
    assert "twin user add" in user("list").err
    said = user("add", "Ada@example.com", "--name", "Ada", "--url", "https://twin.example/")
    assert said.out.startswith("https://twin.example/account/password?link=")
    assert "works once" in said.err
    [row] = user("list", "--json").data
    assert (row["email"], row["name"], row["state"]) == ("ada@example.com", "Ada", "invited")
    assert said.out.strip().rpartition("=")[2] not in user("list").out


def test_who_has_lost_a_password_gets_another_link(user: Command) -> None:
    first = user("add", "ada@example.com", "--json").data["link"]
    second = user("link", "ada@example.com", "--json").data["link"]
    assert first != second
    assert second.startswith("http://127.0.0.1:8080/account/password?link=")


def test_users_are_kept_out_and_let_in(user: Command) -> None:
    user("add", "ada@example.com")
    assert user("disable", "ada@example.com", "--json").data["state"] == "disabled"
    assert user("enable", "ada@example.com", "--json").data["state"] == "invited"
    assert user("remove", "ada@example.com").out == "Removed ada@example.com.\n"
    assert user("list", "--json").data == []


def test_what_makes_no_user(user: Command) -> None:
    assert user("add", "ada").refusal == "user.email"
    user("add", "ada@example.com")
    assert user("add", "ADA@example.com").refusal == "user.exists"
    assert user("remove", "bob@example.com").refusal == "user.unknown"
